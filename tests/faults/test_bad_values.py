"""A value that cannot be read costs one contract; a structure that is broken costs the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import AnswerLostError, GuardError, MalformedAnswerError
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.spi.adapter import RemoveOptions, Verdict
from tests.faults.conftest import ADAPTERS
from tests.faults.rig import CONTRACTS, Aim, Rig

BAD_VALUES = ("half_character", "control_character", "not_a_number", "doubled_key")
HARMLESS = (FaultRule("byte_order_mark", Match(count=None)), FaultRule("content_type", Match(count=None)))
LISTING = {"fxiaoke": ("data/query", '"SaleContractObj"'), "zoho": ("/coql", "from Contracts where")}
"""Path and body of the calls that list contracts."""


@pytest.fixture(params=ADAPTERS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made = Rig(request.param)
    yield made
    made.close()


def listing(rig: Rig, kind: str, row: int = 0) -> FaultRule:
    path, body = LISTING[rig.adapter]
    return FaultRule(kind, Match(path=path, body=body, count=None), {"row": row})


@pytest.mark.parametrize("kind", BAD_VALUES)
def test_one_bad_value_costs_one_contract_which_is_named(rig: Rig, kind: str) -> None:
    ids = rig.contracts()
    with rig.bridge() as bridge:
        connection = bridge.connect(rig.name)
        connection.profile  # noqa: B018 - signs in and reads the metadata
        rig.faults.replace([listing(rig, kind, row=3)])
        selection = connection.find("everything")
        read = [contract.id for contract in selection]
    [bad] = selection.unreadable
    assert bad.id in ids
    assert bad.position == 4
    assert bad.id.encode() in bad.raw
    assert sorted([*read, bad.id]) == sorted(ids)
    assert selection.completeness is not None
    assert selection.completeness.proven


def test_a_plan_names_what_cannot_be_read_and_leaves_it_out(rig: Rig) -> None:
    with rig.bridge() as bridge:
        connection = bridge.connect(rig.name)
        connection.profile  # noqa: B018
        rig.faults.replace([listing(rig, "half_character", row=3)])
        plan = connection.plan("everything")
        [bad] = plan.notes.unreadable
        assert plan.count == CONTRACTS - 1
        assert not [contract for contract in plan if contract.id in bad]


def rows_only(rig: Rig, kind: str) -> FaultRule:
    """Return a rule for the calls that list, not for one that counts."""
    path, body = LISTING[rig.adapter]
    return FaultRule(kind, Match(path=path, body="order by id" if rig.adapter == "zoho" else body, count=None))


def test_a_row_in_the_place_of_another_is_found_or_makes_the_listing_incomplete(rig: Rig) -> None:
    with rig.bridge() as bridge:
        connection = bridge.connect(rig.name)
        connection.profile  # noqa: B018
        rig.faults.replace([rows_only(rig, "duplicate_ids")])
        try:
            assert connection.plan("everything").count == CONTRACTS
        except GuardError as refused:
            assert refused.reason == "selection_incomplete"  # noqa: PT017 - a listing may heal itself


def test_a_row_too_many_counts_once_where_the_crm_counts_it_once(rig: Rig) -> None:
    with rig.bridge() as bridge:
        connection = bridge.connect(rig.name)
        connection.profile  # noqa: B018
        rig.faults.replace([rows_only(rig, "doubled_row")])
        assert connection.plan("everything").count == CONTRACTS


@pytest.mark.parametrize("verb", ["snapshot-1", "locate-1"])
def test_a_contract_that_becomes_unreadable_is_held_and_the_others_go(rig: Rig, verb: str) -> None:
    rig.verbs.aim = Aim(verb, listing(rig, "half_character"))
    with rig.bridge() as bridge:
        connection = bridge.connect(rig.name)
        plan = connection.plan(ids=rig.contracts()[:3])
        run = connection.apply(plan, confirm=plan.digest)
        outcomes = {item.contract.id: (item.outcome.value, item.reason) for item in run}
    assert sorted(outcome for outcome, _reason in outcomes.values()) == ["held", "removed", "removed"]
    [why] = [reason for outcome, reason in outcomes.values() if outcome == "held"]
    # The look at the end reads the contract again: that it can then be read is no news about why it was held.
    assert why in ("unreadable", "unreadable_value")
    assert len(rig.contracts()) == CONTRACTS - 2


@pytest.mark.parametrize("rule", HARMLESS, ids=lambda rule: str(rule.kind))
def test_a_mark_and_a_wrong_type_are_overlooked_in_every_read(rig: Rig, rule: FaultRule) -> None:
    rig.faults.replace([rule])
    with rig.bridge() as bridge:
        assert len(list(bridge.connect(rig.name).find("everything"))) == CONTRACTS


@pytest.mark.parametrize("rule", HARMLESS, ids=lambda rule: str(rule.kind))
def test_nothing_is_overlooked_in_the_answer_to_a_change(rig: Rig, rule: FaultRule) -> None:
    with rig.bridge() as bridge:
        adapter = bridge.adapter(rig.name)
        ref = ContractRef(adapter.whoami().module, rig.contracts()[0])
        rig.faults.replace([rule])
        with suppress(AnswerLostError):
            [answer] = adapter.remove(Step.TRASH, [ref], options=RemoveOptions())
            assert answer.verdict is Verdict.UNKNOWN
    assert ref.id not in rig.contracts()


@pytest.mark.parametrize("kind", ["html", "cut_json", "missing_list"])
def test_a_broken_structure_is_refused_as_a_whole(rig: Rig, kind: str) -> None:
    rules = {
        "html": FaultRule("html", Match(path=LISTING[rig.adapter][0], count=None)),
        "cut_json": FaultRule("malformed", Match(path=LISTING[rig.adapter][0], count=None)),
        "missing_list": FaultRule(
            "answer", Match(path=LISTING[rig.adapter][0], count=None), {"json": {"errorCode": 0}}
        ),
    }
    with rig.bridge() as bridge:
        connection = bridge.connect(rig.name)
        connection.profile  # noqa: B018
        rig.faults.replace([rules[kind]])
        with pytest.raises(MalformedAnswerError):
            list(connection.find("everything"))
