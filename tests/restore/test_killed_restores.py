"""A restore that breaks at a call, in a tenant that keeps things oddly. Killed everywhere: sweeps/restore_sweep.py."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.domain.capabilities import Step
from crm_bridge.failpoints import FailpointError, arm
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from sweeps.heavy_contract import Load, belongings, load

from .conftest import Tenant

LAG = 8.0
POINTS = {"zoho": 12, "fxiaoke": 4}
"""Calls that create something, at least, in the restore of one contract."""
ODD: dict[str, list[tuple[str, dict[str, object]]]] = {
    "zoho": [
        ("switch", {"name": "trim_texts", "value": True}),
        ("rule", {"field": "Description", "default": "as ever"}),
    ],
    "fxiaoke": [
        ("switch", {"name": "trims_texts", "value": True}),
        ("switch", {"name": "scales_amounts", "value": True}),
        ("switch", {"name": "own_create_time", "value": True}),
        ("rule", {"field": "remark__c", "default": "如常"}),
    ],
}
TITLE = {"zoho": "Name", "fxiaoke": "title__c"}


@pytest.fixture(autouse=True)
def _disarmed() -> object:
    yield
    arm(None)


def _restored(bridge: Bridge, tenant: Tenant, run: str) -> list[RestoreStep]:
    """Restore as against a real CRM, whose queries lag behind what is written."""
    crm = bridge.connect(tenant.crm.name)
    crm.__dict__["context"] = replace(crm.context, policy=replace(crm.context.policy, copy_seconds=30.0))
    return crm.restore(run)


def test_a_restore_that_breaks_anywhere_brings_everything_back_once(tenant: Tenant) -> None:
    for command, arguments in ODD[tenant.name]:
        tenant.emulator.control(command, arguments)
    dice = random.Random(7)
    places = [
        f"call.create.{dice.choice(('before', 'after'))}:{dice.randint(1, POINTS[tenant.name])}" for _n in range(1)
    ]
    for one, place in zip(tenant.ids(), ["call.create.after:1", *places], strict=False):
        load(tenant.emulator, one, Load(rows=6, with_files=2))
        tenant.emulator.control("edit", {"id": one, "field": TITLE[tenant.name], "value": f"blanks {one}  "})
        was, others = belongings(tenant.emulator, one), set(tenant.ids()) - {one}
        run = tenant.removed(one, step=Step.PURGE)
        if tenant.name == "fxiaoke":
            tenant.emulator.control("switch", {"name": "index_lag", "value": LAG})
        with tenant.with_switch(f"{place}:raise") as dying, suppress(FailpointError):
            _restored(dying, tenant, run.id)
        arm(None)
        with tenant.again() as bridge:
            (step,) = _restored(bridge, tenant, run.id)
        tenant.emulator.control("switch", {"name": "index_lag" if tenant.name == "fxiaoke" else "read_lag", "value": 0})
        assert (step.result, len(set(tenant.ids()) - others)) == ("restored", 1), (place, step)
        assert step.new_ref is not None
        now = belongings(tenant.emulator, step.new_ref.id)
        assert now - was == Counter(), (place, "made twice")
        assert {thing for thing in was - now if not thing.startswith("line scanned, file")} == set(), place
