"""The front door: open a state directory, connect to a CRM, find, plan, apply, restore."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_bridge.bridge.bridge import Bridge
    from crm_bridge.bridge.connection import Connection, Details
    from crm_bridge.bridge.results import Plan, Receipt, Run, RunItem

_HOMES = {
    "Bridge": "bridge",
    **dict.fromkeys(("Connection", "Details"), "connection"),
    **dict.fromkeys(("Plan", "Receipt", "Run", "RunItem"), "results"),
}

__all__ = ["Bridge", "Connection", "Details", "Plan", "Receipt", "Run", "RunItem"]


def __getattr__(name: str) -> object:
    """Load a name from its module on first use (PEP 562): who opens a bridge need not know what a run gives."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
