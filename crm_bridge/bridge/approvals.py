"""Approvals and the team of a state directory: sign plans of others, see what is missing, name who may approve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crm_bridge.credentials.keys import GivenKeys
from crm_bridge.domain.planning.approval import ApprovalRule, Member
from crm_bridge.errors import ConfirmationError, UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.keys import make_key, read_key
from crm_bridge.pipeline.planning.approving import (
    JudgedApproval,
    approve_plan,
    collect_approvals,
    judged,
    missing,
)
from crm_bridge.pipeline.planning.plan_sharing import PlanOutline
from crm_bridge.pipeline.planning.team import change_team, public_key, read_team
from crm_bridge.vault.crypto.keys import MasterKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from crm_bridge.bridge.plan_result import Plan
    from crm_bridge.bridge.run_verbs import Confirm
    from crm_bridge.bridge.state_directory import StateDirectory

KEY = "approval-sign"
"""Item of the keyring that signs approvals."""


class Approvals:
    """What a state directory knows about approvals; nothing here signs in."""

    def __init__(self, directory: StateDirectory) -> None:
        """Belong to a state directory; use `Bridge.approvals`."""
        self._directory = directory

    def key(self) -> str:
        """Return the public key that approves from here, 64 hex digits; empty where there is none."""
        seed = read_key(self._directory.env.keys, KEY)
        return _public(_private(seed)) if seed else ""

    def make_key(self) -> str:
        """Return the same, and make it where there is none."""
        return _public(self._own_key())

    def public_keys(self) -> tuple[str, str]:
        """Return the key that approves and the age key that reads, for a plan's author; made where missing."""
        directory = self._directory
        if not any((directory.home / "journal").glob("*.sqlite*")):  # nothing was ever done here
            directory.make_keys()
        return self.make_key(), str(MasterKey(directory.env.keys).load_or_create().to_public())

    def _own_key(self) -> Ed25519PrivateKey:
        env = self._directory.env
        store = env.writable_keys() if isinstance(env.keys, GivenKeys) else env.keys
        return _private(read_key(env.keys, KEY) or make_key(store, KEY, env.randomness))

    def approve(
        self,
        path: Path | str,
        *,
        confirm: Confirm,
        hours: float | None = None,
        ssh_key: Ed25519PrivateKey | None = None,
        output: Path | None = None,
    ) -> Path:
        """Sign a plan that somebody else made, with the key of this installation or an SSH key; return the file.

        `confirm` is the plan's digest, or something that shows the plan and returns its digest or approval phrase.
        Only what can be read can be approved. Raises ConfirmationError, CredentialStoreError.
        """
        plan = self._directory.read_plan(path)
        if isinstance(plan, PlanOutline):
            raise ConfirmationError(
                _("this plan cannot be read here, and what cannot be read cannot be approved"),
                reason="plan_unreadable",
                hint=_("send its author the age1... of `crm-bridge keys show`, for `crm-bridge plan share`"),
            )
        now = self._directory.env.clock.now()
        if now >= plan.head.expires_at:
            when = plan.head.expires_at.isoformat(timespec="minutes")
            raise ConfirmationError(_("the plan expired at {time}").format(time=when), reason="plan_expired")
        if ssh_key is None and plan.file.ours:
            raise ConfirmationError(
                _("this plan was made here, and nobody approves a plan of their own"),
                reason="own_plan",
                hint=_("send it to a colleague: `crm-bridge plan share`, then `crm-bridge approve` there"),
            )
        word = confirm(plan) if callable(confirm) else confirm
        if " ".join(word.split()).lower() not in (plan.digest, approval_phrase(plan).lower()):
            raise ConfirmationError(
                _("that does not approve this plan ({digest})").format(digest=plan.digest[:12]),
                reason="wrong_confirmation",
                hint=_("give its whole digest, or the phrase shown"),
            )
        target = output or plan.path
        approve_plan(plan.file, ssh_key or self._own_key(), now=now, hours=hours, output=target)
        return target

    def of(self, plan: Plan) -> tuple[list[JudgedApproval], list[ApprovalRule]]:
        """Return the approvals behind a plan with what is wrong with each, and the rules that are not fulfilled.

        Whose keys they are is known only where the plan was made.
        """
        ours, env = plan.file.ours, self._directory.env
        team = self.team() if ours else None
        found = [*judged(plan.file, team, now=env.clock.now(), own_key=self.key() if ours else "")]
        return found, missing(plan.notes.approvals, found) if ours else []

    def collect(self, plan: Plan, copies: Sequence[Path | str]) -> int:
        """Add the approvals that stand in copies of a plan to it; return how many were new."""
        read = [self._directory.open_plan(one).file for one in copies]
        return collect_approvals(plan.file, read, plan.path)

    def team(self) -> Mapping[str, Member]:
        """Return the members by name. Raises ConfirmationError where the team file was edited."""
        return read_team(self._directory.home, self._directory.journal)

    def add_member(self, name: str, key: str, *, reader: str = "", user: str = "") -> Member:
        """Let somebody approve: their public key as SSH writes it, journaled. Raises UsageError."""
        team = dict(self.team())
        member = Member(name, public_key(key), reader, user)
        if not name.strip() or any(one.key == member.key for one in team.values() if one.name != name):
            raise UsageError(
                _("this key belongs to another name of the team already, or the name is empty"), reason="key_taken"
            )
        self._change({**team, name: member}, what="add")
        return member

    def remove_member(self, name: str) -> None:
        """Let somebody approve no more, journaled. Raises UsageError."""
        team = dict(self.team())
        if team.pop(name, None) is None:
            raise UsageError(_("there is nobody called {name} in the team").format(name=name), reason="no_member")
        self._change(team, what="remove")

    def readers(self, names: Sequence[str]) -> list[str]:
        """Return the age keys of members, and of readers who are named by their key."""
        team = self.team()
        return [team[name].reader if name in team else name for name in names]

    def _change(self, team: Mapping[str, Member], *, what: str) -> None:
        change_team(self._directory.home, self._directory.journal, team, what=what)


def approval_phrase(plan: Plan) -> str:
    """Return the words that approve exactly this plan when typed."""
    return f"APPROVE {plan.count} {plan.head.connection} {plan.digest[:6]}"


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def _private(seed: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)
