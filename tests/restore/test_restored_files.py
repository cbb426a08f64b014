"""Files of a contract that is created again: read back once, and never called the same when they are not."""

from __future__ import annotations

import re

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.sandbox.faults import FaultRule, Match

from .conftest import Tenant

DOWNLOADS = {"zoho": r"GET .*(Attachments/\d+|download_fields_attachment).*", "fxiaoke": r"POST /media/download"}


def downloads(tenant: Tenant) -> int:
    lines = (f"{line.method} {line.path}" for line in tenant.emulator.ledger())
    return sum(re.fullmatch(DOWNLOADS[tenant.name], line) is not None for line in lines)


def test_a_restore_downloads_each_file_once(tenant: Tenant) -> None:
    run = tenant.removed(*tenant.ids()[:4], step=Step.PURGE)
    before = downloads(tenant)
    steps = tenant.crm.restore(run.id)
    files = sum(step.measured.files for step in steps if step.measured)
    assert {step.route for step in steps} == {Route.RECREATE}
    assert files > 0
    assert downloads(tenant) - before == files


def test_a_file_that_arrived_damaged_is_a_difference_worse_than_promised(tenant: Tenant) -> None:
    run = tenant.removed(*tenant.ids()[:4], step=Step.PURGE)
    method, _blank, path = DOWNLOADS[tenant.name].partition(" ")
    other = {"text": "other bytes", "content_type": "application/octet-stream"}
    rule = FaultRule("answer", Match(method=method, pattern=path, count=None), other)
    tenant.running.servers[tenant.name].exchange.faults.replace([rule])
    measured = [step.measured for step in tenant.crm.restore(run.id) if step.measured]
    damaged = [one for one in measured if one.files]
    assert damaged
    for one in damaged:
        assert one.files_equal == 0
        assert "attachments" in [difference.name for difference in one.surprises]
