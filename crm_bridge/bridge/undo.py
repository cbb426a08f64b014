"""Undoing a run: whether it can be, by which way, until when, and what will not be the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crm_bridge.domain.capabilities import Fate, Route, Step, Support
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.restoring.forecast import Forecast, ThingKind, make_forecast
from crm_bridge.pipeline.settling.doubt import LATE, doubtful_records

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Run

_SHOWN = (Fate.CHANGED, Fate.LOST, Fate.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Undo:
    """The way back of a run. Deadlines are ISO dates, None where none is known."""

    route: Route
    bin_until: str | None
    backup_until: str | None
    not_the_same: Mapping[str, str]
    """Things that are changed, lost or not known afterwards, with their fate."""
    not_the_same_from_backup: Mapping[str, str]


def undo_of(bridge: Bridge, run: Run) -> Undo | None:
    """Return how a run can be undone; None where there is nothing to undo, or no way."""
    if not can_be_undone(bridge, run):
        return None
    forecast = run.forecast or _general_forecast(bridge, run)
    if forecast.untrash is Support.ABSENT and forecast.recreate is Support.ABSENT:
        return None
    native = forecast.untrash is not Support.ABSENT
    route = Route.UNTRASH if native else Route.RECREATE
    started = datetime.fromisoformat(run.info.started)
    in_bin = None
    if native and forecast.bin_days is not None:
        in_bin = (started + timedelta(days=forecast.bin_days)).date().isoformat()
    return Undo(route, in_bin, _kept_until(bridge, run.id), _odd(forecast, route), _odd(forecast, Route.RECREATE))


def can_be_undone(bridge: Bridge, run: Run) -> bool:
    """Return whether there is something to undo, and a restore of it would not be refused.

    It is where something is in doubt, here or in another run: a late delete could hit what came back.
    """
    late = doubtful_records(bridge.journal, run.info.system, run.info.org, but=run.id, states=LATE)
    if run.counts[Outcome.IN_DOUBT] or (late and any(item.contract.id in late for item in run)):
        return False
    halfway = (item.reason is Reason.LAST_STEP_MISSING for item in run.not_removed)
    return run.counts[Outcome.REMOVED] > 0 or any(halfway)


def _general_forecast(bridge: Bridge, run: Run) -> Forecast:
    """Return what the adapter says in general: the plan is not kept any more."""
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
