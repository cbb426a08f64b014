"""What is promised to this user, what is called restored, and what later entries do to a receipt."""

from __future__ import annotations

import pytest

from crm_bridge.domain.capabilities import Route, Step, Support
from crm_bridge.domain.reasons import Reason
from crm_bridge.spi.emulator import WireRequest, WireResponse

from .conftest import Tenant

ALL: dict[str, bool] = {}
NO_BIN, NO_CREATE = {"recycle_bin": False}, {"create": False}
READ_ONLY = NO_BIN | NO_CREATE


@pytest.mark.parametrize("denied", [ALL, NO_BIN, NO_CREATE, READ_ONLY], ids=["all", "no bin", "no create", "read only"])
@pytest.mark.parametrize("step", [Step.TRASH, Step.PURGE])
def test_no_way_back_is_promised_that_the_restore_then_refuses(
    tenant: Tenant, denied: dict[str, bool], step: Step
) -> None:
    if tenant.name != "zoho":
        pytest.skip("this CRM does not tell beforehand what its user may do")
    one = tenant.ids()[0]
    if step is Step.PURGE and "recycle_bin" in denied:
        pytest.skip("a purge needs the right to the bin")
    run = tenant.removed(one, step=step)
    tenant.emulator.control("profile", denied)
    tenant.bridge.close()
    with tenant.again() as bridge:
        crm = bridge.connect(tenant.crm.name)
        forecast = crm.plan(ids=[tenant.ids()[0]], step=step).head.forecast
        (planned,) = crm.restore(run.id, dry_run=True)
        (told,) = crm.restore(run.id)
    promised = {
        route
        for route, support in ((Route.UNTRASH, forecast.untrash), (Route.RECREATE, forecast.recreate))
        if support is not Support.ABSENT
    }
    assert (planned.route in promised) if planned.route else (planned.result == "not_restored")
    assert told.result == ("restored" if planned.route else "not_restored")


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
