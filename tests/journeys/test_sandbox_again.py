"""A sandbox that is started again: other ports, the same state directory, nothing left over that gets in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.sandbox.serve import SandboxOptions, sandbox


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_a_state_directory_works_with_the_sandbox_that_was_started_last(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    addresses = set()
    for _start in range(3):
        with sandbox(SandboxOptions(home=home, count=20, only=(name,))) as running:
            addresses.add(running.ready()[name]["base_url"])
            with Bridge.open(home, environ={}) as bridge:
                crm = bridge.connect(f"{name}-sandbox")
                plan = crm.plan(ids=[next(iter(crm.find("everything"))).id])
                assert crm.apply(plan, confirm=plan.digest).exit_code == 0
    assert len(addresses) > 1
