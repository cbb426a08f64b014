"""The ways back in a few words: until when, and what is lost or changed by each."""

from __future__ import annotations

from collections.abc import Iterator

from crm_bridge.domain.capabilities import Fate, Route, Support
from crm_bridge.domain.restoring.forecast import Forecast, ThingKind
from crm_bridge.i18n import N_, _, ngettext

THINGS = {
    "id": N_("id"),
    "number": N_("number"),
    "fields": N_("fields"),
    "owner": N_("owner"),
    "created": N_("creation time"),
    "details": N_("detail rows"),
    "notes": N_("notes"),
    "attachments": N_("attachments"),
    "inbound_links": N_("links from other records"),
    "approval_history": N_("approval history"),
    "followers": N_("followers and team"),
}
FATES = {
    Fate.SAME: N_("same"),
    Fate.CHANGED: N_("changed"),
    Fate.LOST: N_("lost"),
    Fate.UNKNOWN: N_("not known"),
}


def thing_text(name: str) -> str:
    """Return a thing in words; fields and relations keep their names."""
    return _(THINGS[name]) if name in THINGS else name


def way_back_pairs(forecast: Forecast) -> Iterator[tuple[str, str]]:
    """Yield the lines of a short card: until when it can be undone, and what is lost or changed by each way back."""
    native, anew = forecast.untrash is not Support.ABSENT, forecast.recreate is not Support.ABSENT
    if native and anew:
        way = _("{bin}, then from the backup").format(bin=_bin_text(forecast))
    else:
        way = _bin_text(forecast) if native else _("only from the backup") if anew else _("not possible")
    # Not every CRM tells beforehand what its user may do.
    told = Support.UNPROVEN not in (forecast.untrash, forecast.recreate)
    yield _("undo"), way if told else _("{way}, if allowed").format(way=way)
    if native:
        yield _("changed then"), _by_fate(forecast, Route.UNTRASH)
    if anew:
        yield _("from backup"), _by_fate(forecast, Route.RECREATE)


def _bin_text(forecast: Forecast) -> str:
    if forecast.until is None:
        return _("in the CRM's bin while kept")
    return _("in the CRM's bin until {date}").format(date=forecast.until)


def _by_fate(forecast: Forecast, route: Route) -> str:
    """Return every loss and everything not known by name; of what only changes, the first and how many more."""
    told = []
    for fate in (Fate.LOST, Fate.UNKNOWN, Fate.CHANGED):
        rows = [row for row in forecast.rows if row.fate(route) is fate]
        named = [thing_text(row.thing) for row in rows if row.kind is ThingKind.GENERAL]
        if fate is Fate.CHANGED:
            named = named[:1]
        if more := len(rows) - len(named):
            counted = (
                ngettext("{count} more", "{count} more", more)
                if named
                else ngettext("{count} field or column", "{count} fields and columns", more)
            )
            named.append(counted.format(count=more))
        if named:
            told.append(f"{_(FATES[fate])}: {', '.join(named)}")
    return "; ".join(told) or _("nothing")
