"""One safe, provable, reversible way to delete contracts in external CRMs.

Everything public is exported from here and loaded when first used, so that `import crm_bridge` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from crm_bridge.version import VERSION

__version__ = VERSION

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Connection, Plan, PlannedContract, Receipt, Run, RunItem
    from crm_bridge.domain.capabilities import Route, Step
    from crm_bridge.domain.contract import Contract, ContractRef
    from crm_bridge.domain.filter_syntax import parse_filter
    from crm_bridge.domain.filters import Filter, all_of
    from crm_bridge.domain.lifecycle import Evidence, Outcome
    from crm_bridge.domain.plan import DeletionPlan
    from crm_bridge.domain.where import where
    from crm_bridge.errors import (
        AmbiguousContractError,
        BackupError,
        ConfirmationError,
        CredentialStoreError,
        CrmBridgeError,
        CrmError,
        FilterSyntaxError,
        GuardError,
        InDoubtError,
        InterruptedRunError,
        JournalError,
        NothingMatchedError,
        PermissionDeniedError,
        SignInError,
        UsageError,
    )

_HOMES = {
    "AmbiguousContractError": "crm_bridge.errors",
    "BackupError": "crm_bridge.errors",
    "Bridge": "crm_bridge.bridge",
    "ConfirmationError": "crm_bridge.errors",
    "Connection": "crm_bridge.bridge",
    "Contract": "crm_bridge.domain.contract",
    "ContractRef": "crm_bridge.domain.contract",
    "CredentialStoreError": "crm_bridge.errors",
    "CrmBridgeError": "crm_bridge.errors",
    "CrmError": "crm_bridge.errors",
    "DeletionPlan": "crm_bridge.domain.plan",
    "Evidence": "crm_bridge.domain.lifecycle",
    "Filter": "crm_bridge.domain.filters",
    "FilterSyntaxError": "crm_bridge.errors",
    "GuardError": "crm_bridge.errors",
    "InDoubtError": "crm_bridge.errors",
    "InterruptedRunError": "crm_bridge.errors",
    "JournalError": "crm_bridge.errors",
    "NothingMatchedError": "crm_bridge.errors",
    "Outcome": "crm_bridge.domain.lifecycle",
    "PermissionDeniedError": "crm_bridge.errors",
    "Plan": "crm_bridge.bridge",
    "PlannedContract": "crm_bridge.bridge",
    "Receipt": "crm_bridge.bridge",
    "Route": "crm_bridge.domain.capabilities",
    "Run": "crm_bridge.bridge",
    "RunItem": "crm_bridge.bridge",
    "SignInError": "crm_bridge.errors",
    "Step": "crm_bridge.domain.capabilities",
    "UsageError": "crm_bridge.errors",
    "all_of": "crm_bridge.domain.filters",
    "parse_filter": "crm_bridge.domain.filter_syntax",
    "where": "crm_bridge.domain.where",
}

__all__ = [
    "AmbiguousContractError",
    "BackupError",
    "Bridge",
    "ConfirmationError",
    "Connection",
    "Contract",
    "ContractRef",
    "CredentialStoreError",
    "CrmBridgeError",
    "CrmError",
    "DeletionPlan",
    "Evidence",
    "Filter",
    "FilterSyntaxError",
    "GuardError",
    "InDoubtError",
    "InterruptedRunError",
    "JournalError",
    "NothingMatchedError",
    "Outcome",
    "PermissionDeniedError",
    "Plan",
    "PlannedContract",
    "Receipt",
    "Route",
    "Run",
    "RunItem",
    "SignInError",
    "Step",
    "UsageError",
    "__version__",
    "all_of",
    "parse_filter",
    "where",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from crm_bridge.platforms import refuse_windows

    refuse_windows()
    return getattr(import_module(_HOMES[name]), name)
