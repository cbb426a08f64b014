"""What a filter means: every row of the semantics table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from crm_bridge.domain.contract import CONTRACT_FIELDS, Contract, ContractRef, RecordState
from crm_bridge.domain.filters.syntax import parse_filter
from crm_bridge.domain.filters.tree import (
    COMPLEMENT,
    FIELDS,
    And,
    Compare,
    Everything,
    FieldRef,
    Filter,
    Not,
    Op,
    Or,
    all_of,
    any_of,
    conditions,
    evaluate,
    fields_of,
    matches,
)
from crm_bridge.errors import UsageError
from crm_bridge.testing.filter_strategies import compares, contracts, filters

# No verdict by the clock: a busy machine is not a broken rule.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ACME = Contract(
    ref=ContractRef("contracts", "4150868000000225013"),
    number="HT-2019-0042",
    title="框架合同 café",
    customer="Acme 有限公司",
    status="Expired",
    amount=Decimal("999.50"),
    currency="CNY",
    start=date(2018, 1, 1),
    end=date(2019, 12, 31),
    owner=None,
    created=datetime(2024, 1, 1, 23, 59, 59, tzinfo=UTC),
    modified=None,
    state=RecordState.NORMAL,
    digest="0" * 64,
    raw={
        "Level": 3,
        "Discount": "12.50",
        "Signed": True,
        "Paper": "false",
        "Code": 7,
        "Account": {"name": "Acme", "id": "77", "region": {"code": "EU"}},
        "Dotted.Name": "whole",
        "Tags": ["red", {"name": "blue", "id": "9"}],
        "Blank": "",
        "NoTags": [],
        "Day": "2024-01-01",
        "Moment": "2024-01-01T07:30:00+08:00",
        "Millis": 1704067200000,
        "Free": "about 12",
        "Rate": 0.1,
    },
)
NOBODY = replace(
    ACME,
    number="",
    title=None,
    customer=None,
    status=None,
    amount=None,
    end=None,
    created=None,
    raw={},
    missing={"Level": None},
)


def holds(text: str, contract: Contract = ACME) -> bool:
    return matches(parse_filter(text), contract)


def test_the_fields_are_those_of_every_contract() -> None:
    assert tuple(FIELDS) == CONTRACT_FIELDS


@pytest.mark.parametrize(
    "text",
    [
        'id = "4150868000000225013"',
        'status = "Expired"',
        'status != "expired"',
        'status in ("Draft", "Expired")',
        'status not in ("Draft")',
        'customer ~ "有限"',
        'customer !~ "acme"',
        'number starts with "HT-2019"',
        'title ~ "cafe\\u0301"',
        "amount = 999.5",
        "amount < 1000 and amount <= 999.50 and amount > 999 and amount >= 999.50",
        "amount between 999.50 and 999.50",
        "end < 2020-01-01",
        "end between 2019-12-31 and 2019-12-31",
        "owner is null and status is not null",
        "everything",
    ],
)
def test_conditions_that_hold(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        'status = "expired"',
        'customer starts with "有限"',
        "amount > 999.50",
        "amount between 1000 and 2000",
        "end < 2019-12-31",
        "not everything",
        'status = "Expired" and amount > 1000',
        'not (status = "Expired" or amount > 1000)',
    ],
)
def test_conditions_that_do_not_hold(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    "text",
    [
        'status = "x"',
        'status ~ "x"',
        'status starts with "x"',
        'status in ("x")',
        "amount < 5",
        "amount >= 5",
        "amount between 1 and 5",
        "end > 2020-01-01",
        "created = 2024-01-01",
        "Level = 1",
        "status is not null",
    ],
)
def test_a_condition_on_an_empty_field_does_not_hold(text: str) -> None:
    assert not holds(text, NOBODY)


@pytest.mark.parametrize(
    "text",
    [
        'status != "x"',
        'status !~ "x"',
        'status not in ("x")',
        "status is null",
        "number is null",
        "Level != 1",
        "not amount < 5",
    ],
)
def test_a_negative_condition_on_an_empty_field_holds(text: str) -> None:
    assert holds(text, NOBODY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("created = 2024-01-01", True),
        ("created < 2024-01-02", True),
        ("created <= 2024-01-01", True),
        ("created >= 2024-01-01", True),
        ("created > 2024-01-01", False),
        ("created < 2024-01-01", False),
        ("created > 2023-12-31", True),
        ("created between 2024-01-01 and 2024-01-01", True),
        ("created != 2024-01-01", False),
        ("created = 2024-01-02T07:59:59+08:00", True),
        ("created = 2024-01-01T23:59:59.5Z", False),
    ],
)
def test_a_bare_date_means_that_whole_day_in_utc(text: str, expected: bool) -> None:
    assert holds(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "Level = 3 and Level < 4",
        'Code = "7"',
        "Discount = 12.5",
        "Rate = 0.1",
        "Signed = true and Paper = false",
        'Account = "Acme" and Account = "77"',
        'Account.region.code = "EU"',
        'Dotted.Name = "whole"',
        'Tags = "red" and Tags = "blue" and Tags = "9"',
        "Blank is null and NoTags is null",
        "Day = 2024-01-01 and Day < 2024-01-02",
        "Moment < 2024-01-01 and Moment = 2023-12-31T23:30:00Z",
        "Millis = 2024-01-01T00:00:00Z",
    ],
)
def test_fields_of_the_crm_compare_by_what_they_hold(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    ["Level = true", "Signed = 1", "Free = 12", "Free < 100", 'Tags != "red"', 'Level ~ "x"', "Free > 2020-01-01"],
)
def test_fields_of_the_crm_that_do_not_compare_do_not_match(text: str) -> None:
    assert not holds(text)


def test_a_field_of_the_crm_may_carry_the_name_of_a_field_of_every_contract() -> None:
    assert holds('`status` = "raw" and status = "Expired"', replace(ACME, raw={"status": "raw"}))


@pytest.mark.parametrize("stored", ["2024-02-30", "0001-01-01T00:00:00+14:00", 10**30, "2024-01-01Tx"])
def test_a_stored_value_that_is_no_moment_is_not_compared_with_one(stored: object) -> None:
    assert not holds("When < 9999-12-31", replace(ACME, raw={"When": stored}))


@UNHURRIED
@given(leaf=compares(), contract=contracts())
def test_complements_are_true_complements(leaf: Compare, contract: Contract) -> None:
    if leaf.op in COMPLEMENT:
        assert evaluate(replace(leaf, op=COMPLEMENT[leaf.op]), contract) is ~evaluate(leaf, contract)


@UNHURRIED
@given(tree=filters(), contract=contracts())
def test_not_is_plain_negation(tree: Filter, contract: Contract) -> None:
    assert evaluate(Not(tree), contract) is ~evaluate(tree, contract)


def test_literals_are_kept_in_one_form() -> None:
    day = datetime.fromisoformat("2024-01-01T07:00:00+08:00")
    kept = [
        Compare(FieldRef("title"), Op.EQ, "cafe\u0301").value,
        Compare(FieldRef("end"), Op.EQ, day).value,
        Compare(FieldRef("created"), Op.EQ, day).value,
    ]
    assert kept == ["café", date(2024, 1, 1), datetime(2023, 12, 31, 23, tzinfo=UTC)]


def test_the_fields_of_a_filter_are_what_must_be_asked_for() -> None:
    tree = parse_filter('status = "A" and (not amount < 5 or Level is null) or everything')
    assert fields_of(tree) == {FieldRef("status"), FieldRef("amount"), FieldRef("Level", vendor=True)}


def test_conditions_come_left_to_right() -> None:
    tree = parse_filter("amount = 1 or not (amount = 2 and amount = 3)")
    assert [condition.value for condition in conditions(tree)] == [1, 2, 3]


def test_all_of_and_any_of_flatten_and_need_no_second_part() -> None:
    one, two, three = (parse_filter(f"amount = {number}") for number in (1, 2, 3))
    assert all_of(all_of(one, two), three) == And((one, two, three))
    assert any_of(any_of(one, two), three) == Or((one, two, three))
    assert (all_of(), all_of(one), any_of(one)) == (Everything(), one, one)


@pytest.mark.parametrize("node", [And, Or])
def test_and_or_of_a_single_part_are_refused(node: type[And] | type[Or]) -> None:
    with pytest.raises(UsageError, match="at least two parts"):
        node((Everything(),))


def test_something_that_is_no_filter_is_refused() -> None:
    with pytest.raises(UsageError, match="str is not a filter"):
        all_of('status = "A"')  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "op", "value", "message"),
    [
        ("status", Op.EQ, None, "= takes one value"),
        ("status", Op.IN, (), "in takes at least one value"),
        ("status", Op.IS_NULL, "x", "is null takes no value"),
        ("amount", Op.BETWEEN, (Decimal(1),), "between takes two values"),
        ("amount", Op.EQ, Decimal("NaN"), "a number must be finite and have at most 40 digits"),
        ("amount", Op.EQ, Decimal("1e9999"), "a number must be finite and have at most 40 digits"),
        ("created", Op.EQ, datetime(2024, 1, 1), "a date-time needs an offset from UTC"),
        ("status", Op.EQ, b"x", "a filter cannot compare with this kind of value: bytes"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(field: str, op: Op, value: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Compare(FieldRef(field), op, value)  # type: ignore[arg-type]
    assert caught.value.message == message


def test_between_needs_two_values_of_one_kind() -> None:
    with pytest.raises(UsageError, match="two numbers or two dates"):
        Compare(FieldRef("Level", vendor=True), Op.BETWEEN, (Decimal(1), date(2024, 1, 1)))


@pytest.mark.parametrize("name", ["", "stauts"])
def test_a_field_that_contracts_do_not_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        FieldRef(name)
