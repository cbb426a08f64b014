"""What is promised to this user, what is called restored, and what later entries do to a receipt."""

from __future__ import annotations

import pytest

from crm_bridge.domain.capabilities import Route, Step, Support
from crm_bridge.domain.reasons import Reason
from crm_bridge.spi.emulator import WireRequest, WireResponse

from .conftest import Tenant

RIGHTS = {
    "zoho": ("profile", {Route.UNTRASH: "recycle_bin", Route.RECREATE: "create"}),
    "fxiaoke": ("permission", {Route.UNTRASH: "recover", Route.RECREATE: "create"}),
}
USERS = {
    "all rights": (),
    "no bin right": (Route.UNTRASH,),
    "no create right": (Route.RECREATE,),
    "read only": (Route.UNTRASH, Route.RECREATE),
}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("step", Step)
def test_no_way_back_is_promised_for_certain_that_the_restore_then_refuses(
    tenant: Tenant, user: str, step: Step
) -> None:
    closed = USERS[user]
    first, second = tenant.ids()[:2]
    run = tenant.removed(first, step=step)
    command, names = RIGHTS[tenant.name]
    tenant.emulator.control(command, {names[route]: False for route in closed})
    tenant.bridge.close()
    with tenant.again() as bridge:
        crm = bridge.connect(tenant.crm.name)
        # Nobody without the right to the bin can plan a purge: what is promised about a new record is the same.
        forecast = crm.plan(ids=[second]).head.forecast
        (planned,) = crm.restore(run.id, dry_run=True)
        (told,) = crm.restore(run.id)
    ways = {Route.UNTRASH: forecast.untrash, Route.RECREATE: forecast.recreate}
    assert all(ways[route] is not Support.FULL for route in closed)
    if step is Step.PURGE:
        del ways[Route.UNTRASH]
    open_ways = set(ways) - set(closed)
    assert told.result == ("restored" if open_ways else "not_restored"), told
    assert told.result == "not_restored" or told.route in open_ways
    if Support.UNPROVEN not in ways.values():
        assert planned.route is (told.route if open_ways else None)


@pytest.mark.parametrize("user", ["no bin right", "read only"])
def test_a_bin_that_is_closed_to_this_user_is_named_with_what_came_instead(tenant: Tenant, user: str) -> None:
    run = tenant.removed(tenant.ids()[0])
    command, names = RIGHTS[tenant.name]
    tenant.emulator.control(command, {names[route]: False for route in USERS[user]})
    with tenant.again() as bridge:
        (told,) = bridge.connect(tenant.crm.name).restore(run.id)
    if user == "read only":
        assert (told.result, told.reason) == ("not_restored", Reason.PERMISSION)
    else:
        assert (told.result, told.warning) == ("restored", Reason.IN_BIN_TOO)


def test_a_restore_that_the_crm_only_says_is_not_called_one(tenant: Tenant) -> None:
    one = tenant.ids()[0]
    run = tenant.removed(one)
    exchange = tenant.running.servers[tenant.name].exchange
    handle = tenant.emulator.handle

    def gone_but_ok(request: WireRequest) -> WireResponse:
        if request.path.endswith(("/actions/restore", "/data/recover")):
            answer = handle(request)
            tenant.emulator.control("delete", {"id": one})
            tenant.emulator.control("purge" if tenant.name == "zoho" else "delete", {"id": one, "purge": True})
            return answer
        return handle(request)

    exchange.emulator.handle = gone_but_ok  # type: ignore[method-assign]
    (step,) = tenant.crm.restore(run.id)
    assert tenant.place(one) == "gone"
    assert (step.result, step.reason, step.new_ref) == ("in_doubt", Reason.NOT_LIVE, None)


def test_a_restore_withdraws_the_receipt_of_what_it_brings_back(tenant: Tenant) -> None:
    one = tenant.ids()[0]
    run = tenant.removed(one)
    assert list(tenant.bridge.withdrawn(run.id)) == []
    tenant.crm.restore(run.id)
    (gone,) = tenant.bridge.withdrawn(run.id)
    assert (gone.record_id, gone.said, gone.now) == (one, "removed", "restored")
    assert gone.entry > (run.info.end_seq or 0)


@pytest.mark.parametrize(("plan_kept", "unique"), [(True, True), (True, False), (False, False)])
def test_a_number_that_another_live_contract_has_meanwhile_is_named_after_one_query(
    tenant: Tenant, plan_kept: bool, unique: bool
) -> None:
    first, second, other = tenant.ids()[:3]
    field = next(one.name for one in tenant.crm.profile().fields if one.meaning == "number")
    if tenant.name == "zoho":
        tenant.emulator.control("rule", {"field": field, "unique": unique})
    elif unique:
        pytest.skip("nothing but a tenant's own rule keeps numbers unique there, and a recover does not ask it")
    run = tenant.removed(first, second)
    number = next(item.contract.number for item in run if item.contract.id == first)
    tenant.emulator.control("edit", {"id": other, "field": field, "value": number})
    if not plan_kept:
        for path in (tenant.home / "plans").glob("*.plan"):
            path.unlink()
    steps = {step.ref.id: step for step in tenant.crm.restore(run.id)}
    if unique:
        # A contract whose number is taken does not leave the bin.
        assert (steps[first].result, steps[first].reason) == ("not_restored", Reason.DUPLICATE)
        return
    assert [steps[one].result for one in (first, second)] == ["restored"] * 2
    assert (steps[first].twins, steps[second].twins) == ((other,), ())


def test_contracts_that_come_back_with_one_number_are_each_other_s_twins(tenant: Tenant) -> None:
    first, second = tenant.ids()[:2]
    field = next(one.name for one in tenant.crm.profile().fields if one.meaning == "number")
    if tenant.name == "zoho":
        tenant.emulator.control("rule", {"field": field, "unique": False})
    for one in (first, second):
        tenant.emulator.control("edit", {"id": one, "field": field, "value": "HT-DOUBLE"})
    run = tenant.removed(first, second)
    assert {step.ref.id: step.twins for step in tenant.crm.restore(run.id)} == {first: (second,), second: (first,)}


def test_a_restore_of_many_contracts_looks_for_their_numbers_once(tenant: Tenant) -> None:
    from crm_bridge.spi.adapter import Query, Search

    run = tenant.removed(*tenant.ids()[:25])
    adapter, asked = tenant.crm.context.adapter, []
    find = adapter.find

    def counted(query: Query) -> Search:
        asked.append(query)
        return find(query)

    adapter.find = counted  # type: ignore[method-assign]
    steps = tenant.crm.restore(run.id)
    assert ([step.result for step in steps], len(asked)) == (["restored"] * 25, 1)


def test_a_whole_module_that_was_purged_is_created_again(tenant: Tenant) -> None:
    everything = tenant.ids()
    run = tenant.removed(*everything, step=Step.PURGE)
    assert tenant.ids() == []
    steps = tenant.crm.restore(run.id)
    assert [one.result for one in steps] == ["restored"] * len(everything)
    # What a purge was held for is still in the bin, and comes back from there.
    assert Route.RECREATE in {one.route for one in steps}
    assert len(tenant.ids()) == len(everything)
