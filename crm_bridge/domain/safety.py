"""The rules a run obeys, as one value: how much, how long, how often, how careful."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from crm_bridge.errors import GuardError
from crm_bridge.i18n import N_, _

MAX_CONTRACTS = 500


@dataclass(frozen=True, slots=True)
class SafetyPolicy:
    """The defaults of the product; seconds are named. Everything a rule needs is here, nothing is read elsewhere."""

    max_contracts: int = MAX_CONTRACTS
    """Contracts of one plan; a plan of more is made, shown, and not carried out."""
    plan_valid: timedelta = timedelta(hours=24)
    canary: int = 5
    """Contracts that are deleted and verified before the rest."""
    max_attempts: int = 2
    """Sends per contract and step: the first one, and one more once the first is proven not done."""
    settle_seconds: float = 60.0
    """Wait after a lost answer before the first look: the larger of 30 s and twice the read timeout."""
    second_look_seconds: float = 10.0
    copy_seconds: float = 30.0
    """Age of the last attempt to make a contract anew before its copy is looked for by a query."""
    max_in_doubt_share: float = 0.01
    allowed_skew: timedelta = timedelta(minutes=5)
    """How far the CRM's clock may be off when a deletion is attributed by time."""
    max_attachment_bytes: int = 100 * 1024 * 1024
    best_effort: bool = False
    """Save what can be saved of a contract and name the rest, where it only goes to the bin or the rest is files."""
    gate_window_seconds: float = 5.0
    """How old the last look may be when a request leaves; the real age is journaled."""


LOOPBACK_POLICY = SafetyPolicy(settle_seconds=0.5, second_look_seconds=0.1, copy_seconds=0.1)
"""For connections to this machine: an emulator is done when its answer is lost, nobody has to wait a minute."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One safety rule that a plan breaks: how much the plan has of what the rule counts, and how much it allows."""

    rule: str
    count: int
    limit: int

    def text(self) -> str:
        """Return the reason in the reader's language."""
        return _(_TEXTS[self.rule]).format(count=self.count, limit=self.limit)

    def hint(self) -> str:
        """Return what to do about it."""
        return _(_HINTS[self.rule]).format(count=self.count, limit=self.limit)


_TEXTS = {"max_contracts": N_("{count} contracts are planned, and a plan may have {limit}")}
_HINTS = {
    "max_contracts": N_(
        "narrow the selection; if it is meant, plan again with --max-contracts {count}, or raise max_contracts in "
        "config.toml"
    )
}


def refusals(policy: SafetyPolicy, *, contracts: int) -> tuple[Refusal, ...]:
    """Return every rule of the policy that a plan breaks: all of them, not only the first."""
    found = []
    if contracts > policy.max_contracts:
        found.append(Refusal("max_contracts", contracts, policy.max_contracts))
    return tuple(found)


def refuse(reasons: Sequence[Refusal]) -> None:
    """Raise GuardError when a plan breaks any rule."""
    if reasons:
        raise GuardError(
            "; ".join(reason.text() for reason in reasons),
            reason=reasons[0].rule,
            hint=reasons[0].hint(),
        )
