"""Only JSON that means one thing to every reader is read."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.transport import Response, parse_json
from crm_bridge.transport.parsing.strict_json import deeper_than

JSON = "application/json;charset=UTF-8"


def reason_of(body: bytes, content_type: str = JSON) -> str:
    with pytest.raises(MalformedAnswerError) as refused:
        parse_json(body, content_type=content_type)
    return refused.value.reason


def test_integers_stay_exact_and_other_numbers_become_decimals() -> None:
    assert parse_json(b'{"id": 12345678901234567890, "amount": 0.10}', content_type=JSON) == {
        "id": 12345678901234567890,
        "amount": Decimal("0.10"),
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"x":{"a":1,"a":1}}', "duplicate_key"),
        (b"NaN", "constant"),
        (b"[-Infinity]", "constant"),
        (b"", "syntax"),
        (b'{"a":1', "syntax"),
        (b'{"a":1} tail', "syntax"),
        (b"\xff\xfe{}", "syntax"),
        (b"\xef\xbb\xbf{}", "syntax"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b"1" * 65, "number"),
        (b"1e999999", "number"),
        (b"0." + b"1" * 70, "number"),
        (b"[" * 65 + b"]" * 65, "depth"),
        (b"[" * 100_000, "depth"),
        (b'{"a":' * 100_000, "depth"),
    ],
)
def test_a_doubtful_document_is_refused(body: bytes, reason: str) -> None:
    assert reason_of(body) == reason


def test_64_levels_are_read() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64, content_type=JSON) is not None


@pytest.mark.parametrize("content_type", ["text/html", "", "text/plain", "application/jsonp", "image/json"])
def test_another_content_type_is_not_json(content_type: str) -> None:
    assert reason_of(b"{}", content_type) == "content_type"


@pytest.mark.parametrize(
    "content_type", ["application/json", "APPLICATION/JSON; charset=x", "application/problem+json"]
)
def test_json_types_are_recognised(content_type: str) -> None:
    assert parse_json(b"{}", content_type=content_type) == {}


def test_an_answer_reads_its_json_and_shows_none_of_it() -> None:
    answer = Response(200, {"content-type": JSON}, b'{"access_token":"canary"}')

    assert answer.json() == {"access_token": "canary"}
    assert repr(answer) == "<Answer 200, 25 bytes>"


def test_the_refusal_carries_no_document() -> None:
    with pytest.raises(MalformedAnswerError) as refused:
        parse_json(b'{"access_token":"canary", oops', content_type=JSON)

    assert refused.value.__context__ is None
    assert refused.value.__cause__ is None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def depth_of(value: object) -> int:
    """Return how many levels of lists and objects a value has, the slow and plain way."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((depth_of(one) for one in inner), default=0)


@given(values, st.integers(0, 6))
def test_depth_is_counted_as_a_plain_count_would(value: object, limit: int) -> None:
    assert deeper_than(value, limit) is (depth_of(value) > limit)


@pytest.mark.parametrize("filling", ["]", "}", "[", "{", '\\"]', "\\\\"])
def test_brackets_inside_texts_neither_hide_nor_make_depth(filling: str) -> None:
    text = f'"{filling}"'
    assert parse_json(f"[{text}]".encode(), content_type=JSON)
    assert reason_of((f"[{text}," * 65 + text + f",{text}]" * 65).encode()) == "depth"


@pytest.mark.parametrize("escape", ["\\uD800", "\\udbff", "\\uDC00", "\\udfFF"])
def test_half_a_character_is_refused_however_it_is_written(escape: str) -> None:
    assert reason_of(f'{{"a":"{escape}"}}'.encode()) == "surrogate"


@given(values)
def test_every_value_without_fractions_comes_back_as_it_was(value: object) -> None:
    assert parse_json(json.dumps(value).encode(), content_type=JSON) == value


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_in_another_way(body: bytes) -> None:
    try:
        parse_json(body, content_type=JSON)
    except MalformedAnswerError as refused:
        assert refused.reason in {"syntax", "constant", "duplicate_key", "number", "surrogate", "depth"}  # noqa: PT017
