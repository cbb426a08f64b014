"""Drift is named field by field: the old value, the new one, who and when; noise by a rule holds nothing."""

from __future__ import annotations

import pytest

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge, Plan, Run
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import UsageError
from tests.journeys.conftest import Tenant
from tests.policy.conftest import Ruled


def test_every_changed_field_is_named_with_both_values(ruled: Ruled) -> None:
    tenant = ruled.under("")
    ids = tenant.ids()[1:4]
    before = {one.id: one for one in tenant.crm.find(ids=ids)}
    plan = tenant.crm.plan(ids=ids)
    tenant.edit(ids[0], "title", "renamed")
    tenant.edit(ids[0], "amount", 4711)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    told = {item.contract.id: item for item in run}
    changed = told[ids[0]]
    assert (changed.outcome, changed.reason) == (Outcome.HELD, Reason.CHANGED_SINCE_PLAN)
    assert f"title: {before[ids[0]].title} → renamed" in changed.remark
    assert f"amount: {before[ids[0]].amount} → 4711" in changed.remark.replace("4711.00", "4711")
    assert [told[i].outcome for i in ids[1:]] == [Outcome.REMOVED] * 2
    journal = b"".join(entry.raw for entry in tenant.crm.context.journal.entries())
    assert b"renamed" not in journal
    assert str(before[ids[0]].title).encode() not in journal


def test_noise_by_a_rule_passes_and_is_named_in_the_plan(ruled: Ruled) -> None:
    title = ruled.under("").field_of("title")
    tenant = ruled.under(f'noise = ["{title}"]')
    ids = tenant.ids()[1:3]
    plan = tenant.crm.plan(ids=ids)
    assert plan.notes.noise == (title,)
    tenant.edit(ids[0], "title", "renamed")
    tenant.edit(ids[1], "amount", 1)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    told = {item.contract.id: (item.outcome, item.remark) for item in run}
    assert told[ids[0]] == (Outcome.REMOVED, "")
    assert told[ids[1]][0] is Outcome.HELD


@pytest.mark.parametrize("meaning", ["number", "status", "amount", "currency", "customer", "start", "end"])
def test_what_makes_a_contract_another_one_is_never_noise(ruled: Ruled, meaning: str) -> None:
    name = ruled.under("").field_of(meaning)
    with pytest.raises(UsageError) as caught:
        ruled.under(f'noise = ["{name}"]').crm.plan("everything")
    assert caught.value.reason == "never_noise"


NEW = {
    "number": "HT-1999-0001",
    "title": "renamed",
    "status": "Terminated",
    "amount": "4711.25",
    "currency": "USD",
    "start": "2019-01-02",
    "end": "2031-02-03",
    "customer": "Acme Tools Ltd",
}
"""A new value for each field of every contract."""
LATE = {"zoho": ("Seats", "Seats", 41), "fxiaoke": ("remark__c", "备注", "called back")}
"""A field of the vendor's own: only a backup keeps its old value."""


def value_of(tenant: Tenant, seeded: list[Contract], meaning: str, wanted: str) -> object:
    """Return a value as the CRM keeps it: a customer by its id."""
    if meaning != "customer":
        return wanted
    theirs = next(one.id for one in seeded if one.customer == wanted)
    return tenant.emulator.control("record", {"id": theirs})["record"][tenant.field_of(meaning)]


def edited(tenant: Tenant, contracts: list[Contract], seeded: list[Contract]) -> list[tuple[Contract, str]]:
    """Give each contract another value of another field; return what has to be said of it."""
    said = []
    for contract, (meaning, value) in zip(contracts, NEW.items(), strict=False):
        tenant.edit(contract.id, meaning, value_of(tenant, seeded, meaning, value))
        said.append((contract, f"{meaning}: {getattr(contract, meaning)} → {value}"))
    return said


def check_told(tenant: Tenant, run: Run, said: list[tuple[Contract, str]]) -> None:
    """Compare what a run says of changed contracts: each field with both values, who changed it and when."""
    told = {item.contract.id: item for item in run}
    for contract, words in said:
        assert (told[contract.id].outcome, told[contract.id].reason) == (Outcome.HELD, Reason.CHANGED_SINCE_PLAN)
        changed, _semicolon, who = told[contract.id].remark.rpartition("; ")
        assert changed == words
        (now,) = tenant.crm.find(ids=[contract.id])
        assert now.modified is not None
        assert who == f"by {now.modified_by}, {now.modified.isoformat(timespec='seconds')}"
    assert run.counts[Outcome.REMOVED] == len(told) - len(said)


def chosen_of(seeded: list[Contract], count: int) -> list[Contract]:
    """Return contracts that have none of the new values."""
    return [one for one in seeded if all(str(getattr(one, name)) != value for name, value in NEW.items())][:count]


def test_each_field_that_changed_before_the_backup_is_named_with_both_values_who_and_when(ruled: Ruled) -> None:
    tenant = ruled.under("")
    seeded = list(tenant.crm.find("everything"))
    chosen = chosen_of(seeded, len(NEW) + 1)
    plan = tenant.crm.plan(ids=[one.id for one in chosen])
    said = edited(tenant, chosen, seeded)
    check_told(tenant, tenant.crm.apply(plan, confirm=plan.digest), said)


def test_each_field_that_changed_after_the_backup_is_named_with_both_values_who_and_when(ruled: Ruled) -> None:
    tenant = ruled.under("")
    seeded = list(tenant.crm.find("everything"))
    chosen = chosen_of(seeded, len(NEW) + 2)
    plan = tenant.crm.plan(ids=[one.id for one in chosen])
    halt_before_the_gate(ruled, tenant, plan)
    said = edited(tenant, chosen, seeded)
    field, label, value = LATE[ruled.name]
    before = tenant.emulator.control("record", {"id": chosen[-1].id})["record"].get(field)
    tenant.emulator.control("edit", {"id": chosen[-1].id, "field": field, "value": value})
    said.append((chosen[-1], f"{label}: {before or '-'} → {value}"))
    check_told(tenant, tenant.crm.resume(), said)


def test_a_field_of_which_nothing_old_is_known_is_not_called_hidden(ruled: Ruled) -> None:
    tenant = ruled.under("")
    (first, *_rest) = tenant.ids()[1:2]
    plan = tenant.crm.plan(ids=[first])
    field, _label, value = LATE[ruled.name]
    tenant.emulator.control("edit", {"id": first, "field": field, "value": value})
    (item,) = tenant.crm.apply(plan, confirm=plan.digest)
    assert item.outcome is Outcome.HELD
    assert item.remark.startswith("another field changed between the plan and the backup; by ")


def halt_before_the_gate(ruled: Ruled, tenant: Tenant, plan: Plan) -> None:
    """Carry a plan out as far as its backup."""
    with Bridge.open(
        ruled.house.home, clock=ruled.house.clock, environ={failpoints.VARIABLE: "gate.before:1:raise"}
    ) as bridge:
        try:
            halted: object = bridge.connect(tenant.crm.name).apply(plan.path, confirm=plan.digest).halted
        except failpoints.FailpointError as stopped:
            halted = stopped
        assert halted is not None
    failpoints.arm(None)
