"""How a forecast looks in full: each way back with its deadline, and what it returns, thing by thing."""

from __future__ import annotations

from collections.abc import Iterator

from crm_bridge.bridge.way_back import FATES, thing_text
from crm_bridge.domain.capabilities import Fate, Route, Support
from crm_bridge.domain.restoring.forecast import Forecast, ThingKind
from crm_bridge.i18n import _, ngettext


def forecast_pairs(forecast: Forecast) -> Iterator[tuple[str, str]]:
    """Yield the lines of a card: each way back with its deadline, and what it does not bring back as it was."""
    if forecast.untrash is not Support.ABSENT:
        yield _("the CRM's bin"), deadline_text(forecast)
        yield _("  not the same"), _odd(forecast, Route.UNTRASH)
    if forecast.recreate is not Support.ABSENT:
        yield _("from backup"), _("a new record from the backup, as long as the backup is kept")
        yield _("  not the same"), _odd(forecast, Route.RECREATE)


def deadline_text(forecast: Forecast) -> str:
    """Return until when the CRM's own bin gives a record back."""
    if forecast.until is None:
        return _("as long as it keeps records (not published)")
    return _("until {date} if deleted today").format(date=forecast.until)


def _odd(forecast: Forecast, route: Route) -> str:
    words = [
        f"{thing_text(row.thing)} ({_(FATES[row.fate(route)])})"
        for row in forecast.rows
        if row.kind is ThingKind.GENERAL and row.fate(route) is not Fate.SAME
    ]
    fields = sum(row.kind is not ThingKind.GENERAL and row.fate(route) is not Fate.SAME for row in forecast.rows)
    if fields:
        words.append(ngettext("{count} field or column", "{count} fields and columns", fields).format(count=fields))
    return ", ".join(words) or "-"


def forecast_columns() -> tuple[str, ...]:
    """Return the headers of the full table."""
    return (_("what"), _("label"), _("the CRM's bin"), _("new record from the backup"), _("remark"))


def forecast_table(forecast: Forecast) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the full table; a way back that this plan has not is a dash.

    A field or relation that returns as it was needs no remark.
    """
    native, anew = (support is not Support.ABSENT for support in (forecast.untrash, forecast.recreate))
    for row in forecast.rows:
        words = [(row.untrash, row.untrash_note)] * native + [(row.recreate, row.recreate_note)] * anew
        told = row.kind is ThingKind.GENERAL
        notes = dict.fromkeys(note for fate, note in words if note and (told or fate is not Fate.SAME))
        yield (
            thing_text(row.thing),
            row.label,
            _(FATES[row.untrash]) if native else "-",
            _(FATES[row.recreate]) if anew else "-",
            "; ".join(_(note) for note in notes),
        )
