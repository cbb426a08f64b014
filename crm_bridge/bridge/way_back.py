"""The ways back in words: until when, and what is lost or changed by each; in short, and in full."""

from __future__ import annotations

from collections.abc import Iterator

from crm_bridge.domain.capabilities import Fate, Route, Support
from crm_bridge.domain.restoring.forecast import Forecast, ThingKind
from crm_bridge.i18n import N_, _, ngettext

_CELL = 300
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


def full_pairs(forecast: Forecast) -> Iterator[tuple[str, str]]:
    """Yield each way back with its deadline, and what it does not bring back as it was."""
    if forecast.untrash is not Support.ABSENT:
        yield _("the CRM's bin"), _deadline(forecast)
        yield _("  not the same"), _odd(forecast, Route.UNTRASH)
    if forecast.recreate is not Support.ABSENT:
        yield _("from backup"), _("a new record from the backup, as long as the backup is kept")
        yield _("  not the same"), _odd(forecast, Route.RECREATE)


def _deadline(forecast: Forecast) -> str:
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


def full_rows(forecast: Forecast) -> list[tuple[str, str, str, str]]:
    """Return (what becomes of it in the bin, in a new record, remark, things): all things of one fate in one row.

    A way back that this plan has not is a dash. A field or relation that returns as it was needs no remark.
    """
    native, anew = (support is not Support.ABSENT for support in (forecast.untrash, forecast.recreate))
    rows: dict[tuple[str, str, str], list[str]] = {}
    for row in forecast.rows:
        words = [(row.untrash, row.untrash_note)] * native + [(row.recreate, row.recreate_note)] * anew
        told = row.kind is ThingKind.GENERAL
        notes = dict.fromkeys(note for fate, note in words if note and (told or fate is not Fate.SAME))
        fates = _(FATES[row.untrash]) if native else "-", _(FATES[row.recreate]) if anew else "-"
        name = thing_text(row.thing)
        named = f"{row.label} ({name})" if row.label not in ("", name) else name
        rows.setdefault((*fates, "; ".join(_(note) for note in notes)), []).append(named)
    return [
        (*(fates if number == 0 else ("", "", "")), cell)
        for fates, things in rows.items()
        for number, cell in enumerate(_gathered(things))
    ]


def _gathered(things: list[str]) -> list[str]:
    """Return names in cells that are not cut."""
    cells = things[:1]
    for name in things[1:]:
        longer = f"{cells[-1]}, {name}"
        cells[-1:] = [longer] if len(longer) <= _CELL else [cells[-1], name]
    return cells
