"""`policy`: show what holds for a connection, check it against the CRM, explain it for one contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_connection
from crm_bridge.cli.terminal.output import Output
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.domain.planning.policy import DeletionPolicy

POLICY, POLICY_CHECK, EXPLAINED = "crm-bridge.policy/1", "crm-bridge.policy-check/1", "crm-bridge.policy-explained/1"


@group("policy", help="Show and check what a connection's policy allows.")
def policy() -> None:
    """Show and check what a connection's policy allows."""


@command("show")
@click.argument("name", metavar="CONNECTION", shell_complete=complete_connection)
def show(name: str) -> int:
    """Show the policy of CONNECTION as it holds now, defaults included; nothing is sent."""
    out = Output(as_json=shared().as_json)
    with open_bridge(reading=True) as bridge:
        rules = bridge.rules(name)
    if out.as_json:
        out.document(POLICY, {"connection": name, "digest": rules.digest(), **rules.as_json()})
    else:
        out.pairs(_rows(rules))
    return ExitCode.OK


def _rows(rules: DeletionPolicy) -> list[tuple[str, object]]:
    value: dict[str, Any] = rules.as_json()
    caps, holds = value.pop("caps"), value.pop("holds")
    value.pop("retention")
    value["approvals"] = [rule.text() for rule in rules.approvals]
    rows = [(key, _shown(item)) for key, item in {**caps, **value}.items()]
    rows += [("retention", line) for line in rules.released_kinds]
    rows.append(("hold_list", _("{count} entries").format(count=len(holds))))
    return [*rows, ("digest", rules.digest())]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{key}:{item}" for key, item in value.items()]
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "-"
    return "-" if value in (None, "") else str(value)


@command("check")
@click.argument("name", metavar="CONNECTION", shell_complete=complete_connection)
def check(name: str) -> int:
    """Hold the policy of CONNECTION against the CRM: words, fields and users that it names and the CRM does not know.

    Ends with 4 when something is wrong, because a rule with a wrong word protects nothing.
    """
    from crm_bridge.bridge.setup.policy_check import check_policy

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        found = check_policy(bridge, name)
    if out.as_json:
        out.document(POLICY_CHECK, {"connection": name, "findings": [{"key": k, "says": says} for k, says in found]})
    elif found:
        out.table((_("key"), _("found")), found)
    else:
        out.text(_("the CRM knows everything that the policy of {name} names").format(name=name))
    return ExitCode.GUARD if found else ExitCode.OK


@command("explain")
@click.argument("name", metavar="CONNECTION", shell_complete=complete_connection)
@click.argument("contract")
def explain(name: str, contract: str) -> int:
    """Say which rules of CONNECTION's policy hold CONTRACT (id or number), its paper included; nothing is changed.

    Ends with 3 when a rule holds it.
    """
    from crm_bridge.bridge.setup.policy_check import explain_contract

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        told = explain_contract(bridge, name, contract)
    rules = [{"rule": rule, "says": says} for rule, says in told.rules]
    if out.as_json:
        out.document(EXPLAINED, {"id": told.id, "number": told.number, "leaves": told.leaves, "held_by": rules})
    else:
        out.pairs([(_("contract"), f"{told.number or '-'} ({told.id})"), (_("lines, notes, files"), told.leaves)])
        if told.rules:
            out.table((_("held by"), _("because")), told.rules)
        else:
            out.text(_("no rule of the policy holds it"))
    return ExitCode.HELD if told.rules else ExitCode.OK


policy.add_command(show)
policy.add_command(check)
policy.add_command(explain)
