"""Who is signed in, which org it is, and what the user's profile allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_bridge.domain.capabilities import Support
from crm_bridge.errors import CrmBridgeError, MalformedAnswerError, PermissionDeniedError
from crm_bridge.i18n import _
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.module.metadata import ZohoModule
from crm_bridge_zoho.wire import id_text, list_of

PATHLESS = frozenset({"INVALID_URL_PATTERN", "INVALID_REQUEST_METHOD"})
"""Codes of an edition or environment of Zoho that has no such path."""


def is_tolerable(error: CrmBridgeError) -> bool:
    """Return whether what was refused is merely nice to know; an answer that cannot be trusted never is."""
    return isinstance(error, PermissionDeniedError) or error.vendor_code in PATHLESS


def is_hidden(error: CrmBridgeError) -> bool:
    """Return whether a module or a list does not show to this user, or is not there in this account."""
    return is_tolerable(error) or error.reason == "module"


@dataclass(frozen=True, slots=True)
class User:
    """The signed-in user."""

    id: str
    name: str
    profile_id: str


@dataclass(frozen=True, slots=True)
class Org:
    """The Zoho org behind the token."""

    id: str
    name: str
    type: str
    currency: str
    edition: str
    hipaa: bool


@dataclass(frozen=True, slots=True)
class Rights:
    """What the profile says about deleting in one module."""

    delete: Support
    mass_delete: Support
    recycle_bin: Support
    create: Support = Support.UNPROVEN


UNKNOWN_RIGHTS = Rights(Support.UNPROVEN, Support.UNPROVEN, Support.UNPROVEN)


def read_user(client: ZohoClient) -> User:
    """Return the user whose token this is."""
    answer = client.read("/crm/v8/users", "GET /crm/v8/users", params={"type": "CurrentUser"})
    raw = _first(list_of(answer, "users"), "users")
    profile = raw.get("profile")
    name = raw.get("full_name") or " ".join(str(raw[key]) for key in ("first_name", "last_name") if raw.get(key))
    return User(
        id_text(raw.get("id")),
        str(name or raw.get("email") or ""),
        id_text(profile.get("id")) if isinstance(profile, Mapping) else "",
    )


def read_org(client: ZohoClient) -> Org:
    """Return the org; its `type` tells a sandbox from production."""
    raw = _first(list_of(client.read("/crm/v8/org", "GET /crm/v8/org"), "org"), "org")
    kind = str(raw.get("type") or "")
    licence = raw.get("license_details")
    return Org(
        id=id_text(raw.get("zgid") or raw.get("id")),
        name=str(raw.get("company_name") or ""),
        type=kind if kind in ("production", "sandbox", "developer") else "unknown",
        currency=str(raw.get("iso_code") or ""),
        edition=str(licence.get("paid_type") or "") if isinstance(licence, Mapping) else "",
        hipaa=raw.get("hipaa_compliance_enabled") is True,
    )


def read_rights(client: ZohoClient, user: User, module: ZohoModule) -> Rights:
    """Return the profile's rights; unproven when Zoho does not show the profile to this user."""
    if not user.profile_id:
        return UNKNOWN_RIGHTS
    try:
        answer = client.read(f"/crm/v8/settings/profiles/{user.profile_id}", "GET /crm/v8/settings/profiles/{id}")
        profiles = list_of(answer, "profiles")
    except CrmBridgeError as error:
        if is_tolerable(error):
            return UNKNOWN_RIGHTS
        raise
    details = profiles[0].get("permissions_details") if profiles else None
    listed = [one for one in details if isinstance(one, Mapping)] if isinstance(details, list) else []
    return Rights(
        delete=_right(listed, "Delete", module),
        mass_delete=_right(listed, "Mass_Delete", module),
        recycle_bin=_bin_right(listed),
        create=_right(listed, "Create", module),
    )


def _right(details: list[Mapping[str, Any]], right: str, module: ZohoModule) -> Support:
    """Find the permission by its documented name, else by module and label."""
    names = {f"Crm_Implied_{right}_{module.internal_name}", f"Crm_Implied_{right}_{module.api_name}"}
    named = [one for one in details if str(one.get("name")) in names]
    if not named:
        label = right.replace("_", " ").casefold()
        named = [
            one
            for one in details
            if one.get("module") == module.api_name and str(one.get("display_label")).casefold() == label
        ]
    return _support(named)


def _bin_right(details: list[Mapping[str, Any]]) -> Support:
    """Find the permission for the recycle bin by its words: no source names it."""
    words = (" ".join(str(one.get(key) or "") for key in ("name", "display_label")) for one in details)
    plain = [text.replace("_", " ").casefold() for text in words]
    return _support([one for one, text in zip(details, plain, strict=True) if "recycle bin" in text])


def _support(named: list[Mapping[str, Any]]) -> Support:
    if not named:
        return Support.UNPROVEN
    return Support.FULL if any(one.get("enabled") is True for one in named) else Support.ABSENT


def _first(listed: list[Mapping[str, Any]], what: str) -> Mapping[str, Any]:
    if not listed:
        raise MalformedAnswerError(_("Zoho's answer has no {name}").format(name=what), reason="shape", vendor="zoho")
    return listed[0]
