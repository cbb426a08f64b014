"""What 纷享销客 can do and cannot, with the source of each statement."""

from __future__ import annotations

from crm_bridge.domain.capabilities import Capabilities, Fact, Fate, Limits, Route, SideEffect, Support
from crm_bridge.i18n import N_

_V2 = "developer.fxiaoke.com/openapi_v2"
_APL = "developer help, APL Fx.object"

_TOUCHED = (Fate.CHANGED, N_("the CRM notes who brought it back, and when"))
# Fields of the system that move on both ways back; everything else is promised under "fields".
_MOVING = {
    "version": _TOUCHED,
    "last_modified_time": _TOUCHED,
    "last_modified_by": _TOUCHED,
    "last_modified_by__r": _TOUCHED,
    "life_status_before_invalid": _TOUCHED,
}

CAPABILITIES = Capabilities(
    trash=Fact(Support.FULL, f"{_V2}: data/invalid", N_("作废: one record per call; an approval may start instead")),
    purge=Fact(Support.FULL, f"{_V2}: data/delete", N_("删除: only records that were voided before")),
    untrash=Fact(Support.FULL, f"{_V2}: data/recover", N_("the record comes back under its old id")),
    recreate=Fact(Support.FULL, f"{_V2}: data/create", N_("a new record with a new id")),
    batch_delete=Fact(Support.FULL, f"{_V2}: data/delete takes idList", N_("the size of a batch is not published")),
    automations_off=Fact(Support.ABSENT, f"{_V2}: data/invalid has no such parameter", N_("voiding fires everything")),
    shows_bin=Fact(Support.FULL, f"{_V2}: data/query", N_("voided records and their details can be read like others")),
    who_deleted=Fact(
        Support.UNPROVEN,
        f"{_V2}: last_modified_by of a voided record",
        N_("a voided record names its last editor; after 删除 nothing is told"),
    ),
    returns={
        Route.UNTRASH: {
            "id": (Fate.SAME, N_("recovered under its old id")),
            "number": (Fate.SAME, ""),
            "fields": (Fate.SAME, ""),
            "owner": (Fate.SAME, ""),
            "created": (Fate.SAME, ""),
            "details": (Fate.SAME, N_("details that were voided with their contract; the vendor publishes no rule")),
            "notes": (Fate.SAME, N_("sales records refer to the id, which stays")),
            "attachments": (Fate.SAME, ""),
            "inbound_links": (Fate.UNKNOWN, N_("the id stays; what a void does to lookups is not published")),
            "approval_history": (Fate.UNKNOWN, N_("not published")),
            "followers": (Fate.SAME, N_("the team is part of the record")),
            **_MOVING,
        },
        Route.RECREATE: {
            "id": (Fate.CHANGED, N_("a new id; the receipt maps the old one to it")),
            "number": (Fate.SAME, N_("unless the number is assigned by the CRM (auto number)")),
            "fields": (Fate.SAME, N_("except formulas, counts, quoted and automatic fields, which the CRM computes")),
            "owner": (Fate.SAME, ""),
            "created": (Fate.SAME, N_("creation time and creator are stated; the last change is the restore")),
            "details": (Fate.SAME, N_("new rows with new ids")),
            "notes": (Fate.LOST, N_("sales records keep pointing at the old id")),
            "attachments": (Fate.SAME, N_("uploaded again and compared by digest")),
            "inbound_links": (Fate.CHANGED, N_("listed; set to the new id by a plan of their own")),
            "approval_history": (Fate.LOST, N_("approvals belong to the old id")),
            "followers": (Fate.LOST, N_("only the owner is set; the team is named in the receipt")),
            "_id": (Fate.CHANGED, N_("a new id; the receipt maps the old one to it")),
            **_MOVING,
        },
    },
    side_effects=(
        SideEffect(N_("workflows and tenant functions of the void"), Support.FULL, "", f"{_V2}; {_APL}: remove"),
        SideEffect(N_("approval of the void, where one is configured"), Support.UNPROVEN, "", _APL),
        SideEffect(N_("details are voided and deleted with their contract"), Support.UNPROVEN, "", "product behaviour"),
        SideEffect(N_("notifications to team members"), Support.UNPROVEN, "", "product behaviour"),
    ),
)

LIMITS = Limits(
    find_page=100,
    locate_batch=495,
    snapshot_batch=500,
    trash_batch=100,
    purge_batch=80,
    untrash_batch=80,
    bin_days=None,
    calls_in_flight=10,
    source=f"{_V2}: 100 rows per query, 100 calls per 20 s and interface, 100000 calls a day and pack; {_APL}: 20 ids",
    window_calls=100,
    window_seconds=20,
    calls_per_day=100_000,
    trash_ids_per_call=1,
    purge_ids_per_call=20,
)
"""Batches are what one verb takes; it splits them into calls and sends several side by side.

A void is one id, and a batch of them what a window takes; a look is 99 ids and the control record per call, a snapshot
100 ids; the other changes 20.
"""
