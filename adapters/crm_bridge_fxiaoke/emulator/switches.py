"""What nobody outside the vendor knows for sure, as switches with a default and its alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from crm_bridge.i18n import _


@dataclass(frozen=True, slots=True)
class Switches:
    """One field per open question (A-01 .. A-28), then the sandbox's own settings. Replaced, never changed in place."""

    max_query_limit: int = 100
    """A-01: the largest page."""
    over_limit: Literal["clamp", "error"] = "clamp"
    """A-01: a larger page is cut to the maximum and the effective limit echoed, or refused with 32000."""
    total_by_default: Literal["exact", "zero", "estimate"] = "exact"
    """A-02: what `total` says where the request does not say."""
    max_batch_ids: int = 100
    """A-03: ids per delete, recover and bulk invalid; 32000 above; 0 = no limit."""
    id_conversion: Literal["by_style", "never"] = "by_style"
    """A-04: old style speaks FSUID and mediaId, new style employee ids and npath; or never a conversion by default."""
    trace_id_required: bool = False
    """A-05: refuse a call without `thirdTraceId`."""
    query_invalid_rows: Literal["returned", "omitted", "with_filter"] = "returned"
    """A-06: voided rows in queries: yes, no, or only where the query filters by life_status."""
    list_rows: Literal["without_team", "truncated", "full"] = "full"
    """A-07: what a query leaves out: the team; the team and text beyond 500 characters; nothing."""
    index_lag: float = 0.0
    """A-08: seconds until a query sees a write; `get` sees it at once."""
    absent_record: Literal["error", "empty"] = "error"
    """A-09: get and delete of a missing id: 50009, or errorCode 0 without data."""
    batch_failure: Literal["all_or_nothing", "per_id"] = "all_or_nothing"
    """A-10: one bad id refuses the batch, or the good ones are done and errorCode is 0."""
    voidable: Literal["normal", "normal_and_ineffective"] = "normal"
    """A-11: which life_status may be voided."""
    denial_code: Literal[50009, 20014, 15003] = 50009
    """A-12: errorCode of a missing permission."""
    void_approval: Literal["off", "starts", "error"] = "off"
    """A-13: an invalid call voids at once, starts an approval, or is refused because one is needed."""
    cascade: Literal["all", "none", "refuse_delete"] = "all"
    """A-14: details follow their master, or stay, or stop its deletion while they live."""
    unknown_operator: Literal["ignored", "error"] = "ignored"
    """A-15: a filter with an unknown operator matches everything, or is refused with 32000."""
    path_families: Literal["preset_anywhere", "strict", "any"] = "strict"
    """A-16: which objects the custom paths take: only `__c` for the verbs that the vendor keeps for them, or more."""
    describe_details: bool = False
    """A-17: `includeDetail` adds `data.detailDescribe`."""
    field_names: Mapping[str, str] = field(default_factory=dict)
    """A-18: a tenant's own names for the invented fields, e.g. {"amount__c": "contract_amount__c"}; seeds anew."""
    missing_user_code: Literal[20017, 10010] = 20017
    """A-19: errorCode where the acting user is missing."""
    over_rate_code: Literal[30004, 14001] = 30004
    """A-20: errorCode of an endpoint that is called too often."""
    over_token_rate_code: Literal[14001, 30004] = 14001
    """A-20: errorCode of the token call over its limit."""
    ip_allowed: bool = True
    """A-21: whether the caller's address is on the allow-list."""
    ip_denied_code: Literal[15003, 20022] = 15003
    """A-21: errorCode where it is not."""
    bin_days: int = 0
    """A-22: days after which a voided record is gone; 0 = never."""
    presigned_urls: bool = True
    """A-23: whether getPresignedUrl works; 50009 where not."""
    details_shape: Literal["list_or_map", "list"] = "list_or_map"
    """A-24: whether `details` of a create may hold one row as a map."""
    events: Literal["off", "all", "no_void"] = "off"
    """A-25: which changes raise an event callback."""
    void_marks: Literal["voider", "nobody", "system"] = "voider"
    """A-29: whether a void sets who changed the record last and when, leaves both, or is followed by a workflow."""
    get_voided: Literal["shown", "refused"] = "shown"
    """A-30: whether a voided record can be read by its id."""
    voided_is_deleted: bool = True
    """A-26: whether a voided row says `is_deleted: true`."""
    rate_scope: Literal["tenant", "app", "user"] = "tenant"
    """A-27: what shares one window per path."""
    quota_zone: Literal["UTC+8", "UTC"] = "UTC+8"
    """A-28: where the midnight is at which the daily quota starts anew."""

    bin_capacity: int = 0
    """Voided records of one object that are kept; one more pushes out the oldest for good. 0 = no limit."""
    window: Literal["sliding", "fixed"] = "sliding"
    """Whether a rate window slides or starts on the clock's multiples."""
    calls_per_window: int = 100
    """Calls per endpoint in one window; 0 = no limit."""
    window_seconds: float = 20.0
    """Length of the rate window."""
    token_calls_per_minute: int = 10
    """Token calls in 60 s; 0 = no limit."""
    daily_quota: int = 100_000
    """Calls per tenant and day; 0 = no pack bought (30003)."""
    multiple_of_limit: bool = True
    """Refuse an offset that is not a multiple of the limit."""
    extend_info: bool = True
    """Add the `__r` keys (label, name) next to options, lookups and persons."""
    person_labels: Literal["map", "list", "text"] = "map"
    """Whether `__r` beside a person is a map, a list of maps, or the name; `__l` is always a list of maps."""
    auto_number: bool = False
    """The contract's name is an auto number instead of text."""
    legacy_contract_active: bool = False
    """Whether the legacy ContractObj is active."""
    custom_records: int = 50
    """Records of the contract object that is not the main one; seeds anew."""
    renewal_seconds: float = 0.0
    """Seconds that the gateway takes for a token."""
    hidden_fields: tuple[str, ...] = ()
    """Fields that the acting user may not see: silently absent from every record."""
    hidden_described: bool = True
    """Whether the description of an object lists them all the same."""
    hidden_objects: tuple[str, ...] = ()
    """Objects that the acting user may not see: they answer with nothing, and no names of their records are given."""
    trims_texts: bool = False
    """Whether blanks at both ends of a written text are cut off."""
    scales_amounts: bool = False
    """Whether an amount is kept with six decimals: 1000.25 as 1000.250000."""
    own_create_time: bool = False
    """Whether a create sets its own time although another is stated."""
    field_labels: Mapping[str, str] = field(default_factory=dict)
    """Other labels for fields of the contract object, e.g. {"status__c": "所处阶段"}."""


RESEEDING = frozenset({"field_names", "custom_records", "auto_number"})
"""Switches that take effect by seeding anew."""


def turned(switches: Switches, name: str, value: object) -> Switches:
    """Return `switches` with one of them moved. ValueError with a sentence for an unknown name or value."""
    hints: Mapping[str, Any] = get_type_hints(Switches)
    if name not in {item.name for item in fields(Switches)}:
        raise ValueError(_("there is no switch {name}").format(name=name))
    try:
        return replace(switches, **{name: _read(hints[name], value)})
    except (TypeError, ValueError) as wrong:
        raise ValueError(_("switch {name} cannot be {value}").format(name=name, value=value)) from wrong


def _read(hint: Any, value: Any) -> Any:
    if get_origin(hint) is Literal:
        return next(choice for choice in get_args(hint) if str(choice) == str(value)) if _known(hint, value) else _no()
    if hint is bool:
        texts = {"true": True, "false": False, "1": True, "0": False, "on": True, "off": False}
        return texts[str(value).lower()] if str(value).lower() in texts else _no()
    if hint in (int, float):
        return hint(value)
    if get_origin(hint) is tuple:
        return tuple(value.split(",")) if isinstance(value, str) else tuple(str(item) for item in value)
    return {str(key): str(name) for key, name in dict(value).items()}


def _known(hint: Any, value: Any) -> bool:
    return str(value) in {str(choice) for choice in get_args(hint)}


def _no() -> Any:
    raise ValueError
