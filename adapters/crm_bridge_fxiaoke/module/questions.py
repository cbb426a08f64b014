"""What the vendor does not publish: 30 questions, each with its settings here and its switches in the stand-in."""

from __future__ import annotations

from crm_bridge.i18n import N_
from crm_bridge.spi.spec import OpenQuestion

QUESTIONS: tuple[OpenQuestion, ...] = (
    OpenQuestion(
        "A-01",
        N_("the largest page of a query, and what a larger one gives"),
        {"max_query_limit": "100"},
        ("max_query_limit", "over_limit"),
    ),
    OpenQuestion("A-02", N_("whether a query counts its rows"), {"query_total": "exact"}, ("total_by_default",)),
    OpenQuestion("A-03", N_("ids per batch"), {"max_batch_ids": "20"}, ("max_batch_ids",)),
    OpenQuestion(
        "A-04", N_("how persons and files are written by default"), {"id_conversion": "stated"}, ("id_conversion",)
    ),
    OpenQuestion("A-05", N_("whether a trace id is required"), {"send_trace_id": "true"}, ("trace_id_required",)),
    OpenQuestion(
        "A-06",
        N_("whether queries return voided rows"),
        {"query_invalid_rows": "returned"},
        ("query_invalid_rows",),
    ),
    OpenQuestion("A-07", N_("what the rows of a query leave out"), {"snapshot_by": "query"}, ("list_rows",)),
    OpenQuestion("A-08", N_("how long a query lags behind a write"), {"index_lag": "0.0"}, ("index_lag",)),
    OpenQuestion("A-09", N_("how an absent record is told"), {"absent_record": "either"}, ("absent_record",)),
    OpenQuestion("A-10", N_("what a refused batch has done"), {"batch_failure": "all_or_nothing"}, ("batch_failure",)),
    OpenQuestion("A-11", N_("which life status may be voided"), {"voidable": "normal"}, ("voidable",)),
    OpenQuestion("A-12", N_("the code of a missing right to a record"), {"denial_code": "50009"}, ("denial_code",)),
    OpenQuestion("A-13", N_("whether a void may start an approval"), {"void_approval": "possible"}, ("void_approval",)),
    OpenQuestion(
        "A-14",
        N_("whether details follow their contract"),
        {"cascade": "all", "verify_details": "false"},
        ("cascade",),
    ),
    OpenQuestion(
        "A-15", N_("what an unknown filter operator does"), {"unknown_operator": "ignored"}, ("unknown_operator",)
    ),
    OpenQuestion(
        "A-16",
        N_("which paths take which objects"),
        {"path_families": "by_name", "bulk_invalid": "custom"},
        ("path_families",),
    ),
    OpenQuestion(
        "A-17",
        N_("whether a description brings those of its details"),
        {"describe_details": "false"},
        ("describe_details",),
    ),
    OpenQuestion(
        "A-18", N_("what the fields of a contract are called"), {"field_names": "recognised"}, ("field_names",)
    ),
    OpenQuestion(
        "A-19", N_("the code of a missing acting user"), {"missing_user_code": "20017"}, ("missing_user_code",)
    ),
    OpenQuestion(
        "A-20",
        N_("the codes of too many calls"),
        {"over_rate_code": "30004", "over_token_rate_code": "14001"},
        ("over_rate_code", "over_token_rate_code"),
    ),
    OpenQuestion(
        "A-21",
        N_("the code of an address that is not on the allow-list"),
        {"ip_denied_code": "15003"},
        ("ip_allowed", "ip_denied_code"),
    ),
    OpenQuestion("A-22", N_("how long voided records are kept"), {"bin_days": "0"}, ("bin_days",)),
    OpenQuestion("A-23", N_("whether files have signed addresses"), {"download_by": "media"}, ("presigned_urls",)),
    OpenQuestion(
        "A-24",
        N_("in which shape details are created"),
        {"details_in_create": "together"},
        ("details_shape",),
    ),
    OpenQuestion("A-25", N_("which changes raise an event"), {"events": "off"}, ("events",)),
    OpenQuestion(
        "A-26",
        N_("whether a voided row says that it is deleted"),
        {"voided_is_deleted": "true"},
        ("voided_is_deleted",),
    ),
    OpenQuestion("A-27", N_("who shares a rate window"), {"rate_scope": "tenant"}, ("rate_scope",)),
    OpenQuestion("A-28", N_("when the daily quota starts anew"), {"quota_zone": "UTC+8"}, ("quota_zone",)),
    OpenQuestion("A-29", N_("who is named as the one who voided a record"), {}, ("void_marks",)),
    OpenQuestion("A-30", N_("whether a voided record can be read by its id"), {}, ("get_voided",)),
)
"""In the order of the reference page. Defaults are those of the settings model, as a configuration writes them."""
