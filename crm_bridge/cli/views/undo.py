"""The undo card: the exact command that brings a run back, until when, and what will not return."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.options import suggested
from crm_bridge.cli.terminal.output import Output
from crm_bridge.domain.capabilities import Fate, Route, Step, Support
from crm_bridge.domain.lifecycle import FOLLOW_UP, Outcome
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.restoring.forecast import Forecast, ThingKind, make_forecast
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.pipeline.settling.doubt import LATE, doubtful_records

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Run, RunItem

_SHOWN = (Fate.CHANGED, Fate.LOST, Fate.UNKNOWN)


def undo_facts(bridge: Bridge, run: Run, items: Iterable[RunItem]) -> dict[str, Any] | None:
    """Return command, deadlines (ISO dates or None) and what is not the same afterwards; None: nothing to undo."""
    if not can_be_undone(bridge, run, items):
        return None
    forecast = _forecast(bridge, run)
    if forecast.untrash is Support.ABSENT and forecast.recreate is Support.ABSENT:
        return None
    native = forecast.untrash is not Support.ABSENT
    route = Route.UNTRASH if native else Route.RECREATE
    started = datetime.fromisoformat(run.info.started)
    in_bin = None
    if native and forecast.bin_days is not None:
        in_bin = (started + timedelta(days=forecast.bin_days)).date().isoformat()
    return {
        "command": suggested("restore", run.id),
        "route": route.value,
        "bin_until": in_bin,
        "backup_until": _kept_until(bridge, run.id),
        "not_the_same": _odd(forecast, route),
        "not_the_same_from_backup": _odd(forecast, Route.RECREATE),
    }


def can_be_undone(bridge: Bridge, run: Run, items: Iterable[RunItem]) -> bool:
    """Return whether there is something to undo, and a restore of it would not be refused.

    It is where something is in doubt, here or in another run: a late delete could hit what came back.
    """
    late = doubtful_records(bridge.journal, run.info.system, run.info.org, but=run.id, states=LATE)
    told = {(Outcome.IN_DOUBT if item.contract.id in late else item.outcome, _is_halfway(item)) for item in items}
    removed = any(outcome is Outcome.REMOVED or halfway for outcome, halfway in told)
    return removed and Outcome.IN_DOUBT not in {outcome for outcome, _halfway in told}


def _is_halfway(item: RunItem) -> bool:
    return item.reason is Reason.LAST_STEP_MISSING


def _forecast(bridge: Bridge, run: Run) -> Forecast:
    """Return what was promised when the plan was confirmed; without its file, what the adapter says in general."""
    try:
        return bridge.open_plan(bridge.home / "plans" / f"{run.info.ref.plan}.plan").head.forecast
    except CrmBridgeError:
        spec = bridge.resolved(run.info.ref.connection).spec
        step = Step(run.info.step) if run.info.step else Step.TRASH
        started = datetime.fromisoformat(run.info.started)
        return make_forecast(spec.capabilities, spec.limits, (), (), step=step, now=started)


def _odd(forecast: Forecast, route: Route) -> dict[str, str]:
    return {
        row.thing: row.fate(route).value
        for row in forecast.rows
        if row.kind is ThingKind.GENERAL and row.fate(route) in _SHOWN
    }


def _kept_until(bridge: Bridge, run_id: str) -> str | None:
    days = [one.keep_until for one in bridge.vault.sets() if one.run == run_id and one.complete and not one.shredded]
    known = [day for day in days if day is not None]
    return min(known).isoformat() if known else None


def next_steps(bridge: Bridge, run: Run) -> None:
    """Print the commands that come next: to settle or finish the run, to plan again what is left, to undo it."""
    facts, counts = undo_facts(bridge, run, run), run.counts
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
