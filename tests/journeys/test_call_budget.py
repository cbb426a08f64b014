"""Calls are what a CRM rations: the whole journey of 1,000 contracts stays within a fixed number of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from crm_bridge.bridge.connection import RaisedCaps
from crm_bridge.domain.lifecycle import Outcome
from tests.journeys.conftest import House, Tenant

EVERYTHING = "everything"
MANY: RaisedCaps = {"max_contracts": 5000, "max_leaves": 100_000, "max_share": 100}


def calls_by_path(tenant: Tenant) -> Counter[str]:
    """Count requests by method and path, ids taken out."""
    return Counter(
        " ".join([line.method, "/".join(part for part in line.path.split("/") if not part.isdigit())])
        for line in tenant.lines()
        if not line.path.startswith("/__sandbox__")
    )


def journey(tenant: Tenant) -> Counter[str]:
    """Find, plan, apply everything; return the calls it took, sign-in and metadata included."""
    plan = tenant.crm.plan(EVERYTHING, **MANY)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.counts == {Outcome.REMOVED: 1000}
    return calls_by_path(tenant)


def test_a_thousand_plain_contracts_of_zoho_take_at_most_40_calls(make_house: Callable[[int], House]) -> None:
    zoho = make_house(1000).tenant("zoho")
    zoho.switch("plain_module", True)
    calls = journey(zoho)
    assert calls.total() <= 34, calls


def test_at_the_command_line_each_of_two_processes_reads_the_metadata_within_the_40_calls(
    make_house: Callable[[int], House],
) -> None:
    house = make_house(1000)
    zoho = house.tenant("zoho")
    zoho.switch("plain_module", True)
    plan = zoho.crm.plan(EVERYTHING, **MANY)
    with house.reopened() as second:
        run = second.connect("zoho-sandbox").apply(plan.path, confirm=plan.digest)
        assert run.counts == {Outcome.REMOVED: 1000}
    calls = calls_by_path(zoho)
    assert calls["GET /crm/v8/users"] == 2
    assert calls.total() <= 40, calls


def test_a_thousand_contracts_with_lines_and_files_of_fxiaoke_take_at_most_1150_calls(
    make_house: Callable[[int], House],
) -> None:
    calls = journey(make_house(1000).tenant("fxiaoke"))
    # A file cannot be had in less than one call.
    assert calls["POST /media/download"] == 19
    assert calls.total() <= 1150, calls


def test_planning_in_one_process_and_applying_in_another_stays_within_1152_calls_of_fxiaoke(
    make_house: Callable[[int], House],
) -> None:
    house = make_house(1000)
    fxiaoke = house.tenant("fxiaoke")
    plan = fxiaoke.crm.plan(EVERYTHING, **MANY)
    with house.reopened() as second:
        run = second.connect("fxiaoke-sandbox").apply(plan.path, confirm=plan.digest)
        assert run.counts == {Outcome.REMOVED: 1000}
    calls = calls_by_path(fxiaoke)
    # Eight looks more than in one piece: contracts are looked at only once the window has room for them.
    assert calls.total() <= 1152, calls
