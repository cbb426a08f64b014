"""What an administrator changes between a backup and a restore: people who leave, choices, rules and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import Field, Module


def leave(org: Org, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Deactivate a user, or activate one again: {id, on?}. What is theirs stays theirs."""
    user = str(arguments.get("id", ""))
    org.inactive.discard(user) if arguments.get("on") is False else org.inactive.add(user)
    return {"inactive": sorted(org.inactive)}


def rule(org: Org, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change what a field takes: {field, module?, mandatory?, unique?, retire?, default?}."""
    module: Module = org.modules[str(arguments.get("module") or org.contract_module)]
    field: Field = module.fields[str(arguments.get("field"))]
    changes: dict[str, Any] = {key: arguments[key] for key in ("mandatory", "unique", "default") if key in arguments}
    if "retire" in arguments:
        changes["choices"] = tuple(one for one in field.choices if one != arguments["retire"])
        changes["closed"] = True
    module.fields[field.api_name] = replace(field, **changes)
    return {"field": field.api_name}
