"""The journal's bytes are RFC 8785 bytes, whichever way they are made."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.errors import JournalError
from crm_bridge.journal.format.canonical import MAX_INTEGER, JsonValue, canonical

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


# The published test data of RFC 8785's author: what goes in, and the bytes that must come out.
PUBLISHED: list[tuple[JsonValue, str]] = [
    (
        {
            "\u20ac": "Euro Sign",
            "1": "One",
            "\u0080": "Control\u007f",
            "\U0001f602": "Smiley",
            "\u00f6": "Latin Small Letter O With Diaeresis",
            "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "</script>": "Browser Challenge",
        },
        '{"1":"One","</script>":"Browser Challenge","\u0080":"Control\u007f","\u00f6":"Latin Small Letter O With '
        'Diaeresis","\u20ac":"Euro Sign","\U0001f602":"Smiley","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    ),
    (
        {"1": {"f": {"f": "hi", "F": 5}, "\n": 56}, "10": {}, "": "empty", "a": {}, "111": [{}], "A": {}},
        '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}',
    ),
    (
        {
            "peach": "This sorting order",
            "péché": "is wrong according to French",
            "pêche": "but canonicalization MUST",
            "sin": "ignore locale",
        },
        '{"peach":"This sorting order","péché":"is wrong according to French",'
        '"pêche":"but canonicalization MUST","sin":"ignore locale"}',
    ),
    ({"Unnormalized Unicode": "A\u030a"}, '{"Unnormalized Unicode":"A\u030a"}'),
    ([56, {"d": True, "10": None, "1": []}], '[56,{"1":[],"10":null,"d":true}]'),
]


@pytest.mark.parametrize(("value", "expected"), PUBLISHED)
def test_the_published_bytes_come_out(value: JsonValue, expected: str) -> None:
    assert canonical(value) == expected.encode()
