# ruff: noqa: E501 - tables are laid out for readers
"""Amounts as exports write them: read right, or named; never another amount."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.spreadsheets.amounts import NOT_AN_AMOUNT, ROUNDED, TWO_READINGS, Unread, read_amounts

READ = """
0 = 0 | 5 = 5 | 42 = 42 | 1200 = 1200 | 12418.50 = 12418.50 | 0.5 = 0.5 | .5 = 0.5 | 5. = 5 | 0.125 = 0.125 | 007 = 7
1,234.56 = 1234.56 | 12,345,678.90 = 12345678.90 | 1,234,567 = 1234567 | 98,000.5 = 98000.5 | 1234567.891 = 1234567.891
1.234,56 = 1234.56 | 12.345.678,90 = 12345678.90 | 1.234.567 = 1234567 | 1234,5 = 1234.5 | 0,75 = 0.75 | 98000,50 = 98000.50
1 234,50 = 1234.50 | 1 234 567,00 = 1234567.00 | 1 234.5 = 1234.5 | 12 345 = 12345 | 1 000 000 = 1000000
1'234.50 = 1234.50 | 1’234’567.05 = 1234567.05 | 1'234 = 1234 | 12'345'678 = 12345678
1,00,000.00 = 100000 | 12,34,567.89 = 1234567.89 | 1,00,00,000 = 10000000 | 10,00,000 = 1000000
¥12,418.50 = 12418.50 | ￥12,418.50 = 12418.50 | ¥ 1,200.50 = 1200.50 | CNY 1,200.50 = 1200.50 | 1,200.50 CNY = 1200.50
RMB 88 = 88 | 88元 = 88 | 88.5元整 = 88.5 | 人民币88元 = 88 | 88 人民币 = 88 | 1,200.00元 = 1200 | 99块 = 99
$1,234.50 = 1234.50 | US$ 1,234.50 = 1234.50 | USD1234.5 = 1234.5 | 1234.5 USD = 1234.5 | HK$500 = 500 | A$ 12.50 = 12.50
€ 1.234,56 = 1234.56 | 1.234,56 € = 1234.56 | EUR 1.234,56 = 1234.56 | 1.234,56 EUR = 1234.56 | 500,- € = 500 | 500,– = 500
500,-- = 500 | 500.- = 500 | CHF 500.-- = 500 | CHF 1'234.50 = 1234.50 | SFr.500 = 500 | SFr. 1'000.00 = 1000 | Fr. 80.50 = 80.50
kr. 500 = 500 | kr 500 = 500 | 500 kr = 500 | 500 kr. = 500 | 1 234,50 kr = 1234.50 | kr. 1.234,50 = 1234.50 | SEK 1 234,50 = 1234.50
500:- = 500 | 1 200:- = 1200 | DKK 1.234,50 = 1234.50 | NOK 99,50 = 99.50 | 99,50 DKK = 99.50
Rs. 500 = 500 | Rs. 1,00,000.00 = 100000 | Rs 1,00,000/- = 100000 | ₹1,00,000 = 100000 | ₹ 12,34,567.89 = 1234567.89
INR 5,00,000.00 = 500000 | 500/- = 500 | 2.5 lakh = 250000 | 3 lakhs = 300000 | 1.25 crore = 12500000 | ₹2.5 crore = 25000000
£1,234.50 = 1234.50 | GBP 12.50 = 12.50 | ₩1,234,567 = 1234567 | 1234円 = 1234 | ¥1,234,567 = 1234567 | 1,200,000円 = 1200000
12万 = 120000 | 12.5万 = 125000 | 12.5万元 = 125000 | ¥12.5万 = 125000 | 1.2亿 = 120000000 | 3亿元 = 300000000 | 5千 = 5000
2百万 = 2000000 | 3千万 = 30000000 | 1亿2000万 = 120000000 | 3万5千 = 35000 | 12萬 = 120000 | 1億 = 100000000 | 0.8万 = 8000
1,200万 = 12000000 | 1.5万亿 = 1500000000000 | -2.5万 = -25000 | (3万) = -30000 | 12万元整 = 120000 | 1 200,5万 = 12005000
1.5E+7 = 15000000 | 1.5e7 = 15000000 | 2E+06 = 2000000 | 1,5E+7 = 15000000 | 1.25E+05 = 125000 | 3.2E-1 = 0.32 | -1.5E+7 = -15000000
12k = 12000 | 1.5k = 1500 | €12k = 12000 | 5 Tsd. = 5000 | 3 Mio. = 3000000 | 2,5 Mio = 2500000 | 2,5 Mio. € = 2500000
1.2 million = 1200000 | 3 millions = 3000000 | 1.2mn = 1200000 | 4 bn = 4000000000 | 1,5 Mrd. = 1500000000 | 7 Mrd = 7000000000
-300 = -300 | −300 = -300 | –300 = -300 | 300- = -300 | 300− = -300 | (300) = -300 | (300.50) = -300.50 | - 300 = -300
-€300 = -300 | €-300 = -300 | €300- = -300 | ($1,234.50) = -1234.50 | $(300) = -300 | -1.234,56 = -1234.56 | (1.234,56 €) = -1234.56
+300 = 300 | + 300.5 = 300.5 | −¥300 = -300 | ¥-1,200.50 = -1200.50 | 300.00- = -300.00 | -0 = 0
CAD 12.00 = 12 | 12.00 AUD = 12 | AUD 1,000.10 = 1000.10 | 3.50 SGD = 3.5 | R$ 1.234,50 = 1234.50 | zł 12,50 = 12.50 | 12,50 zł = 12.50
１２３４ = 1234 | １，２３４．５０ = 1234.50 | （３００） = -300 | ￥１２．５万 = 125000 | －３００ = -300
"""
CASES = [tuple(pair.rsplit(" = ", 1)) for line in READ.strip().splitlines() for pair in line.split(" | ")]

NAMED = """
abc | 12 apples | 12%| 5² | 1.234 | 9.999 | 1,23,4.5 | 1.23.456,7 | 12 34 | 1'23.4 | 1..2 | 1,,2 | --300 | -(300) | (-300) | -300-
1.23457E+11 | 5.54023E+17 | M12 | 12M | 3万5 | 1万2亿 | 约12万 | 12-15 | 12/15 | 元 | € | tbd | 壹万元整 | 1e400 | 0x1F | #REF! | ½ | 12 34,5
""".replace("\n", " | ")
UNREAD = [cell for cell in (part.strip() for part in NAMED.split("|")) if cell]


def test_there_are_two_hundred_amounts() -> None:
    assert len(CASES) + len(UNREAD) >= 200


@pytest.mark.parametrize(("cell", "value"), CASES, ids=[cell for cell, _value in CASES])
def test_an_amount_is_read_as_it_was_meant(cell: str, value: str) -> None:
    assert read_amounts([cell]) == [Decimal(value)]


@pytest.mark.parametrize("cell", UNREAD)
def test_what_is_not_certain_is_named(cell: str) -> None:
    (read,) = read_amounts([cell])
    assert isinstance(read, Unread)
    assert read.cell == cell


@pytest.mark.parametrize("cell", ["", " ", "-", "—", "n/a", "N/A", "无", "/", "NULL"])
def test_signs_for_no_value_are_no_amount(cell: str) -> None:
    assert read_amounts([cell]) == [None]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234", "1.234,50 €"], ["1234", "1234.50"]),
        (["1.234", "12.5"], ["1.234", "12.5"]),
        (["1,234", "12.5"], ["1234", "12.5"]),
        (["1,234", "12,5"], ["1.234", "12.5"]),
        (["1,234", "5,678"], ["1234", "5678"]),
        (["1.234", "1.234.567"], ["1234", "1234567"]),
        (["1,234", "1,00,000"], ["1234", "100000"]),
        (["1.234", "0.5"], ["1.234", "0.5"]),
        (["1.234万", "2.5万"], ["12340", "25000"]),
    ],
)
def test_a_column_tells_thousands_from_decimals(cells: list[str], values: list[str]) -> None:
    assert read_amounts(cells) == [Decimal(value) for value in values]


def test_a_column_that_contradicts_itself_leaves_its_doubtful_cells_unread() -> None:
    assert read_amounts(["1.234", "1,5", "2.5"]) == [Unread("1.234", TWO_READINGS), Decimal("1.5"), Decimal("2.5")]


def test_a_comma_in_a_file_of_semicolons_may_be_a_decimal_comma() -> None:
    assert read_amounts(["1,234"], comma_groups=False) == [Unread("1,234", TWO_READINGS)]
    assert read_amounts(["1,234"]) == [Decimal(1234)]


def test_the_reason_is_said() -> None:
    assert read_amounts(["1.234", "abc", "1.23457E+11"]) == [
        Unread("1.234", TWO_READINGS), Unread("abc", NOT_AN_AMOUNT), Unread("1.23457E+11", ROUNDED),
    ]  # fmt: skip


AMOUNTS = st.decimals(-(10**12), 10**12, places=2)


@given(st.lists(AMOUNTS, min_size=1, max_size=8), st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]))
def test_grouped_amounts_with_cents_are_read_back(amounts: list[Decimal], marks: tuple[str, str]) -> None:
    group, point = marks
    cells = [f"{amount:,.2f}".replace(",", "\0").replace(".", point).replace("\0", group) for amount in amounts]
    assert read_amounts(cells) == amounts


@given(st.text(max_size=12))
def test_any_text_is_an_amount_or_named_or_nothing(text: str) -> None:
    (read,) = read_amounts([text])
    assert read is None or isinstance(read, Unread) or read.is_finite()
