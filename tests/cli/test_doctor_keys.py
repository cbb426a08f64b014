"""`doctor` names the keys of contracts that neither metadata nor the vendor's own list explains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.bridge.setup.doctor import Doctor
from crm_bridge.clock import ManualClock
from crm_bridge.sandbox.serve import SandboxOptions, sandbox


@pytest.mark.parametrize(("key", "level"), [("", "ok"), ("mystery", "warning"), ("owner__l", "ok")])
def test_only_keys_that_nobody_describes_are_named(tmp_path: Path, key: str, level: str) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=8, only=("fxiaoke",)), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        emulator: Any = running.servers["fxiaoke"].exchange.emulator
        for row in emulator.world.tables[emulator.world.main_object].rows.values():
            row |= {key: "a value"} if key else {}
        (found,) = [one for one in Doctor(bridge, "fxiaoke-sandbox").run() if one.check == "keys"]
    assert (found.level, bool(key) and key in found.says) == (level, level == "warning")
    assert "a value" not in found.says
