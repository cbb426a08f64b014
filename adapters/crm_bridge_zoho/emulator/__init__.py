"""Zoho CRM on this machine: an emulator of its REST API v8, strict where the real one is."""

from crm_bridge_zoho.emulator.emulator import ZohoEmulator
from crm_bridge_zoho.emulator.switches import Switches

__all__ = ["Switches", "ZohoEmulator"]
