"""The undo card: the exact command that brings a run back, until when, and what will not return."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crm_bridge.cli.output import Output
from crm_bridge.domain.capabilities import Fate, Route
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Run, RunItem


def undo_card(bridge: Bridge, run: Run, items: list[RunItem]) -> None:
    """Print it, where there is something to bring back."""
    if not any(item.outcome in (Outcome.REMOVED, Outcome.IN_DOUBT) for item in items):
        return
    spec = bridge.resolved(run.info.ref.connection).spec
    route = Route.RECREATE if run.info.step == "purge" else Route.UNTRASH
    lost = [
        name for name, (fate, _note) in spec.capabilities.returns[route].items() if fate in (Fate.LOST, Fate.CHANGED)
    ]
    days = spec.limits.bin_days
    if route is Route.UNTRASH and days is not None:
        until = (datetime.fromisoformat(run.info.started) + timedelta(days=days)).date().isoformat()
        deadline = _("in the CRM's bin until {date}; from the backup afterwards").format(date=until)
    elif route is Route.UNTRASH:
        deadline = _("from the CRM's bin as long as it keeps them; from the backup afterwards")
    else:
        deadline = _("from the backup, as new records")
    Output.pairs(
        (
            (_("to undo"), f"crm-bridge restore {run.id}"),
            (_("how long"), deadline),
            (_("not the same afterwards"), ", ".join(lost) or _("nothing")),
        )
    )
