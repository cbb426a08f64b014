"""Filter text: what it means, where it is wrong, and that it survives the way there and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.domain.filters.syntax import MAX_LENGTH, parse_filter, to_text
from crm_bridge.domain.filters.tree import And, Compare, Everything, FieldRef, Filter, Literal, Not, Op, Or
from crm_bridge.errors import FilterSyntaxError
from crm_bridge.testing.filter_strategies import filters

# No verdict by the clock: a busy machine is not a broken rule.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

STATUS = FieldRef("status")
AMOUNT = FieldRef("amount")
END = FieldRef("end")
EXPIRED = Compare(STATUS, Op.EQ, "Expired")
CHEAP = Compare(AMOUNT, Op.LT, Decimal(1000))
OLD = Compare(END, Op.LT, date(2020, 1, 1))


def vendor(name: str) -> FieldRef:
    return FieldRef(name, vendor=True)


def error_of(text: str) -> FilterSyntaxError:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_filter(text)
    return caught.value


def column_of_error(text: str) -> int:
    """Return where the text is wrong, or 1 if it is not."""
    try:
        parse_filter(text)
    except FilterSyntaxError as error:
        return error.column
    return 1


@UNHURRIED
@given(filters())
def test_every_tree_survives_being_written_and_read_back(tree: Filter) -> None:
    assert parse_filter(to_text(tree)) == tree


@UNHURRIED
@given(filters())
def test_written_filters_hold_nothing_that_is_not_seen(tree: Filter) -> None:
    assert not any(character in to_text(tree) for character in "\n\r\t\x00\u202e\u200b\u2028")


@UNHURRIED
@given(st.text(alphabet="statuendor =<>~()\"'`,0123456789-:.T“”（），合同\\\n", max_size=60))
def test_any_text_is_a_tree_or_an_error_with_a_column_inside_or_just_after_it(text: str) -> None:
    assert 1 <= column_of_error(text) <= len(text) + 1


def test_the_documented_example_reads_as_four_conditions() -> None:
    text = 'status = "Expired" and amount < 1000 and customer ~ "Acme" and end < 2020-01-01'
    assert parse_filter(text) == And((EXPIRED, CHEAP, Compare(FieldRef("customer"), Op.CONTAINS, "Acme"), OLD))


def test_and_binds_tighter_than_or_and_not_tighter_than_and() -> None:
    text = 'status = "Expired" or not amount < 1000 and end < 2020-01-01'
    assert parse_filter(text) == Or((EXPIRED, And((Not(CHEAP), OLD))))


def test_parentheses_group() -> None:
    text = '(status = "Expired" or amount < 1000) and end < 2020-01-01'
    assert parse_filter(text) == And((Or((EXPIRED, CHEAP)), OLD))


def test_keywords_are_read_in_any_case() -> None:
    assert parse_filter('status = "Expired" AND Not amount < 1000') == And((EXPIRED, Not(CHEAP)))


@pytest.mark.parametrize(
    ("text", "op", "value"),
    [
        ('status = "a"', Op.EQ, "a"),
        ('status == "a"', Op.EQ, "a"),
        ('status != "a"', Op.NE, "a"),
        ('status <> "a"', Op.NE, "a"),
        ('status ≠ "a"', Op.NE, "a"),
        ('status ~ "a"', Op.CONTAINS, "a"),
        ('status !~ "a"', Op.NOT_CONTAINS, "a"),
        ('status starts with "a"', Op.STARTS_WITH, "a"),
        ("status in ('a', 'b')", Op.IN, ("a", "b")),
        ("status not in ('a')", Op.NOT_IN, ("a",)),
        ("status is null", Op.IS_NULL, None),
        ("status is empty", Op.IS_NULL, None),
        ("status is not null", Op.IS_NOT_NULL, None),
        ("status is not empty", Op.IS_NOT_NULL, None),
    ],
)
def test_every_operator_on_text_has_its_spelling(text: str, op: Op, value: str | tuple[str, ...] | None) -> None:
    assert parse_filter(text) == Compare(STATUS, op, value)


@pytest.mark.parametrize(
    ("text", "op", "value"),
    [
        ("amount < 1", Op.LT, Decimal(1)),
        ("amount<=-1.50", Op.LE, Decimal("-1.5")),
        ("amount ≤ 1", Op.LE, Decimal(1)),
        ("amount > +1", Op.GT, Decimal(1)),
        ("amount ≥ 1", Op.GE, Decimal(1)),
        ("amount >= 1", Op.GE, Decimal(1)),
        ("amount between 1 and 2", Op.BETWEEN, (Decimal(1), Decimal(2))),
    ],
)
def test_every_ordering_has_its_spelling(text: str, op: Op, value: Decimal | tuple[Decimal, ...]) -> None:
    assert parse_filter(text) == Compare(AMOUNT, op, value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("False", False),
        ("12.50", Decimal("12.5")),
        ("2024-02-29", date(2024, 2, 29)),
        ("2024-01-01T08:00:00+08:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01T00:00Z", datetime(2024, 1, 1, tzinfo=UTC)),
        (r'"say \"yes\" \\ \n\u5408"', 'say "yes" \\ \n合'),
        ("'it\\'s'", "it's"),
    ],
)
def test_every_kind_of_literal_has_its_spelling(written: str, meant: Literal) -> None:
    assert parse_filter(f"Level = {written}") == Compare(vendor("Level"), Op.EQ, meant)


def test_a_date_field_keeps_only_the_day_of_a_date_time() -> None:
    assert parse_filter("end < 2020-01-01T07:00:00+08:00") == OLD


@pytest.mark.parametrize(
    "text", ["status = “Expired”", "status ＝ 「Expired」", "（status＝『Expired』）", "status = ＂Expired＂"]
)
def test_full_width_punctuation_reads_as_the_plain_one(text: str) -> None:
    assert parse_filter(text) == EXPIRED


def test_full_width_lists_and_digits_read_as_the_plain_ones() -> None:
    assert parse_filter("amount in （１，２、3）") == Compare(AMOUNT, Op.IN, (Decimal(1), Decimal(2), Decimal(3)))


def test_full_width_characters_inside_quotes_stay_as_they_are() -> None:
    assert parse_filter('status = "（１）"') == Compare(STATUS, Op.EQ, "（１）")


@pytest.mark.parametrize("name", ["Level", "合同等级", "field_x__c", "Account_Name.id", "订单2"])
def test_other_identifiers_are_fields_of_the_crm(name: str) -> None:
    assert parse_filter(f"{name} is null") == Compare(vendor(name), Op.IS_NULL)


@pytest.mark.parametrize("name", ["status", "stauts", "and", "2nd", "合同 类型", "a-b"])
def test_backquotes_make_any_name_a_field_of_the_crm(name: str) -> None:
    assert parse_filter(f"`{name}` is null") == Compare(vendor(name), Op.IS_NULL)


def test_everything_must_be_said() -> None:
    assert parse_filter("everything") == Everything()


@pytest.mark.parametrize(
    ("name", "meant"), [("stauts", "status"), ("Status", "status"), ("amuont", "amount"), ("craeted", "created")]
)
def test_a_near_miss_of_a_field_name_is_an_error_that_names_the_field(name: str, meant: str) -> None:
    error = error_of(f'title = "x" and {name} is null')
    assert (error.column, error.hint.startswith(f"did you mean {meant}?")) == (17, True)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "the filter is empty"),
        ("   ", 4, "the filter is empty"),
        ("status = Expired", 10, "expected a value, not Expired"),
        ("status = null", 10, "expected a value, not null"),
        ('status = ""', 10, "an empty text matches nothing"),
        ('status < "x"', 8, "status is text, and < does not order text"),
        ('amount = "5"', 10, "amount takes a number"),
        ('amount ~ "5"', 8, "amount is not text, so ~ cannot be asked of it"),
        ("amount in (1, true)", 15, "amount takes a number"),
        ("amount = 5元", 10, "5元 is neither a number, a date nor a date-time"),
        ("amount between 5 and 1", 16, "between matches nothing: the first value is greater than the second"),
        ("amount between 5", 17, "expected and, not the end of the filter"),
        ("id = 123", 6, "id takes text"),
        ('end = "2020-01-01"', 7, "end takes a date or a date-time"),
        ("end < 2020-13-01", 7, "there is no such date or time: 2020-13-01"),
        ("created > 2024-01-01T10:00:00", 11, "a date-time needs an offset from UTC"),
        ('Level < "a"', 9, "< orders numbers and dates, not text or truth values"),
        ("Level ~ 5", 9, "~ takes text"),
        ('状态 = "过期" and status = “过期', 24, "the quote that opens here is never closed"),
        ('(status = "x"', 14, "expected ) or and/or, not the end of the filter"),
        ('status = "x")', 13, "expected and, or, or the end of the filter, not )"),
        ('status "x"', 8, 'expected an operator after status, not "x"'),
        ("status in ()", 12, "expected a value, not )"),
        ("status is nothing", 11, "expected null / empty, not nothing"),
        ('and status = "x"', 1, "expected a field name, not and"),
        ('status = "x" and', 17, "expected a field name, not the end of the filter"),
        ("a = 1 && b = 2", 7, "unexpected character &"),
        (r'status = "\u12"', 11, "this is not a character code"),
        (f"amount < {'9' * 41}", 10, "a number must be finite and have at most 40 digits"),
    ],
)
def test_an_error_points_at_the_very_column(text: str, column: int, message: str) -> None:
    error = error_of(text)
    assert (error.column, error.message) == (column, message)


def test_fifty_levels_of_parentheses_are_read_and_one_more_is_refused() -> None:
    assert parse_filter("(" * 50 + "amount < 1000" + ")" * 50) == CHEAP
    assert error_of("(" * 51 + "amount < 1000" + ")" * 51).message == "more than 50 levels of parentheses and not"


def test_two_hundred_conditions_are_read_and_one_more_is_refused() -> None:
    assert len(list(parse_filter(" or ".join(["amount < 1000"] * 200)).parts)) == 200  # type: ignore[union-attr]
    assert error_of(" or ".join(["amount < 1000"] * 201)).message == "more than 200 conditions"


def test_a_text_that_is_too_long_is_refused_before_it_is_read() -> None:
    assert error_of("x" * (MAX_LENGTH + 1)).column == MAX_LENGTH + 1


@pytest.mark.parametrize(("written", "meant"), [("contains", "~"), ("lacks", "!~"), ("Contains", "~")])
def test_an_operator_may_be_a_word(written: str, meant: str) -> None:
    assert parse_filter(f'customer {written} "Acme"') == parse_filter(f'customer {meant} "Acme"')


def test_a_word_is_an_operator_only_after_a_field() -> None:
    assert parse_filter('contains contains "lacks"') == parse_filter('`contains` ~ "lacks"')
