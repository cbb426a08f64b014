"""find, plan, confirm, back up, delete, verify, receipt, restore; seen from the CRM's side."""

from __future__ import annotations

import json

import pytest

from crm_bridge import where
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Evidence, Outcome
from crm_bridge.errors import AmbiguousContractError, NothingMatchedError
from tests.journeys.conftest import Tenant

WHERE = 'status = "Expired"'


def test_a_filtered_set_is_deleted_verified_and_comes_back(tenant: Tenant) -> None:
    before = tenant.ids()
    plan = tenant.crm.plan(WHERE, reason="duplicate import")
    planned = [item.id for item in plan]
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert {item.outcome for item in run} == {Outcome.REMOVED}
    assert {item.evidence for item in run} == {Evidence.E2}
    assert run.exit_code == 0
    assert sorted(set(before) - set(tenant.ids())) == sorted(planned)
    assert {tenant.place(record_id) for record_id in planned} == {"bin"}
    steps = run.receipt().restore()
    assert {step.result for step in steps} == {"restored"}
    assert sorted(tenant.ids()) == sorted(before)


def test_only_the_matching_contracts_are_in_the_plan(tenant: Tenant) -> None:
    found = list(tenant.crm.find(where.status == "Expired"))
    assert found
    assert {contract.status for contract in found} == {"Expired"}
    plan = tenant.crm.plan(where.status == "Expired")
    assert [item.id for item in plan] == [contract.id for contract in found]


def test_a_contract_that_somebody_changed_after_the_plan_is_left_alone(tenant: Tenant) -> None:
    plan = tenant.crm.plan(WHERE)
    changed = next(iter(plan)).id
    tenant.edit(changed)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    held = [(item.contract.id, item.reason) for item in run if item.outcome is Outcome.HELD]
    assert held == [(changed, "changed_since_plan")]
    assert tenant.place(changed) == "live"
    assert run.exit_code == 3


def test_one_contract_is_deleted_by_its_number(tenant: Tenant) -> None:
    number = next(iter(tenant.crm.find(WHERE))).number or ""
    run = tenant.crm.delete(number, confirm=lambda plan: plan.phrase)
    assert [(item.contract.number, item.outcome) for item in run] == [(number, Outcome.REMOVED)]


def test_two_contracts_with_one_number_are_never_guessed(tenant: Tenant) -> None:
    first, second = list(tenant.crm.find(WHERE))[:2]
    tenant.edit(second.id, "number", first.number)
    with pytest.raises(AmbiguousContractError) as caught:
        tenant.crm.delete(first.number or "", confirm=lambda plan: plan.phrase)
    assert set(caught.value.candidates) == {first.id, second.id}
    assert tenant.removals() == []


def test_an_empty_selection_is_not_a_plan(tenant: Tenant) -> None:
    with pytest.raises(NothingMatchedError) as caught:
        tenant.crm.plan('status = "Expired" and amount < 0')
    assert caught.value.exit_code == 8


def test_a_purge_goes_through_the_bin_and_comes_back_as_new_records(tenant: Tenant) -> None:
    chosen = [contract.id for contract in tenant.crm.find(WHERE)][:3]
    plan = tenant.crm.plan(ids=chosen, step=Step.PURGE)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert [(item.outcome, item.evidence) for item in run] == [(Outcome.REMOVED, Evidence.E3)] * 3
    assert {tenant.place(record_id) for record_id in chosen} == {"gone"}
    steps = run.receipt().restore()
    assert [step.result for step in steps] == ["restored"] * 3
    new = {step.new_ref.id for step in steps if step.new_ref}
    assert len(new) == 3
    assert not new & set(chosen)
    assert new <= set(tenant.ids())


def test_a_deletion_by_somebody_else_is_not_claimed(tenant: Tenant) -> None:
    plan = tenant.crm.plan(WHERE)
    gone = next(iter(plan)).id
    tenant.emulator.control("delete", {"id": gone})
    run = tenant.crm.apply(plan, confirm=plan.digest)
    said = {item.contract.id: item.outcome for item in run}
    assert said.pop(gone) is Outcome.ALREADY_ABSENT
    assert set(said.values()) == {Outcome.REMOVED}


def test_a_receipt_lists_every_contract_and_says_what_it_does_not_cover(tenant: Tenant) -> None:
    plan = tenant.crm.plan(WHERE)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    receipt = run.receipt()
    said = receipt.statement["predicate"]
    assert said["lines"]["count"] == plan.count
    assert [line["record"] for line in receipt.lines()] == [item.id for item in plan]
    assert len(said["notCovered"]) == 4
    assert receipt.path is not None
    assert json.loads(receipt.path.read_text()) == receipt.envelope


def test_contracts_keep_every_field_of_the_vendor(tenant: Tenant) -> None:
    # One of the CRMs leaves parts out of its lists, which its profile warns about; not here.
    tenant.emulator.control("switch", {"name": "list_rows", "value": "full"})
    contract = next(iter(tenant.crm.find(WHERE)))
    stored = tenant.emulator.control("record", {"id": contract.id})["record"]
    shown = tenant.crm.show(contract.id)
    assert set(json.loads(shown.snapshot.record)) >= {
        name for name, value in stored.items() if value and name[0] != "$"
    }


def test_chinese_text_finds_and_is_planned(tenant: Tenant) -> None:
    found = list(tenant.crm.find(where.customer.contains("有限公司")))
    assert found
    assert all("有限公司" in (contract.customer or "") for contract in found)
    assert tenant.crm.plan('customer ~ "有限公司"').count == len(found)
