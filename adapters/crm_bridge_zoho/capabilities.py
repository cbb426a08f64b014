"""What Zoho CRM can and cannot do with a deleted contract, with the source of each fact."""

from __future__ import annotations

from types import MappingProxyType

from crm_bridge.domain.capabilities import Capabilities, Fact, Fate, Limits, Route, SideEffect, Support
from crm_bridge.i18n import N_

DELETE_PAGE = "https://www.zoho.com/crm/developer/docs/api/v8/delete-records.html"
BIN_PAGE = "https://www.zoho.com/crm/developer/docs/api/v8/recycle-bin.html"
INSERT_PAGE = "https://www.zoho.com/crm/developer/docs/api/v8/insert-records.html"
LIMITS_PAGE = "https://www.zoho.com/crm/developer/docs/api/v8/api-limits.html"

BIN_DAYS = 60

EXPORTED_ID_PREFIX = "zcrm_"
"""What Zoho's exports put before the id of a record."""

_UNTRASH = MappingProxyType(
    {
        "id": (Fate.SAME, N_("the same record comes back")),
        "number": (Fate.SAME, N_("an auto-number is not given to another record")),
        "fields": (Fate.SAME, N_("all values; another record may have taken a unique value meanwhile")),
        "owner": (Fate.SAME, ""),
        "created": (Fate.SAME, ""),
        "details": (Fate.SAME, N_("subform rows go and come with the record")),
        "notes": (Fate.SAME, N_("go to the bin as children of the record")),
        "attachments": (Fate.SAME, N_("go to the bin as children of the record")),
        "inbound_links": (Fate.UNKNOWN, N_("lookups of other records are empty while it is in the bin")),
        "approval_history": (Fate.UNKNOWN, N_("not documented")),
        "followers": (Fate.UNKNOWN, N_("not documented")),
    }
)
_RECREATE = MappingProxyType(
    {
        "id": (Fate.CHANGED, N_("Zoho gives a new id; receipts carry the map from old to new")),
        "number": (Fate.CHANGED, N_("an auto-number is new; a number in a text field stays")),
        "fields": (Fate.SAME, N_("all fields that the API may write; formulas and roll-ups are computed anew")),
        "owner": (Fate.SAME, N_("if the owner is still an active user")),
        "created": (Fate.CHANGED, N_("created now, by the signed-in user")),
        "details": (Fate.CHANGED, N_("subform rows are written again with new ids")),
        "notes": (Fate.CHANGED, N_("same text; author and time are new")),
        "attachments": (Fate.CHANGED, N_("same bytes; author and time are new")),
        "inbound_links": (Fate.CHANGED, N_("lookups are pointed at the new record by a plan of their own")),
        "approval_history": (Fate.LOST, N_("stays with the old record")),
        "followers": (Fate.LOST, N_("stays with the old record")),
    }
)

CAPABILITIES = Capabilities(
    trash=Fact(Support.FULL, DELETE_PAGE, N_("to the recycle bin, for 60 days")),
    purge=Fact(Support.FULL, BIN_PAGE, N_("out of the recycle bin, for good")),
    untrash=Fact(Support.FULL, BIN_PAGE, N_("restore from the recycle bin, with the same id")),
    recreate=Fact(Support.FULL, INSERT_PAGE, N_("insert from the snapshot, with a new id")),
    batch_delete=Fact(Support.FULL, DELETE_PAGE, N_("100 ids a call, answered one by one")),
    automations_off=Fact(Support.UNPROVEN, DELETE_PAGE, N_("wf_trigger=false is sent; newer pages do not list it")),
    shows_bin=Fact(Support.ABSENT, BIN_PAGE, N_("the bin lists records; their notes, files and rows are not shown")),
    who_deleted=Fact(Support.FULL, BIN_PAGE, N_("the recycle bin names who deleted a record and when")),
    returns=MappingProxyType({Route.UNTRASH: _UNTRASH, Route.RECREATE: _RECREATE}),
    side_effects=(
        SideEffect(N_("workflow rules on delete"), Support.FULL, "wf_trigger", DELETE_PAGE),
        SideEffect(
            N_("workflow rules with the fast path (mass_delete)"), Support.UNPROVEN, "", DELETE_PAGE, fast_only=True
        ),
        SideEffect(N_("lookups of other records become empty"), Support.FULL, "", BIN_PAGE),
        SideEffect(N_("open tasks, calls and meetings go along or lose the link"), Support.UNPROVEN, "", ""),
        SideEffect(N_("roll-ups of parent records are computed anew"), Support.UNPROVEN, "", ""),
    ),
)

LIMITS = Limits(
    find_page=2000,
    locate_batch=1000,
    snapshot_batch=1000,
    trash_batch=100,
    fast_batch=500,
    purge_batch=100,
    untrash_batch=200,
    bin_days=BIN_DAYS,
    calls_in_flight=5,
    source=LIMITS_PAGE,
)
