"""`approve`, `approvals`, `team`: the second person of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, format_option, formats, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_plan
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import key
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from crm_bridge.bridge import Plan

_FILE = click.argument("file", type=click.Path(path_type=Path), shell_complete=complete_plan)


@command("approve")
@_FILE
@click.option("--confirm", "digest", default=None, help="Digest of the plan that you saw.")
@click.option("--ssh-key", type=click.Path(path_type=Path), default=None, help="Sign with this SSH key (Ed25519).")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=None, help="How long it holds.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="File to write (default: FILE).")
def approve(file: Path, digest: str | None, ssh_key: Path | None, hours: float | None, output: Path | None) -> int:
    """Approve the plan in FILE, which a colleague made; nothing is sent."""
    with open_bridge() as bridge:
        key = _ssh_key(ssh_key) if ssh_key else None
        path = bridge.approvals.approve(file, confirm=digest or _ask, hours=hours, ssh_key=key, output=output)
    Output.note(_("approved: send {path} back").format(path=path))
    return ExitCode.OK


def _ask(plan: Plan) -> str:
    """Show the plan's card and return what was typed. Without a terminal the answer is no."""
    from crm_bridge.bridge.approvals import approval_phrase
    from crm_bridge.cli.confirming import typed
    from crm_bridge.cli.views.plan_view import plan_card

    plan_card(plan)
    return typed(approval_phrase(plan), plan.digest)


def _ssh_key(path: Path) -> Ed25519PrivateKey:
    """Return the key, asking for its passphrase where it has one."""
    from crm_bridge.cli.asking import ask_without_echo
    from crm_bridge.errors import CredentialStoreError
    from crm_bridge.pipeline.planning.team import private_key

    try:
        return private_key(path, "")
    except CredentialStoreError as closed:
        if closed.reason != "ssh_key_closed":
            raise
        return private_key(path, ask_without_echo(_("passphrase of {path}").format(path=path)))


@group("approvals", help="Show and collect the approvals of a plan.")
def approvals() -> None:
    """Show and collect the approvals of a plan."""


@command("list")
@_FILE
@format_option
def list_(file: Path, form: str) -> int:
    """List the approvals of the plan in FILE. Ends with 5 while one is missing: a check for CI."""
    from crm_bridge.errors import ConfirmationError
    from crm_bridge.pipeline.planning.approving import facts_of
    from crm_bridge.pipeline.planning.plan_sharing import PlanOutline

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        plan = bridge.read_plan(file)
        if isinstance(plan, PlanOutline):
            raise ConfirmationError(_("this plan cannot be read here"), reason="plan_unreadable")
        found, missing = bridge.approvals.of(plan)
    if out.as_json:
        facts = {"digest": plan.digest, "count": plan.count, "approvals": facts_of(found)}
        out.document("crm-bridge.approvals/1", {**facts, "missing": [rule.text() for rule in missing]})
        return ExitCode.CONFIRMATION if missing else ExitCode.OK
    if form == "md":
        out.text(f"## {plan.phrase}\n")
        told = _("missing: {rule}") if missing else _("nothing is missing")
        out.text("; ".join(told.format(rule=rule.text()) for rule in missing) or told)
        out.text("")
    columns = (_("name"), key(_("key")), key(_("approved")), key(_("until")), _("why it does not count"))
    out.table(columns, ((one.name, one.key, one.at, one.expires, one.problem) for one in found), form=form)
    if form == "table":
        for rule in missing:
            out.note(_("missing: {rule}").format(rule=rule.text()))
    return ExitCode.CONFIRMATION if missing else ExitCode.OK


@command("add")
@_FILE
@click.argument("copies", nargs=-1, required=True, type=click.Path(path_type=Path))
def add(file: Path, copies: tuple[Path, ...]) -> int:
    """Add the approvals in COPIES of the plan in FILE to it."""
    with open_bridge() as bridge:
        count = bridge.approvals.collect(bridge.open_plan(file), copies)
    Output.note(_("{count} approvals were added").format(count=count))
    return ExitCode.OK


@command("key")
@formats("table", "json")
def key_(form: str) -> int:  # noqa: ARG001 - the option sets how results are written
    """Show the public keys that the author of a plan needs of you; the first call makes what is missing."""
    from crm_bridge.pipeline.planning.team import fingerprint, ssh_line

    out = Output(as_json=shared().as_json)
    with open_bridge(create=True) as bridge:
        public, reader = bridge.approvals.public_keys()
    if out.as_json:
        facts = {"key": ssh_line(public), "fingerprint": fingerprint(public), "reader": reader}
        out.document("crm-bridge.approval-key/1", facts)
    else:
        out.pairs([(_("approves"), ssh_line(public)), (_("reads"), reader), (_("fingerprint"), fingerprint(public))])
    return ExitCode.OK


@group("team", help="Name who may approve plans; every change is journaled.")
def team() -> None:
    """Name who may approve plans; every change is journaled."""


@command("list")
@format_option
def members(form: str) -> int:
    """List who may approve plans that are made here."""
    from crm_bridge.pipeline.planning.team import fingerprint

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        found = sorted(bridge.approvals.team().items())
    if out.as_json:
        out.document("crm-bridge.team/1", {"members": [one.as_json() for _name, one in found]})
        return ExitCode.OK
    rows = ((name, fingerprint(one.key), one.reader, one.user) for name, one in found)
    out.table((_("name"), key(_("key")), key(_("reads")), _("user on this machine")), rows, form=form)
    return ExitCode.OK


@command("add")
@click.argument("name")
@click.argument("public", metavar="KEY")
@click.option("--reader", default="", help="age1... for plans that are shared.")
@click.option("--user", default="", help="User on this machine, whose own plans are not approved by NAME.")
def add_member(name: str, public: str, reader: str, user: str) -> int:
    """Let NAME approve plans: KEY is "ssh-ed25519 AAAA...", of `approvals key` or an SSH key."""
    from crm_bridge.pipeline.planning.team import fingerprint

    with open_bridge() as bridge:
        member = bridge.approvals.add_member(name, public, reader=reader, user=user)
    Output.note(_("{name} may approve with {key}; ask {name} for it over another channel, and compare").format(
        name=name, key=fingerprint(member.key)
    ))  # fmt: skip
    return ExitCode.OK


@command("remove")
@click.argument("name")
def remove_member(name: str) -> int:
    """Let NAME approve no more."""
    with open_bridge() as bridge:
        bridge.approvals.remove_member(name)
    return ExitCode.OK


for _command in (list_, add, key_):
    approvals.add_command(_command)
for _command in (members, add_member, remove_member):
    team.add_command(_command)
