"""The settings of a 纷享销客 connection; every open question about the vendor is a switch with a default."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crm_bridge.i18n import _
from crm_bridge.transport.origins import is_loopback
from crm_bridge_fxiaoke.module.clouds import CLOUDS
from crm_bridge_fxiaoke.module.questions import QUESTIONS

MEANINGS = ("number", "title", "customer", "status", "amount", "currency", "start", "end", "owner")


class Assumptions(BaseModel):
    """What the vendor does not publish, one switch or two per question of `questions.QUESTIONS`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_query_limit: int = Field(100, ge=1, le=1000)
    """A-01: rows asked for per query; what the CRM really returns is believed, not this."""
    query_total: Literal["exact", "estimate", "none"] = "exact"
    """A-02: whether `total` of a query that asks for it can be compared with the rows that came."""
    max_batch_ids: int = Field(20, ge=1, le=500)
    """A-03: ids per delete, recover and bulk invalid."""
    id_conversion: Literal["stated", "vendor_default"] = "stated"
    """A-04: say in every call how persons and files are to be written, or rely on the default of the style."""
    send_trace_id: bool = True
    """A-05: send a fresh `thirdTraceId` with every call."""
    query_invalid_rows: Literal["returned", "omitted", "with_filter"] = "returned"
    """A-06: whether a query returns voided rows that it does not exclude: yes, never, or if it names life_status."""
    snapshot_by: Literal["query", "get"] = "query"
    """A-07: whether the rows of a query are whole, or every record is read by `get` as well (one call each)."""
    index_lag: float = Field(0.0, ge=0, le=600)
    """A-08: seconds until a query sees a write; for that long, `get` is asked as well."""
    absent_record: Literal["either", "error", "empty"] = "either"
    """A-09: how `get` says "not there": an error of the known texts, no data, or either."""
    batch_failure: Literal["all_or_nothing", "per_id"] = "all_or_nothing"
    """A-10: what a refused batch proves: that none of its ids was done, or nothing."""
    voidable: Literal["normal", "normal_and_ineffective"] = "normal"
    """A-11: which life_status may be voided."""
    denial_code: Literal[50009, 20014, 15003] = 50009
    """A-12: the errorCode of "no right to this record"; the other two speak of the whole app and stop a run."""
    void_approval: Literal["possible", "never"] = "possible"
    """A-13: whether `in_change` after a void is looked up as an approval."""
    cascade: Literal["all", "none", "refuse_delete"] = "all"
    """A-14: details follow their contract into the bin and back, or stay, or stop its deletion while they live."""
    verify_details: bool = False
    """A-14: look after a void whether details still live (one call per 100 contracts and detail object)."""
    unknown_operator: Literal["ignored", "error"] = "ignored"
    """A-15: what a filter operator does that an object does not know; `ignored` makes us test every row again."""
    path_families: Literal["by_name", "custom", "preset"] = "by_name"
    """A-16: which paths objects are reached by: `__c` on the custom ones, or all objects on one family."""
    bulk_invalid: Literal["never", "custom", "all"] = "custom"
    """A-16: use the bulk void of the custom path: for custom objects, or (unproven) for preset ones too, or never."""
    describe_details: bool = False
    """A-17: the description of the contract object brings those of its details, or each is asked for by itself."""
    field_names: Literal["recognised", "stated"] = "recognised"
    """A-18: amount, status and so on are recognised by name, type and label, or only what `fields` names counts."""
    missing_user_code: Literal[20017, 10010] = 20017
    """A-19: the errorCode that means a missing acting user even where its text does not name one."""
    over_rate_code: Literal[30004, 14001] = 30004
    """A-20: the errorCode of a full window of one interface (wait 20 s); the other one waits a minute."""
    over_token_rate_code: Literal[14001, 30004] = 14001
    """A-20: the errorCode of too many token calls (wait a minute); the other one waits 20 s."""
    ip_denied_code: Literal[15003, 20022] = 15003
    """A-21: the errorCode whose advice is to look at the app's IP allow-list."""
    bin_days: int = Field(0, ge=0)
    """A-22: days after which a voided record is purged by the CRM; 0 = not known."""
    download_by: Literal["media", "presigned"] = "media"
    """A-23: fetch files through media/download, or through signed addresses (on hosts of this connection only)."""
    details_in_create: Literal["together", "separate"] = "together"
    """A-24: re-create details in the call of their contract, or one by one afterwards."""
    events: Literal["off", "all", "no_void"] = "off"
    """A-25: which of our changes raise an event callback at subscribers; the plan warns of them."""
    voided_is_deleted: bool = True
    """A-26: whether `is_deleted` means voided: a row that says so and is not voided is then not believed."""
    rate_scope: Literal["tenant", "app", "user"] = "tenant"
    """A-27: who shares the window of an interface with us; a refusal for its rate says whom to look for."""
    quota_zone: Literal["UTC+8", "UTC"] = "UTC+8"
    """A-28: where the midnight is at which the daily quota starts anew."""

    @property
    def voidable_states(self) -> frozenset[str]:
        """Return the life_status values in which the CRM voids."""
        return frozenset({"normal"} if self.voidable == "normal" else {"normal", "ineffective"})

    def stated(self, *, but: Collection[str] = ()) -> tuple[str, ...]:
        """Return every switch as `question name=value`, in order, without the questions that do not arise."""
        asked = (one for one in QUESTIONS if one.id not in but)
        return tuple(f"{one.id} {name}={self._shown(name)}" for one in asked for name in one.settings)

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        return str(value).lower() if isinstance(value, bool) else str(value)


class FxiaokeSettings(BaseModel):
    """One connection to a 纷享销客 tenant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cloud: Literal["fenxiang", "huawei", "aliyun", "frankfurt", "hongkong", "north-america"] = "fenxiang"
    base_url: str = ""
    """Address of a private deployment or a sandbox; replaces `cloud`."""
    object: str = Field("", pattern=r"^[A-Za-z0-9_]{0,80}$")
    """Api name of the contract object; found by describe when empty."""
    auth: Literal["corp_token", "app_secret"] = "app_secret"
    """Older style (token, tenant and user in the body) or newer style (in headers). Never both in one call."""
    fields: dict[str, str] = Field(default_factory=dict)
    """Overrides of the field map, e.g. `amount = "contract_amount__c"`."""
    missing_fields: Literal["unknown", "empty"] = "unknown"
    """What a field means that a record lacks, where nothing shows it to be empty: not known, or empty."""
    related: bool = True
    """Save records of other objects that reference a contract."""
    neighbours: tuple[str, ...] = ()
    """The only objects to look for such references in; empty = every active object of the tenant."""
    metadata_hours: int = Field(24, ge=0, le=168)
    """How long it is believed of an object that it does not refer to contracts; 0 = it is asked in each process."""
    relink: bool = False
    """Set references of other records to the new id of a re-created contract; otherwise they are only listed."""
    marker_field: str = Field("", pattern=r"^[A-Za-z0-9_]{0,80}$")
    """A text field of the contract object that may keep the marker of a re-created contract."""
    assumptions: Assumptions = Assumptions.model_validate({})

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
            raise ValueError(_("base_url must be an https address"))
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(_("plain http is accepted for 127.0.0.1 and localhost only"))
        if parts.query or parts.fragment:
            raise ValueError(_("base_url must not carry a query"))
        return value.rstrip("/")

    @field_validator("fields")
    @classmethod
    def _known_meanings(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(value) - set(MEANINGS)):
            message = _("fields can be set for {known}; not for {unknown}")
            raise ValueError(message.format(known=", ".join(MEANINGS), unknown=", ".join(unknown)))
        return value

    @model_validator(mode="after")
    def _one_address(self) -> FxiaokeSettings:
        if self.base_url and "cloud" in self.model_fields_set:
            raise ValueError(_("set either cloud or base_url"))
        return self

    @property
    def address(self) -> str:
        """Return the base URL without a slash at the end."""
        return self.base_url or CLOUDS[self.cloud]
