"""Pushdown: what goes to the CRM is never too little, and with the residual it is exactly the filter."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.pushdown import (
    Coverage,
    Pushed,
    Split,
    coverage_of,
    fold,
    names_exactly,
    normal_form,
    split,
)
from crm_bridge.domain.filters.syntax import parse_filter, to_text
from crm_bridge.domain.filters.tree import (
    Compare,
    Everything,
    FieldRef,
    Filter,
    Not,
    Op,
    conditions,
    evaluate,
    knowledge_of,
    matches,
)
from crm_bridge.domain.filters.truth import Truth
from crm_bridge.testing.filter_strategies import contracts, filters, less_known

# No verdict by the clock: a busy machine is not a broken rule.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def known(_field: FieldRef) -> bool:
    return True


def exact(_condition: Compare) -> Coverage:
    return Coverage.EXACT


def only_canonical(condition: Compare) -> Coverage:
    return Coverage.NONE if condition.field.vendor else Coverage.EXACT


def words_are_loose(condition: Compare) -> Coverage:
    return Coverage.SUPERSET if condition.op.value == "~" else Coverage.EXACT


def texts(found: Split) -> tuple[str | None, str | None]:
    pushed, residual = found.pushed, found.residual
    return (None if pushed is None else to_text(pushed), None if residual is None else to_text(residual))


def cut(text: str, can_push: object = exact, *, can_or: bool = True, can_not: bool = False, most: int = 99) -> object:
    assert callable(can_push)
    return texts(split(parse_filter(text), can_push, told=known, can_or=can_or, can_not=can_not, max_conditions=most))


def answers(filter: Filter, contract: Contract, loose: dict[Compare, bool]) -> bool:  # noqa: A002
    """Evaluate as a CRM does that returns `loose[condition]` too much for some conditions."""
    return fold(
        filter,
        leaf=lambda condition: matches(condition, contract) or loose.get(condition, False),
        conjunction=all,
        disjunction=any,
        negation=lambda part: not part,
    )


@settings(UNHURRIED, max_examples=int(os.environ.get("CRM_BRIDGE_EXAMPLES", "200")))
@given(
    tree=filters(),
    real=st.lists(contracts(), min_size=1, max_size=6),
    can_or=st.booleans(),
    can_not=st.booleans(),
    most=st.integers(0, 12),
    data=st.data(),
)
def test_pushed_and_residual_together_are_plain_evaluation(
    tree: Filter, real: list[Contract], can_or: bool, can_not: bool, most: int, data: st.DataObject
) -> None:
    """The CRM evaluates what it really holds, we what this user is told; an exact number is the one exception."""
    coverage: dict[Compare, Coverage] = {}
    shown = [data.draw(less_known(contract)) for contract in real]

    def can_push(condition: Compare) -> Coverage:
        if condition not in coverage:
            coverage[condition] = data.draw(st.sampled_from(Coverage))
        return coverage[condition]

    def told(field: FieldRef) -> bool:
        return all(knowledge_of(field, contract)[1] is None for contract in shown)

    result = split(tree, can_push, told=told, can_or=can_or, can_not=can_not, max_conditions=most)
    by_number = result.pushed is not None and any(
        names_exactly(leaf) and not told(leaf.field) for leaf in conditions(result.pushed)
    )
    for contract, whole in zip(shown, real, strict=True):
        loose = {leaf: data.draw(st.booleans()) for leaf, how in coverage.items() if how is Coverage.SUPERSET}
        returned = result.pushed is None or answers(result.pushed, whole, loose)
        plain = evaluate(tree, contract)
        if returned:
            rest = Truth.TRUE if result.residual is None else evaluate(result.residual, contract)
            assert rest is plain or by_number
        else:
            assert plain is Truth.FALSE or (by_number and plain is Truth.UNKNOWN)


@UNHURRIED
@given(tree=filters(), can_or=st.booleans(), can_not=st.booleans(), most=st.integers(0, 6))
def test_only_what_the_crm_can_say_is_pushed(tree: Filter, can_or: bool, can_not: bool, most: int) -> None:
    pushed = split(tree, only_canonical, told=known, can_or=can_or, can_not=can_not, max_conditions=most).pushed
    if pushed is None:
        return
    written = list(conditions(pushed))
    assert len(written) <= most
    assert not any(condition.field.vendor for condition in written)
    fold(
        pushed,
        leaf=lambda _condition: None,
        conjunction=lambda _parts: None,
        disjunction=lambda _parts: None if can_or else pytest.fail("an `or` was pushed"),
        negation=lambda _part: None if can_not else pytest.fail("a `not` was pushed"),
    )


@UNHURRIED
@given(tree=filters(), contract=contracts())
def test_the_normal_form_has_the_same_three_values(tree: Filter, contract: Contract) -> None:
    assert evaluate(normal_form(tree), contract) is evaluate(tree, contract)


@UNHURRIED
@given(filters())
def test_the_normal_form_keeps_not_only_before_single_conditions(tree: Filter) -> None:
    def check(node: Filter) -> None:
        if isinstance(node, Not):
            assert isinstance(node.part, Compare | Everything)
        for part in getattr(node, "parts", ()):
            check(part)

    check(normal_form(tree))


def test_all_exact_leaves_nothing_over() -> None:
    assert cut('status = "A" and amount < 5') == ('status = "A" and amount < 5', None)


def test_what_the_crm_cannot_evaluate_is_the_residual() -> None:
    assert cut('status = "A" and Level = 1', only_canonical) == ('status = "A"', "Level = 1")


def test_a_superset_condition_is_pushed_and_evaluated_again() -> None:
    assert cut('customer ~ "A" and amount < 5', words_are_loose) == ('customer ~ "A" and amount < 5', 'customer ~ "A"')


def test_an_or_with_a_branch_that_the_crm_cannot_see_stays_here() -> None:
    assert cut('status = "A" or Level = 1', only_canonical) == (None, 'status = "A" or Level = 1')


def test_an_or_goes_out_weakened_when_every_branch_has_something_to_push() -> None:
    text = 'status = "A" and Level = 1 or amount < 5'
    assert cut(text, only_canonical) == ('status = "A" or amount < 5', '(status = "A" and Level = 1) or amount < 5')


def test_without_or_the_whole_or_stays_here() -> None:
    assert cut('status = "A" or amount < 5', can_or=False) == (None, 'status = "A" or amount < 5')


def test_without_or_equalities_of_one_field_go_out_as_a_list() -> None:
    assert cut('status = "A" or status in ("B", "C")', can_or=False) == ('status in ("A", "B", "C")', None)


def test_equalities_stay_an_or_for_a_crm_without_lists() -> None:
    def no_lists(condition: Compare) -> Coverage:
        return Coverage.NONE if condition.op is Op.IN else Coverage.EXACT

    assert cut('status = "A" or status = "B"', no_lists) == ('status = "A" or status = "B"', None)


def test_not_turns_into_the_complement_where_there_is_one() -> None:
    text = 'not (status = "A" or customer ~ "B" or owner is null)'
    assert cut(text) == ('status != "A" and customer !~ "B" and owner is not null', None)


def test_not_less_includes_the_empty_ones() -> None:
    assert cut("not amount < 5") == ("amount >= 5 or amount is null", None)


def test_not_between_is_outside_or_empty() -> None:
    assert cut("not amount between 1 and 5") == ("amount < 1 or amount > 5 or amount is null", None)


def test_not_less_on_a_field_of_the_crm_stays_here_because_it_may_hold_anything() -> None:
    assert cut("not Level < 5") == (None, "not Level < 5")


def test_a_crm_with_plain_negation_is_given_the_not() -> None:
    assert cut("not Level < 5", can_not=True) == ("not Level < 5", None)


def test_not_is_never_pushed_before_a_superset() -> None:
    def loose(_condition: Compare) -> Coverage:
        return Coverage.SUPERSET

    assert cut("not Level < 5", loose, can_not=True) == (None, "not Level < 5")


def test_conditions_beyond_the_limit_stay_here() -> None:
    assert cut("amount > 1 and amount < 5 and amount != 3", most=2) == ("amount > 1 and amount < 5", "amount != 3")


def test_an_or_that_does_not_fit_leaves_its_room_to_later_conditions() -> None:
    text = 'amount > 1 and (owner = "A" or status = "B") and amount < 5'
    assert cut(text, most=2) == ("amount > 1 and amount < 5", 'owner = "A" or status = "B"')


def test_everything_asks_for_all_and_leaves_nothing_over() -> None:
    assert cut("everything") == (None, None)


def test_not_everything_is_left_to_us() -> None:
    assert cut("not everything") == (None, "not everything")


def test_a_table_of_compilers_says_what_it_covers() -> None:
    def compile_leaf(condition: Compare) -> Pushed[str] | None:
        if condition.field.vendor:
            return None
        return Pushed(condition.field.name, exact=condition.op.value != "~")

    cover = coverage_of(compile_leaf)
    asked = [next(conditions(parse_filter(text))) for text in ('status = "A"', 'status ~ "A"', "Level = 1")]
    assert [cover(condition) for condition in asked] == [Coverage.EXACT, Coverage.SUPERSET, Coverage.NONE]


def test_a_pushed_filter_folds_into_a_native_query() -> None:
    def native(condition: Compare) -> str:
        (value,) = condition.values
        assert isinstance(value, Decimal)
        return f"{condition.field.name}{condition.op.value}{value}"

    query = fold(
        parse_filter("amount < 5 and (amount > 1 or not amount = 0)"),
        leaf=native,
        conjunction=lambda parts: " AND ".join(parts),
        disjunction=lambda parts: f"({' OR '.join(parts)})",
        negation=lambda part: f"NOT {part}",
    )
    assert query == "amount<5 AND (amount>1 OR NOT amount=0)"
