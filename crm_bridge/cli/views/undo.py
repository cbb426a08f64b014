"""The undo card: the exact command that brings a run back, until when, and what will not return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_bridge.cli.options import suggested
from crm_bridge.cli.terminal.output import Output
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.lifecycle import FOLLOW_UP, Outcome
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Run


def undo_facts(bridge: Bridge, run: Run) -> dict[str, Any] | None:
    """Return the undo card as JSON has it, with the command that a person gives; None: nothing to undo."""
    undo = bridge.undo(run)
    if undo is None:
        return None
    return {
        "command": suggested("restore", run.id),
        "route": undo.route.value,
        "bin_until": undo.bin_until,
        "backup_until": undo.backup_until,
        "not_the_same": undo.not_the_same,
        "not_the_same_from_backup": undo.not_the_same_from_backup,
    }


def next_steps(bridge: Bridge, run: Run) -> None:
    """Print the commands that come next: to settle or finish the run, to plan again what is left, to undo it."""
    facts, counts = undo_facts(bridge, run), run.counts
    doubtful = bool(counts[Outcome.IN_DOUBT])
    rows: list[tuple[str, object]] = []
    if doubtful or not run.info.complete:
        label = _("to settle it") if doubtful else _("to go on")
        rows.append((label, suggested("resume", run.id)))
    elif any(counts[outcome] for outcome in FOLLOW_UP):
        again = suggested("plan", run.info.ref.connection, "--again", run.id)
        rows.append((_("to plan the rest again"), again))
    if facts is not None and not doubtful:
        rows += [(_("to undo"), facts["command"]), (_("how long"), _deadline(facts))]
    Output.pairs(rows)


def _deadline(facts: dict[str, Any]) -> str:
    kept = facts["backup_until"]
    backup = _("from the backup until {date}").format(date=kept) if kept else _("from the backup, while it is kept")
    if facts["route"] == Route.RECREATE.value:
        return _("as new records {backup}").format(backup=backup)
    if facts["bin_until"]:
        return _("in the CRM's bin until {date}, {backup}").format(date=facts["bin_until"], backup=backup)
    return _("in the CRM's bin while it keeps them, {backup}").format(backup=backup)
