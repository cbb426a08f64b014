"""The front door: open a state directory, connect to a CRM, find, plan, apply, restore.

In reading order:

    bridge           the front door
    state_directory  one state directory
    journal_verbs    its journal: check, export, a new key, begin anew
    connection       what is there, plans for it, and the verbs that carry plans out or take them back
    tenant           the tenant behind a connection
    run_verbs        runs, as verbs of a connection
    restore_verbs    the way back, as verbs of a connection
    environment      open a state directory
    setup/           setting a state directory up
    proving/         proving a connection
    run_reading      a run as the journal tells it, with the names that its kept plan holds
    card             the card of a plan
    way_back         the ways back in a few words
    undo             undoing a run
    wanted           which contracts a call means
    removals         which deletions of this state directory a number or an id means
    receipt_file     a receipt in a file
    waiting          waiting for another process that has the plan or its contracts
    announcements    announcing a plan, and objecting to one of its contracts
    approvals        approvals and the team of a state directory
    plan_result      a plan as scripts and screens get it
    run_result       a run as scripts and screens get it
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_bridge.bridge.bridge import Bridge
    from crm_bridge.bridge.connection import Connection, Details
    from crm_bridge.bridge.plan_result import Plan
    from crm_bridge.bridge.run_result import Receipt, Run, RunItem

_HOMES = {
    "Bridge": "bridge",
    **dict.fromkeys(("Connection", "Details"), "connection"),
    "Plan": "plan_result",
    **dict.fromkeys(("Receipt", "Run", "RunItem"), "run_result"),
}

__all__ = ["Bridge", "Connection", "Details", "Plan", "Receipt", "Run", "RunItem"]


if not TYPE_CHECKING:  # a type checker that saw it would take every misspelt name for one of ours

    def __getattr__(name: str) -> object:
        """Load a name from its module on first use (PEP 562): who opens a bridge need not know what a run gives."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
