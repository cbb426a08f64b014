"""Voided contracts since a moment, as a query lists them: what was deleted after the void is in no list."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import NotAvailableError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Completeness, Page, Place, Search, Whereabouts
from crm_bridge_fxiaoke.mapping import moment
from crm_bridge_fxiaoke.module.people import last_editor
from crm_bridge_fxiaoke.reading.records import Condition, Records, Row, condition
from crm_bridge_fxiaoke.settings import Assumptions
from crm_bridge_fxiaoke.wire import count_in

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def list_voided(
    records: Records,
    name: str,
    since: datetime,
    *,
    user: str,
    assumed: Assumptions,
    ahead: timedelta,
    besides: Collection[str] | None = None,
) -> Search:
    """Start the listing of one object. Raises NotAvailableError where queries never show voided records.

    Where the CRM counts as many as there are `besides`, and the first page holds no other, the rest is not read.
    """
    if assumed.query_invalid_rows == "omitted":
        raise NotAvailableError(
            _("this CRM does not list voided contracts: its queries leave them out"),
            hint=_("compare the CRM's own audit log with `crm-bridge journal list`"),
        )
    from_then = (since + ahead - _EPOCH) // timedelta(milliseconds=1)
    conditions = [
        condition("life_status", "EQ", "invalid"),
        condition("last_modified_time", "GTE", str(from_then)),
    ]
    remarks = (
        _("only voided contracts are listed: one that was deleted after its void leaves nothing to read"),
        _("of a voided contract the CRM names who changed it last, and when; what this user may not see is not listed"),
    )
    pages = _pages(records, name, conditions, Reader(name, user, assumed.bin_days, ahead), besides or ())
    return Search("life_status EQ invalid", None, pages, remarks=remarks)


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads a voided row as a deletion."""

    object_name: str
    user: str
    days: int | None
    ahead: timedelta

    def whereabouts(self, row: Row) -> Whereabouts:
        """Return where the contract of a row is, and who changed it last; times by our clock."""
        told = moment(row.values.get("last_modified_time"))
        at = told - self.ahead if told else None
        until = at + timedelta(days=self.days) if at and self.days else None
        by = last_editor(row.values, self.user)
        return Whereabouts(ContractRef(self.object_name, row.id), Place.IN_BIN, by=by, at=at, until=until)


def count_voided(records: Records, name: str) -> Search:
    """Count the voided records of one object."""
    envelope = records.query(name, [condition("life_status", "EQ", "invalid")], limit=1, counted=True)
    held = count_in(envelope, "total")
    page = Page((), Completeness(held is not None, 0, held, _("the CRM's own count")))
    return Search("life_status EQ invalid", None, iter([page]))


def _pages(
    records: Records, name: str, conditions: list[Condition], reader: Reader, besides: Collection[str]
) -> Iterator[Page]:
    seen, expected = 0, None
    for page in records.pages(name, conditions, counted=True):
        expected = page.total if page.total is not None else expected
        seen += len(page.rows)
        voided = [row for row in page.rows if row.values.get("life_status") == "invalid"]
        yield Page((), deleted=tuple(map(reader.whereabouts, voided)))
        if besides and page.total == len(besides) and all(row.id in besides for row in page.rows):
            yield Page((), Completeness(True, seen, expected, _("the CRM's own count")), deleted=())
            return
    agrees = expected is None or expected == seen
    how = _("listed to the end") if agrees else _("the CRM counted another number")
    yield Page((), Completeness(agrees, seen, expected, how), deleted=())
