"""How many calls a journey costs: counted, not timed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from crm_bridge.domain.capabilities import Step
from crm_bridge.spi.adapter import LookDepth, Query, RemoveOptions


def test_a_thousand_preset_contracts_with_lines_take_at_most_1150_calls(mount: Any) -> None:
    rig = mount(count=1000)
    adapter = rig.connect()
    profile = adapter.whoami()
    contracts = [one for page in adapter.find(Query()).pages for one in page.contracts]
    refs = [one.ref for one in contracts]
    assert len(refs) == 1000
    for start in range(0, 1000, profile.limits.snapshot_batch):
        batch = refs[start : start + profile.limits.snapshot_batch]
        assert [one.ref for one in adapter.snapshot(batch)] == batch
    for start in range(0, 1000, profile.limits.trash_batch):
        batch = refs[start : start + profile.limits.trash_batch]
        adapter.locate(batch, look=LookDepth.LIVE)
        adapter.remove(Step.TRASH, batch, options=RemoveOptions())
    for start in range(0, 1000, profile.limits.locate_batch):
        adapter.locate(refs[start : start + profile.limits.locate_batch], look=LookDepth.EVERYWHERE)
    calls = Counter(line.path for line in rig.emulator.ledger())
    assert calls["/cgi/crm/v2/data/invalid"] == 1000
    assert calls["/cgi/corpAccessToken/get/V2"] == 1
    assert sum(calls.values()) <= 1150, calls
