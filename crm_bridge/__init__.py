"""One safe, provable, reversible way to delete contracts in external CRMs.

Everything public is exported from here and loaded when first used, so that `import crm_bridge` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Connection
    from crm_bridge.domain.capabilities import Route, Step
    from crm_bridge.domain.contract import Contract, ContractRef
    from crm_bridge.domain.filter_syntax import parse_filter
    from crm_bridge.domain.filters import Filter, all_of
    from crm_bridge.domain.lifecycle import Evidence, Outcome
    from crm_bridge.domain.plan import DeletionPlan
    from crm_bridge.domain.where import where
    from crm_bridge.errors import CrmBridgeError

_HOMES = {
    "Bridge": "crm_bridge.bridge",
    "Connection": "crm_bridge.bridge",
    "Contract": "crm_bridge.domain.contract",
    "ContractRef": "crm_bridge.domain.contract",
    "CrmBridgeError": "crm_bridge.errors",
    "DeletionPlan": "crm_bridge.domain.plan",
    "Evidence": "crm_bridge.domain.lifecycle",
    "Filter": "crm_bridge.domain.filters",
    "Outcome": "crm_bridge.domain.lifecycle",
    "Route": "crm_bridge.domain.capabilities",
    "Step": "crm_bridge.domain.capabilities",
    "all_of": "crm_bridge.domain.filters",
    "parse_filter": "crm_bridge.domain.filter_syntax",
    "where": "crm_bridge.domain.where",
}

__all__ = [
    "Bridge",
    "Connection",
    "Contract",
    "ContractRef",
    "CrmBridgeError",
    "DeletionPlan",
    "Evidence",
    "Filter",
    "Outcome",
    "Route",
    "Step",
    "__version__",
    "all_of",
    "parse_filter",
    "where",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
