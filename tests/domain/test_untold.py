"""Not told is not empty: three truth values, and what less knowledge may change.

`CRM_BRIDGE_EXAMPLES=2000 pytest tests/domain/test_untold.py tests/domain/test_pushdown.py` is the long sweep.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.domain.contract import Contract, ContractRef, RecordState, Untold
from crm_bridge.domain.filters.syntax import parse_filter
from crm_bridge.domain.filters.tree import Filter, Not, evaluate, matches, open_fields
from crm_bridge.domain.filters.truth import Truth
from crm_bridge.testing.filter_strategies import contracts, filters, less_known

EXAMPLES = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("CRM_BRIDGE_EXAMPLES", "200")),
)
HIDDEN = Contract(
    ref=ContractRef("contracts", "1"),
    number="HT-1",
    title=None,
    customer="0011",
    status=None,
    amount=None,
    currency="CNY",
    start=None,
    end=None,
    owner=None,
    created=None,
    modified=None,
    state=RecordState.NORMAL,
    digest="0" * 64,
    raw={
        "Account": {"id": "77"},
        "Nameless": {"id": "77", "name": None},
        "Tags": ["red", {"id": "9"}],
        "Deep": {"name": "x", "id": "1"},
        "None": None,
    },
    untold={"customer": Untold.UNRESOLVED, "status": Untold.NOT_VISIBLE, "amount": Untold.LEFT_OUT},
    missing={"Emptied": None, "Secret": Untold.NOT_VISIBLE},
)


def value(text: str) -> str:
    return evaluate(parse_filter(text), HIDDEN).name


@EXAMPLES
@given(tree=filters(), contract=contracts(), data=st.data())
def test_never_both_a_filter_and_its_negation(tree: Filter, contract: Contract, data: st.DataObject) -> None:
    shown = data.draw(less_known(contract))
    assert evaluate(Not(tree), shown) is ~evaluate(tree, shown)
    assert not (matches(tree, shown) and matches(Not(tree), shown))


@EXAMPLES
@given(tree=filters(), contract=contracts(), data=st.data())
def test_less_knowledge_never_changes_an_answer_only_withholds_it(
    tree: Filter, contract: Contract, data: st.DataObject
) -> None:
    shown = data.draw(less_known(contract))
    assert evaluate(tree, shown) in (Truth.UNKNOWN, evaluate(tree, contract))
    assert matches(tree, contract) or not matches(tree, shown)


@EXAMPLES
@given(tree=filters(), contract=contracts(), data=st.data())
def test_an_undecided_answer_names_the_fields_that_leave_it_open(
    tree: Filter, contract: Contract, data: st.DataObject
) -> None:
    shown = data.draw(less_known(contract))
    assert bool(open_fields(tree, shown)) or evaluate(tree, shown) is not Truth.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        'status = "A"', 'status != "A"', 'not status = "A"', 'status in ("A")', 'status not in ("A")', "status is null",
        "status is not null", 'status ~ "A"', 'status !~ "A"', 'status starts with "A"', "amount < 1", "not amount < 1",
        "amount between 1 and 2", "amount is null", 'customer = "Acme"', 'customer != "Acme"', 'customer = "0011"',
        'Account = "Acme"', 'Account != "Acme"', 'Account.name = "Acme"', "Account.name is null", 'Nameless ~ "A"',
        'Tags = "blue"', 'Tags != "blue"', "Secret is null", 'Secret != "x"', "Unheard is null", 'Unheard != "x"',
        "Deep.name.more is null",
    ],
)  # fmt: skip
def test_a_condition_on_what_was_not_told_is_undecided(text: str) -> None:
    assert value(text) == "UNKNOWN"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("customer is null", "FALSE"),
        ("customer is not null", "TRUE"),
        ('Account = "77"', "TRUE"),
        ('Account != "77"', "FALSE"),
        ("Account is null", "FALSE"),
        ('Tags = "red"', "TRUE"),
        ("Emptied is null", "TRUE"),
        ('Emptied != "x"', "TRUE"),
        ('Emptied.name = "x"', "FALSE"),
        ("None.name is null", "TRUE"),
        ("title is null", "TRUE"),
        ('number = "HT-1" or status = "A"', "TRUE"),
        ('number = "HT-2" and status = "A"', "FALSE"),
        ('number = "HT-1" and status = "A"', "UNKNOWN"),
        ("everything", "TRUE"),
    ],
)
def test_what_is_known_still_decides(text: str, answer: str) -> None:
    assert value(text) == answer


def test_what_is_open_is_named_with_its_cause() -> None:
    tree = parse_filter('status != "A" and (customer = "Acme" or number = "HT-1") and `Secret` is null')
    causes = {"status": Untold.NOT_VISIBLE, "customer": Untold.UNRESOLVED, "Secret": Untold.NOT_VISIBLE}
    assert open_fields(tree, HIDDEN) == causes
    assert open_fields(tree, replace(HIDDEN, untold={}, customer="Acme")) == {"Secret": Untold.NOT_VISIBLE}


def test_three_values_do_not_fit_into_two() -> None:
    with pytest.raises(TypeError):
        bool(Truth.UNKNOWN)
