"""OAuth scopes: which a call needs, and whether what was granted covers it."""

from __future__ import annotations

from collections.abc import Collection

from crm_bridge_zoho.emulator.state.schema import Module

GRANTED = (
    "ZohoCRM.modules.ALL", "ZohoCRM.settings.ALL", "ZohoCRM.coql.READ", "ZohoSearch.securesearch.READ",
    "ZohoCRM.mass_delete.ALL", "ZohoCRM.bulk.ALL", "ZohoCRM.files.READ", "ZohoCRM.files.CREATE", "ZohoCRM.users.READ",
    "ZohoCRM.org.READ", "ZohoFiles.files.ALL", "ZohoCRM.composite_requests.CUSTOM",
)  # fmt: skip
"""Scopes of the seeded refresh token."""

AREAS = frozenset({
    "modules", "settings", "coql", "mass_delete", "bulk", "files", "users", "org", "composite_requests", "send_mail",
    "change_owner", "notifications", "share",
})  # fmt: skip
_WRITES = frozenset({"create", "update", "delete"})


def known(scope: str) -> bool:
    """Return whether a scope exists."""
    parts = scope.split(".")
    if len(parts) < 3:
        return False
    return (parts[0] == "ZohoCRM" and parts[1] in AREAS) or scope.startswith(("ZohoSearch.", "ZohoFiles."))


def covers(granted: Collection[str], need: str) -> bool:
    """Return whether a scope or a wider one was granted: `ZohoCRM.modules.ALL` covers `ZohoCRM.modules.notes.READ`.

    Names are taken in any case: Zoho's lists of scopes write modules in lower case.
    """
    granted = {each.casefold() for each in granted}
    *stem, operation = need.casefold().split(".")
    operations = {"all", operation} | ({"write"} if operation in _WRITES else set())
    for depth in range(2, len(stem) + 1):
        area = ".".join(stem[:depth])
        if any(f"{area}.{each}" in granted for each in operations):
            return True
    return False


def satisfied(granted: Collection[str], need: str, module: Module | None) -> bool:
    """Return whether the need is met; `{module}` in it means that module, or all custom ones for a custom module."""
    if "{module}" not in need:
        return covers(granted, need)
    names = [module.api_name, *(["custom"] if module.custom else [])] if module else ["custom"]
    return any(covers(granted, need.replace("{module}", name)) for name in names)
