"""Where the CRM starts an approval instead of deleting, the contract is pending, with the flow and whom to ask."""

from __future__ import annotations

from crm_bridge.domain.lifecycle import Outcome
from tests.journeys.conftest import House


def test_a_void_that_needs_an_approval_is_pending_until_somebody_decides(house: House) -> None:
    tenant = house.tenant("fxiaoke")
    tenant.switch("void_approval", "starts")
    chosen = tenant.ids()[:2]
    plan = tenant.crm.plan(ids=chosen)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert [(item.contract.id, item.outcome) for item in run] == [(one, Outcome.PENDING) for one in sorted(chosen)]
    assert all("waiting for" in item.remark for item in run)
    assert run.exit_code == 3
    assert {tenant.place(one) for one in chosen} == {"live"}
    for record_id, decision in zip(chosen, ("approve", "reject"), strict=True):
        assert "error" not in tenant.emulator.control(decision, {"id": record_id})
    later = {item.contract.id: item.outcome for item in tenant.crm.verify(run.id)}
    assert later == {chosen[0]: Outcome.REMOVED, chosen[1]: Outcome.REFUSED}
    assert tenant.place(chosen[1]) == "live"
    sent = len(tenant.removals())
    assert {item.contract.id: item.outcome for item in tenant.crm.resume(run.id)} == later
    assert len(tenant.removals()) == sent
