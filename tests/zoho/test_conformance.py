"""Zoho passes the exam that every adapter passes."""

from __future__ import annotations

from crm_bridge.testing.conformance import AdapterConformance
from crm_bridge_zoho import ADAPTER


class TestZoho(AdapterConformance):
    spec = ADAPTER
    revoke = ("revoke", {})
    take_right = ("profile", {"delete": False})
    hide = "hide"
    show = ("hide", {"on": False})
    merge = "merge"
    halting = ("scopes", {"list": ["ZohoCRM.modules.READ"]})
    skew = "skew"
