"""The journal's bytes are RFC 8785 bytes, whichever way they are made."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.errors import JournalError
from crm_bridge.journal.canonical import MAX_INTEGER, JsonValue, canonical

SCALARS = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text()
KEYS = st.text(st.characters(codec="ascii")) | st.text(st.sampled_from(["\ue000", "\U0001f600", "合", "a", "\ufffd"]))
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(VALUES)
def test_the_fast_way_gives_the_bytes_of_rfc_8785(value: JsonValue) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_keys_are_sorted_by_utf16_units() -> None:
    assert canonical({"\ue000": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ue000":1}'.encode()


def test_control_characters_are_escaped_as_rfc_8785_does() -> None:
    assert canonical('\u20ac$\u000f\nA\'B"\\\\"/\x7f') == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'.encode()


@pytest.mark.parametrize(
    "value", [1.5, {"a": 0.0}, [float("nan")], 2**53, -(2**53), b"x", {1: "a"}, "\ud800", {"\ud800": 1}]
)
def test_what_has_no_exact_place_is_refused(value: JsonValue) -> None:
    with pytest.raises(JournalError) as refused:
        canonical(value)
    assert refused.value.reason == "bad_entry"


def test_endless_nesting_is_refused() -> None:
    value: JsonValue = []
    for _level in range(40):
        value = [value]
    with pytest.raises(JournalError):
        canonical(value)
