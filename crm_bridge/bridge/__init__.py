"""The front door: open a state directory, connect to a CRM, find, plan, apply, restore."""

from crm_bridge.bridge.bridge import Bridge
from crm_bridge.bridge.connection import Connection
from crm_bridge.bridge.results import Plan, PlannedContract, Receipt, Run, RunItem

__all__ = ["Bridge", "Connection", "Plan", "PlannedContract", "Receipt", "Run", "RunItem"]
