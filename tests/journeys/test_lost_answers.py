"""Answers to a delete that are lost, cut or nonsense: looked for, never sent again, never claimed, never denied."""

from __future__ import annotations

import re

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.sandbox.faults import FaultRule, Match
from tests.journeys.conftest import House, Tenant

REMOVALS = {"zoho": r"/Contracts\?.*ids=|/recycle_bin", "fxiaoke": r"/data/(invalid|delete)"}
METHODS = {"zoho": "DELETE", "fxiaoke": "POST"}
AFTER = ("drop_after", "eof", "cut", "wrong_length", "empty", "malformed", "html", "server_error")
BEFORE = ("drop_before", "reset_before_reading", "server_error", "too_many", "unauthorized")


def go_wrong(house: House, name: str, kind: str, nth: int, *, acts: bool) -> None:
    """Spoil one removal of the run."""
    match = Match(method=METHODS[name], pattern=REMOVALS[name], nth=nth)
    house.running.servers[name].inject(FaultRule(kind, match, {"act": acts}))


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("kind", AFTER)
@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_what_was_done_before_the_answer_was_lost_is_found_and_not_done_again(
    house: House, name: str, kind: str, nth: int
) -> None:
    tenant = house.tenant(name)
    ids = tenant.ids()[:8]
    plan = tenant.crm.plan(ids=ids, step=Step.TRASH)
    go_wrong(house, name, kind, nth, acts=True)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert house.running.servers[name].exchange.faults.met()[0] >= nth
    again = tenant.crm.resume(run.id) if not run.info.complete else run
    assert {item.contract.id: item.outcome for item in again} == dict.fromkeys(ids, Outcome.REMOVED)
    removed = [one for kind, one in tenant.removals() if one in set(ids)]
    assert sorted(removed) == sorted(ids)
    assert vain(tenant, name) == []


def vain(tenant: Tenant, name: str) -> list[str]:
    """Return the removals that changed nothing: they were sent for what was gone already."""
    return [
        f"{line.method} {line.path}?{line.query} {line.code}"
        for line in tenant.lines()
        if line.method == METHODS[name] and re.search(REMOVALS[name], f"{line.path}?{line.query}") and not line.effects
    ]


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("kind", BEFORE)
@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_what_was_not_done_is_not_claimed_and_done_once_in_the_end(
    house: House, name: str, kind: str, nth: int
) -> None:
    tenant = house.tenant(name)
    ids = tenant.ids()[:8]
    plan = tenant.crm.plan(ids=ids)
    go_wrong(house, name, kind, nth, acts=False)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    for item in run:
        assert (item.outcome is Outcome.REMOVED) == (tenant.place(item.contract.id) == "bin"), item
    assert house.running.servers[name].exchange.faults.met()[0] >= nth
    house.running.servers[name].inject()
    again = tenant.crm.resume(run.id) if not run.info.complete else run
    assert {item.contract.id: item.outcome for item in again} == dict.fromkeys(ids, Outcome.REMOVED)
    removed = [one for kind, one in tenant.removals() if one in set(ids)]
    assert sorted(removed) == sorted(ids)
