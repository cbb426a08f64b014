"""纷享销客 passes the exam that every adapter passes."""

from __future__ import annotations

from crm_bridge.testing.conformance import AdapterConformance
from crm_bridge_fxiaoke import ADAPTER


class TestFxiaoke(AdapterConformance):
    spec = ADAPTER
    hide = "hide"
    tells_hidden = True
    halting = ("switch", {"name": "daily_quota", "value": 0})
    show = ("hide", {"hidden": False})
    skew = "skew"
    take_right = ("permission", {"invalid": False})
