"""Deletions of the contract module since a moment, as Zoho lists them: the deleted list, or else the recycle bin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import CrmBridgeError, NotAvailableError, PermissionDeniedError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Completeness, Page, Place, Search, Whereabouts
from crm_bridge_zoho.module.account import is_hidden
from crm_bridge_zoho.reading.bin_walk import Deletion
from crm_bridge_zoho.reading.bins import Bins


def list_deletions(bins: Bins, module: str, since: datetime) -> Search:
    """Start the listing. Its first page raises PermissionDeniedError or NotAvailableError where neither can be read."""
    remarks: list[str] = []
    return Search(f"GET /{module}/deleted", None, _pages(bins, module, since, remarks), remarks=remarks)


def list_others(bins: Bins, module: str, since: datetime, *, walked: bool) -> Search:
    """Start the listing of what the bin holds since a moment: of what was deleted for good Zoho names nobody.

    `walked`: what was looked for there lies there still, so that its pages need not be read again.
    """
    pages = bins.other_pages(since) if walked else bins.bin_pages(since)
    return Search("GET /settings/recycle_bin", None, _of_bin(module, pages))


def count_bin(bins: Bins) -> Search:
    """Count what the bin of the organisation holds: all modules and users share it."""
    held = bins.count()
    page = Page((), Completeness(held is not None, 0, held, _("counted by the recycle bin")))
    return Search("GET /settings/recycle_bin/actions/count", None, iter([page]))


def _pages(bins: Bins, module: str, since: datetime, remarks: list[str]) -> Iterator[Page]:
    try:
        yield from _told(module, bins.deleted_pages(since))
        return
    except CrmBridgeError as error:
        if not is_hidden(error):
            raise
    remarks.append(_("Zoho shows only the recycle bin to this user: what was deleted for good is not listed"))
    yield from _of_bin(module, bins.bin_pages(since))


def _of_bin(module: str, listing: Iterable[tuple[list[Deletion], bool]]) -> Iterator[Page]:
    try:
        yield from _told(module, listing)
    except CrmBridgeError as error:
        if not is_hidden(error):
            raise
        if not isinstance(error, PermissionDeniedError):
            raise NotAvailableError(
                _("this Zoho account has neither a deleted list nor a recycle bin to read")
            ) from None
        raise PermissionDeniedError(
            _("Zoho shows neither the deleted list nor the recycle bin to this user"),
            hint=_("ask an administrator of the CRM for the right to see the recycle bin"),
        ) from None


def _told(module: str, listing: Iterable[tuple[list[Deletion], bool]]) -> Iterator[Page]:
    seen, whole = 0, False
    for entries, whole in listing:  # noqa: B007 - whether the last page was the end is asked afterwards
        seen += len(entries)
        yield Page((), deleted=tuple(_whereabouts(module, one) for one in entries))
    how = _("listed to the end") if whole else _("Zoho has more deletions than are read at once; name a later day")
    yield Page((), Completeness(whole, seen, None, how), deleted=())


def _whereabouts(module: str, one: Deletion) -> Whereabouts:
    place = Place.IN_BIN if one.in_bin else Place.GONE
    return Whereabouts(ContractRef(module, one.id), place, by=one.by, at=one.at, until=one.until, mark=one.mark)
