"""What Zoho says about modules, fields and related lists, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.wire import id_text, list_of

NOT_IN_COQL = frozenset(
    {
        "subform",
        "multiselectlookup",
        "multiuserlookup",
        "fileupload",
        "imageupload",
        "profileimage",
        "consent_lookup",
        "event_reminder",
        "time_range",
        "linetax",
        "layout",
        "module",
        "RRULE",
        "ALARM",
        "multireminder",
    }
)
"""Data types that a query cannot select; they come with the record by id, if at all."""
ONLY_BY_ID = frozenset({"subform", "multiselectlookup", "multiuserlookup", "fileupload", "imageupload"})
"""Data types whose values appear only when a record is read by its id."""
COMPUTED = frozenset({"formula", "rollup_summary"})
LOOKUPS = frozenset({"lookup", "ownerlookup", "userlookup", "multi_module_lookup"})
SYSTEM_FIELDS = frozenset(
    {
        "id",
        "Created_By",
        "Modified_By",
        "Created_Time",
        "Modified_Time",
        "Last_Activity_Time",
        "Locked__s",
        "Record_Status__s",
        "Tag",
        "Record_Image",
        "Unsubscribed_Mode",
        "Unsubscribed_Time",
        "Exchange_Rate",
    }
)
"""Fields that Zoho fills itself; a re-created record cannot be given them."""


@dataclass(frozen=True, slots=True)
class ZohoModule:
    """One module as the settings describe it; `profiles` are the ids of the profiles that see it."""

    api_name: str
    label: str
    internal_name: str
    generated_type: str
    api_supported: bool
    deletable: bool | None
    bin_on_delete: bool | None
    profiles: frozenset[str]
    raw: Mapping[str, Any]

    @property
    def is_custom(self) -> bool:
        """Return whether the account made it; where Zoho does not tell, a contract module is taken for one."""
        return self.generated_type in ("custom", "")


@dataclass(frozen=True, slots=True)
class ZohoField:
    """One field of a module."""

    api_name: str
    label: str
    data_type: str
    target: str
    """Module that a lookup points to, or that holds the rows of a subform."""
    writable: bool
    required: bool
    rich_text: bool
    private: bool
    options: tuple[tuple[str, str], ...]
    """(actual value, display value) of a choice."""
    unique: bool = False
    length: int = 0
    """Characters that fit; 0: not told."""
    hidden_from: frozenset[str] = frozenset()
    """Profiles that may not see it, by id."""

    @property
    def in_coql(self) -> bool:
        """Return whether a query can select it."""
        return self.data_type not in NOT_IN_COQL and self.api_name != "Tag" and not self.api_name.startswith("$")


@dataclass(frozen=True, slots=True)
class RelatedList:
    """One related list; `module` is empty for lists that hold no records (mails, for example)."""

    api_name: str
    label: str
    type: str
    module: str
    linking: str


def read_modules(client: ZohoClient) -> tuple[ZohoModule, ...]:
    """Return all modules that this user can see."""
    answer = client.read("/crm/v8/settings/modules", "GET /crm/v8/settings/modules")
    return tuple(_module(raw) for raw in list_of(answer, "modules"))


def read_module(client: ZohoClient, name: str) -> ZohoModule | None:
    """Return one module; None when Zoho says nothing about it."""
    answer = client.read(f"/crm/v8/settings/modules/{name}", "GET /crm/v8/settings/modules/{module}")
    found = list_of(answer, "modules")
    return _module(found[0]) if found else None


def read_fields(client: ZohoClient, module: str) -> tuple[ZohoField, ...]:
    """Return the fields of a module; asked once per client."""
    if module not in client.described:
        answer = client.read("/crm/v8/settings/fields", "GET /crm/v8/settings/fields", params={"module": module})
        client.described[module] = list_of(answer, "fields")
    return tuple(_field(raw) for raw in client.described[module] if isinstance(raw.get("api_name"), str))


def read_related_lists(client: ZohoClient, module: str) -> tuple[RelatedList, ...]:
    """Return the related lists of a module."""
    answer = client.read(
        "/crm/v8/settings/related_lists", "GET /crm/v8/settings/related_lists", params={"module": module}
    )
    return tuple(_related(raw) for raw in list_of(answer, "related_lists") if isinstance(raw.get("api_name"), str))


def _module(raw: Mapping[str, Any]) -> ZohoModule:
    name = str(raw.get("api_name") or "")
    profiles = raw.get("profiles")
    return ZohoModule(
        api_name=name,
        label=str(raw.get("plural_label") or raw.get("singular_label") or name),
        internal_name=str(raw.get("module_name") or name),
        generated_type=str(raw.get("generated_type") or ""),
        api_supported=raw.get("api_supported") is not False,
        deletable=_flag(raw.get("deletable")),
        bin_on_delete=_flag(raw.get("recycle_bin_on_delete")),
        profiles=frozenset(id_text(one.get("id")) for one in profiles if isinstance(one, Mapping))
        if isinstance(profiles, list)
        else frozenset(),
        raw=raw,
    )


def _field(raw: Mapping[str, Any]) -> ZohoField:
    name, data_type = str(raw["api_name"]), str(raw.get("data_type") or "text")
    return ZohoField(
        api_name=name,
        label=str(raw.get("display_label") or raw.get("field_label") or name),
        data_type=data_type,
        target=_target(raw),
        writable=_writable(raw, name, data_type),
        required=raw.get("system_mandatory") is True,
        rich_text=_is_rich(raw),
        private=isinstance(raw.get("private"), Mapping),
        options=_options(raw.get("pick_list_values")),
        unique=bool(raw.get("unique")),
        length=raw["length"] if isinstance(raw.get("length"), int) else 0,
        hidden_from=_hidden_from(raw.get("profiles")),
    )


def _hidden_from(profiles: object) -> frozenset[str]:
    listed = [one for one in profiles if isinstance(one, Mapping)] if isinstance(profiles, list) else []
    return frozenset(id_text(one.get("id")) for one in listed if one.get("permission_type") == "hidden")


def _writable(raw: Mapping[str, Any], name: str, data_type: str) -> bool:
    if name in SYSTEM_FIELDS or data_type in COMPUTED or data_type in ("autonumber", "layout"):
        return False
    operations = raw.get("operation_type")
    if isinstance(operations, Mapping) and operations.get("api_create") is False:
        return False
    return raw.get("read_only") is not True and raw.get("field_read_only") is not True


def _target(raw: Mapping[str, Any]) -> str:
    for key in ("lookup", "subform", "associated_module"):
        part = raw.get(key)
        module = part.get("module") if isinstance(part, Mapping) else None
        if isinstance(module, Mapping) and isinstance(module.get("api_name"), str):
            return str(module["api_name"])
        if isinstance(module, str) and module:
            return module
    return ""


def _is_rich(raw: Mapping[str, Any]) -> bool:
    area = raw.get("textarea")
    return isinstance(area, Mapping) and area.get("type") == "rich_text"


def _options(raw: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(raw, list):
        return ()
    pairs = ((one.get("actual_value"), one.get("display_value")) for one in raw if isinstance(one, Mapping))
    return tuple((str(actual), str(shown if shown is not None else actual)) for actual, shown in pairs if actual)


def _related(raw: Mapping[str, Any]) -> RelatedList:
    name = str(raw["api_name"])
    return RelatedList(
        api_name=name,
        label=str(raw.get("display_label") or name),
        type=str(raw.get("type") or "default"),
        module=_name_in(raw.get("module")),
        linking=_name_in(raw.get("linkingmodule")),
    )


def _name_in(raw: object) -> str:
    if isinstance(raw, Mapping):
        return str(raw.get("api_name") or "")
    return raw if isinstance(raw, str) else ""


def _flag(raw: object) -> bool | None:
    return raw if isinstance(raw, bool) else None
