"""Rows of a relaxed answer are read one by one; everything around them stays as strict as ever."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.transport import Response, UnreadableRow, raw_items
from crm_bridge.transport.parsing.raw_json import is_sound

PATHS = (("data", "dataList"), ("data",))


def read(body: bytes, kind: str = "application/json", *, relaxed: bool = True) -> Any:
    return Response(200, {"content-type": kind}, body, relaxed=relaxed, rows=PATHS).json()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (rb'"\ud83d"', "surrogate"),
        (b'"a\tb"', "syntax"),
        (rb'"\x41"', "syntax"),
        (b'"\xb6\xa8"', "syntax"),
        (b"NaN", "constant"),
        (b"-Infinity", "constant"),
        (b"1e999999", "number"),
        (b"undefined", "syntax"),
        (b'{"a":1,"a":1}', "duplicate_key"),
        (b'["fine",["\xff"]]', "syntax"),
    ],
)
def test_a_bad_value_makes_its_row_unreadable_and_no_other(value: bytes, reason: str) -> None:
    body = b'{"data":[{"id":"1"},{"id":"2","x":' + value + b'},{"id":"3"}],"info":{"count":3}}'
    first, bad, last = read(body)["data"]
    assert (first, last) == ({"id": "1"}, {"id": "3"})
    assert isinstance(bad, UnreadableRow)
    assert (bad.reason, bad.position, bad.value("id")) == (reason, 2, "2")
    assert bad.raw == b'{"id":"2","x":' + value + b"}"


def test_a_list_further_down_and_a_single_record_are_rows_too() -> None:
    assert isinstance(
        read(b'{"errorCode":0,"data":{"dataList":[{"_id":"1","x":NaN}]}}')["data"]["dataList"][0], UnreadableRow
    )
    assert isinstance(read(b'{"errorCode":0,"data":{"_id":"1","x":NaN}}')["data"], UnreadableRow)


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":[{"id":"1","x":NaN}',
        b'{"data":[{"id":"1","x":NaN},]}',
        b'{"data":[{"id":"1","x":NaN]}',
        b'{"data":[{"id":"1" "x":NaN}]}',
        b'{"data":[{"id":"1"}],"info":NaN}',
        b'{"data":[{"id":"1","x":NaN}],"data":[]}',
        b'{"data":[NaN]}',
        b'{"data":[{"x":' + b"[" * 70 + b"NaN" + b"]" * 70 + b"}]}",
        b"<html>NaN</html>",
    ],
)
def test_a_broken_structure_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read(body)


@pytest.mark.parametrize("body", [b'\xef\xbb\xbf{"data":[]}', b'{"data":[{"id":"1","x":NaN}]}'])
def test_a_call_that_changes_something_is_read_strictly(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read(body, relaxed=False)


def test_what_parses_as_an_object_is_json_whatever_it_is_called() -> None:
    assert read(b'\xef\xbb\xbf{"data":[]}', "text/html") == {"data": []}
    for body in (b"<html></html>", b'"a text"', b"[]", b"", b"12"):
        with pytest.raises(MalformedAnswerError) as refused:
            read(body, "text/plain")
        assert refused.value.reason == "content_type"


def test_an_id_that_is_said_twice_differently_is_no_id() -> None:
    [row] = read(b'{"data":[{"id":"1","id":"2"}]}')["data"]
    assert row.value("id") is None
    [row] = read(b'{"data":[{"id":"1","id":"1"}]}')["data"]
    assert row.value("id") == "1"


rows = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.text() | st.integers() | st.lists(st.text(), max_size=2), max_size=4),
    min_size=1,
    max_size=5,
)
damage = st.sampled_from([b"NaN", rb'"\ud800"', b'"\x00"', b'"\xff"', b"01", b"-", rb'"\q"'])


@given(rows, st.integers(0, 4), damage)
def test_every_other_row_comes_out_as_it_went_in(written: list[dict[str, Any]], at: int, bad: bytes) -> None:
    at %= len(written)
    pieces = [json.dumps(row).encode() for row in written]
    pieces[at] = b'{"id":"7","bad":' + bad + b"}"
    body = b'{"data":[' + b",".join(pieces) + b"]}"
    found = read(body)["data"]
    assert [row for row in found if isinstance(row, dict)] == [row for n, row in enumerate(written) if n != at]
    assert (found[at].value("id"), found[at].raw) == ("7", pieces[at])


@given(st.binary(max_size=120), st.booleans())
def test_no_bytes_make_it_fail_in_another_way(noise: bytes, inside: bool) -> None:
    body = b'{"data":[{"id":"1","x":' + noise + b"}]}" if inside else noise
    try:
        read(body)
    except MalformedAnswerError:
        return
    assert is_sound(body.removeprefix(b"\xef\xbb\xbf"))


@given(rows, st.integers(0, 4), damage)
def test_items_beside_one_that_json_does_not_know_are_the_bytes_that_came(
    written: list[dict[str, Any]], at: int, bad: bytes
) -> None:
    pieces = [json.dumps(row, ensure_ascii=False).encode() for row in written]
    pieces[at % len(written)] = b'{"id":"7","bad":[' + bad + b"]}"
    assert raw_items(b'{"data":[' + b",".join(pieces) + b"]}", "data") == pieces


@given(rows)
def test_items_are_the_bytes_that_came(written: list[dict[str, Any]]) -> None:
    pieces = [json.dumps(row, ensure_ascii=False).encode() for row in written]
    assert raw_items(b'{ "info" : {} , "data" :[ ' + b" , ".join(pieces) + b" ] }", "data") == pieces
