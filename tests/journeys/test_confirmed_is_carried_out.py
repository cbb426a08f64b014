"""What is confirmed is what is carried out, whatever is done to the plan while a person types."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Plan
from crm_bridge.cli.views.plan_view import plan_json
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import ConfirmationError, CrmBridgeError, GuardError
from tests.journeys.conftest import House, Tenant

Lines = list[bytes]


def exchanged(lines: Lines, digest: str) -> Lines:
    """Return the lines with the digest of the first contract replaced, as for one that was amended."""
    row = {**json.loads(lines[1]), "digest": digest}
    return [lines[0], json.dumps(row, sort_keys=True, separators=(",", ":")).encode() + b"\n", *lines[2:]]


CHANGES: dict[str, Callable[[Lines, str], Lines]] = {
    "exchanged": exchanged,
    "doubled": lambda lines, _digest: [*lines[:2], lines[1], *lines[2:]],
    "cut": lambda lines, _digest: [*lines[:2], *lines[-2:]],
    "cut short": lambda lines, _digest: lines[:2],
    "moved": lambda lines, _digest: [lines[0], lines[2], lines[1], *lines[3:]],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_plan_that_is_changed_while_a_person_types_is_not_carried_out(tenant: Tenant, change: str) -> None:
    plan = tenant.crm.plan(ids=tenant.ids()[:4])
    amended = next(iter(plan)).id

    def type_slowly(card: Plan) -> str:
        tenant.edit(amended)
        (contract,) = tenant.crm.find(ids=[amended])
        lines = CHANGES[change](plan.path.read_bytes().splitlines(keepends=True), contract.digest)
        plan.path.write_bytes(b"".join(lines))
        return card.phrase

    with pytest.raises(ConfirmationError) as caught:
        tenant.crm.apply(plan, confirm=type_slowly)
    assert (caught.value.reason, caught.value.exit_code) == ("plan_altered", 5)
    assert tenant.removals() == []


def test_a_file_of_the_user_that_is_changed_while_he_types_does_not_matter(tenant: Tenant, tmp_path: Path) -> None:
    ids = tenant.ids()[:3]
    plan = tenant.crm.plan(ids=ids, output=tmp_path / "a.plan")

    def type_slowly(card: Plan) -> str:
        plan.path.write_bytes(plan.path.read_bytes()[:-500])
        return card.phrase

    assert tenant.crm.apply(plan, confirm=type_slowly).counts == {Outcome.REMOVED: 3}


def test_a_kept_plan_under_the_name_of_another_is_not_carried_out(tenant: Tenant) -> None:
    small, large = tenant.crm.plan(ids=tenant.ids()[:1]), tenant.crm.plan(ids=tenant.ids()[:6])
    small.path.write_bytes(large.path.read_bytes())
    with pytest.raises(ConfirmationError):
        tenant.crm.apply(small, confirm=large.digest)
    assert tenant.removals() == []


def test_plan_file_and_card_tell_the_same(house: House, tenant: Tenant) -> None:
    locked = tenant.ids()[0]
    tenant.emulator.control("lock", {"id": locked})
    plan = tenant.crm.plan(ids=[*tenant.ids()[:3], "999999999999999999"], reason="test")
    cards = list[Plan]()

    def read(card: Plan) -> str:
        cards.append(card)
        return ""

    with pytest.raises(ConfirmationError):
        tenant.crm.apply(plan.path, confirm=read)
    assert plan.notes.missing == ("999999999999999999",)
    assert plan_json(cards[0]) == plan_json(house.bridge.open_plan(plan.path)) == plan_json(plan)


@pytest.mark.parametrize("word", [None, True, False, 1, b"yes", ["yes"], 1.5])
def test_a_confirmation_of_a_wrong_type_confirms_nothing(tenant: Tenant, word: Any) -> None:
    plan = tenant.crm.plan(ids=tenant.ids()[:2])
    for confirm in (word, lambda _card: word):
        with pytest.raises(ConfirmationError):
            tenant.crm.apply(plan, confirm=confirm)
    with pytest.raises(ConfirmationError):
        tenant.crm.delete(tenant.ids()[0], confirm=word)
    assert tenant.removals() == []


@pytest.mark.parametrize("made", ["link", "file", "open to others"])
def test_a_folder_of_receipts_that_cannot_be_used_is_found_before_anything_is_deleted(
    house: House, tenant: Tenant, tmp_path: Path, made: str
) -> None:
    receipts = house.home / "receipts"
    if made == "link":
        receipts.symlink_to(tmp_path)
    elif made == "file":
        receipts.write_text("")
    else:
        receipts.mkdir()
        receipts.chmod(0o777)
    with pytest.raises(CrmBridgeError):
        tenant.crm.apply(tenant.crm.plan(ids=tenant.ids()[:2]), confirm=lambda card: card.phrase)
    assert tenant.removals() == []


def test_a_plan_of_too_many_is_shown_whole_and_not_carried_out(tenant: Tenant) -> None:
    ids = tenant.ids()[:4]
    plan = tenant.crm.plan(ids=ids, max_contracts=3)
    assert {item.id for item in plan} == set(ids)
    (refusal,) = plan.notes.refusals
    assert (refusal.rule, refusal.count, refusal.limit) == ("max_contracts", 4, 3)
    for taken in (plan, plan.path):
        with pytest.raises(GuardError) as caught:
            tenant.crm.apply(taken, confirm=plan.digest)
        assert (caught.value.reason, caught.value.exit_code) == ("max_contracts", 4)
    assert tenant.removals() == []
    raised = tenant.crm.plan(ids=ids, max_contracts=4)
    assert tenant.crm.apply(raised, confirm=raised.digest).exit_code == 0


def test_an_amount_that_would_fill_the_memory_costs_its_contract_and_is_named(house: House) -> None:
    zoho = house.tenant("zoho")
    hostile, other = zoho.ids()[:2]
    zoho.edit(hostile, "amount", "1E+999999999")
    plan = zoho.crm.plan(ids=[hostile, other])
    assert [item.id for item in plan] == [other]
    assert hostile in "".join(plan.notes.unreadable)
