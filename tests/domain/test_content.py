"""What of a row is the record: every rendering of one content has one digest, every edit has another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.domain.records.content import (
    Content,
    as_it_is,
    choices,
    files,
    flag,
    instant,
    number,
    reference,
    references,
)

CONTENT = Content(
    fields={
        "name": as_it_is,
        "amount": number,
        "owner": references,
        "customer": reference,
        "tags": choices,
        "file": files,
        "at": instant,
        "open": flag,
        "text": as_it_is,
        "version": number,
    },
    moving=frozenset({"version"}),
    cuts={"text": 5},
    known=lambda name: name.endswith("__r") or name == "total_num",
)
ROW: Mapping[str, Any] = {
    "name": "采购合同",
    "amount": Decimal("1000.25"),
    "owner": ["1000"],
    "customer": {"id": "7", "name": "Acme"},
    "tags": ["b", "a"],
    "file": [{"path": "N_1", "filename": "a.pdf", "size": 3, "signedUrl": "https://x/1"}],
    "at": "2026-11-30T10:00:00+08:00",
    "open": True,
    "text": "hello",
    "version": 3,
}


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("amount", "1000.25"),
        ("amount", "1000.250000"),
        ("amount", Decimal("1000.2500")),
        ("owner", "1000"),
        ("owner", [{"id": "1000", "name": "王芳"}]),
        ("owner", {"id": "1000", "name": "Wang Fang"}),
        ("customer", "7"),
        ("customer", {"id": "7"}),
        ("customer", {"id": "7", "name": "Acme (renamed)"}),
        ("tags", "a;b"),
        ("tags", [{"id": "a"}, {"id": "b"}]),
        ("file", [{"path": "N_1", "name": "a.pdf", "size": "3", "signedUrl": "https://x/2", "ext": "pdf"}]),
        ("at", "2026-11-30T02:00:00+00:00"),
        ("open", "true"),
        ("text", "hello and what a list cuts off"),
        ("version", "4"),
    ],
)
def test_one_content_in_another_shape_has_one_digest(key: str, shown: object) -> None:
    assert CONTENT.digest({**ROW, key: shown}) == CONTENT.digest(ROW)


@pytest.mark.parametrize(
    ("key", "edited"),
    [
        ("name", "采购合同 "),
        ("amount", "1000.26"),
        ("amount", None),
        ("owner", ["1001"]),
        ("owner", ["1000", "1001"]),
        ("customer", {"id": "8", "name": "Acme"}),
        ("tags", ["a"]),
        ("file", [{"path": "N_2", "filename": "a.pdf", "size": 3}]),
        ("file", [{"path": "N_1", "filename": "b.pdf", "size": 3}]),
        ("file", [{"path": "N_1", "filename": "a.pdf", "size": 4}]),
        ("file", []),
        ("at", "2026-11-30T10:00:01+08:00"),
        ("open", False),
        ("text", "hallo"),
    ],
)
def test_every_edit_has_another_digest(key: str, edited: object) -> None:
    assert CONTENT.digest({**ROW, key: edited}) != CONTENT.digest(ROW)


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_an_empty_key_and_a_missing_key_are_one(empty: object) -> None:
    without = {key: value for key, value in ROW.items() if key != "owner"}
    assert CONTENT.digest({**without, "owner": empty}) == CONTENT.digest(without)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key not in CONTENT.fields), JSON, max_size=4))
def test_nothing_that_no_metadata_describes_counts(more: dict[str, object]) -> None:
    assert CONTENT.digest({**more, **ROW}) == CONTENT.digest(ROW)


@given(st.sampled_from([as_it_is, number, flag, reference, references, choices, instant, files]), JSON)
def test_a_value_of_any_shape_can_be_reduced(reduce: Callable[[object], object], value: object) -> None:
    assert Content({"any": reduce}).digest({"any": value}) == Content({"any": reduce}).digest({"any": value})


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_zeros_at_the_end_say_nothing(value: Decimal) -> None:
    assert number(str(value)) == number(f"{value}000") == number(value)


def test_keys_that_nobody_describes_are_named() -> None:
    rows = [{**ROW, "total_num": 1, "owner__r": "x"}, {**ROW, "surprise": 1}]
    assert CONTENT.undescribed(rows) == ("surprise",)


def test_rows_that_nothing_describes_count_but_for_what_the_vendor_adds() -> None:
    rows = Content({}, open=True, known=lambda name: name.startswith("$"))
    assert [rows.counts(name) for name in ("sku", "$state")] == [True, False]
