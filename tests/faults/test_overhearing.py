"""The search for canaries finds them: in every encoding, in any surroundings, in contents and names of files."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.faults.overhear import TITLE, hits, traces_on_disk

SECRET = '1000.c4n4ry/+ "七"&token'
NEEDLES = {"secret": SECRET, "title": TITLE}
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "JSON": lambda text: json.dumps(text),
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
}


@pytest.mark.parametrize("wrapper", ["{}", "Bearer {}", '{{"a": "{}"}}', "x{}x"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_value_is_found_in_every_encoding(encoding: str, wrapper: str) -> None:
    shown = wrapper.format(ENCODINGS[encoding](SECRET))
    assert hits(NEEDLES, shown.encode()) == ["secret"]


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_value_inside_base64_is_found_wherever_it_begins(before: str) -> None:
    assert hits(NEEDLES, base64.b64encode(f"{before}{SECRET} and more".encode())) == ["secret"]


def test_what_is_not_there_is_not_found() -> None:
    assert hits(NEEDLES, f"{SECRET[:-1]} {TITLE[1:]}".encode()) == []


def test_traces_are_found_in_contents_and_in_names(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.log").write_bytes(b"\x00" + TITLE.encode() + b"\xff")
    (tmp_path / quote(SECRET, safe="")).touch()
    (tmp_path / "secrets.toml").write_text(SECRET)
    found = traces_on_disk(tmp_path, NEEDLES, known=("secrets.toml",))
    assert found == [f"secret in the name {quote(SECRET, safe='')}", "title in deep/a.log"]
