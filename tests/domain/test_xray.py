"""The X-ray of a selection: what was planted is named, little else is, and small plans are left in peace."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.planning.xray import MOST, Xray, shape
from sweeps.xray_sweep import FLAGGED, KINDS, RECALL, contract, measure


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_slice_of_the_sweep_over_planted_outliers(kind: object) -> None:
    recall, flagged = measure(kind, 1500, random.Random(3))  # type: ignore[arg-type]
    assert recall >= RECALL
    assert flagged <= FLAGGED


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("HT-2024-0001", "HT-9-9"),
        ("HT-2025-17", "HT-9-9"),
        ("TEST-000001", "TEST-9"),
        ("服务合同 2024", "文 9"),
        ("Framework agreement", "A"),
        ("", ""),
        (None, ""),
    ],
)
def test_names_of_one_kind_have_one_form(name: str | None, form: str) -> None:
    assert shape(name) == form


def judged(rows: list[Contract]) -> tuple[Xray, dict[str, list[str]]]:
    xray = Xray()
    for row in rows:
        xray.take(row)
    xray.finish()
    return xray, {row.id: [one.rule for one in xray.reasons(row)] for row in rows}


def ordinary(count: int) -> list[Contract]:
    dice = random.Random(1)
    return [contract(dice, number) for number in range(count)]


def test_a_plan_of_few_contracts_has_no_outliers() -> None:
    rows = ordinary(19)
    rows[3] = replace(rows[3], status="Active", amount=Decimal(10**9))
    assert judged(rows)[0].unlike == ()


def test_a_selection_of_many_kinds_has_no_odd_kind() -> None:
    rows = [replace(row, status=f"status {place}", owner=f"owner {place}") for place, row in enumerate(ordinary(300))]
    assert not {"status", "owner"} & {one.rule for one in judged(rows)[0].unlike}


def test_rules_together_never_name_more_than_one_in_twenty() -> None:
    dice, rows = random.Random(2), ordinary(1000)
    for place in range(0, 1000, 12):  # one in twelve, by one rule after the other
        odd = dice.choice([{"status": f"s{place}"}, {"owner": f"o{place}"}, {"currency": f"C{place % 7}"}])
        rows[place] = replace(rows[place], **odd)  # type: ignore[arg-type]
    _xray, reasons = judged(rows)
    assert sum(map(bool, reasons.values())) <= MOST * 1000


def test_what_is_counted_is_what_is_named() -> None:
    rows = ordinary(400)
    rows[7] = replace(rows[7], status="Active")
    rows[9] = replace(rows[9], amount=Decimal(10**9))
    xray, reasons = judged(rows)
    counts = {one.rule: one.count for one in xray.unlike}
    assert counts["status"] == 1
    assert {rule: sum(rule in told for told in reasons.values()) for rule in counts} == counts
    assert "status" in reasons[rows[7].id]
    assert "amount" in reasons[rows[9].id]


def test_amounts_are_compared_within_their_currency() -> None:
    rows = [replace(row, currency="JPY", amount=(row.amount or Decimal()) * 20) for row in ordinary(200)]
    rows += [replace(row, ref=replace(row.ref, id=f"9{row.id}")) for row in ordinary(200)]
    _xray, reasons = judged(rows)
    assert sum("amount" in told for told in reasons.values()) <= 0.03 * len(rows)
