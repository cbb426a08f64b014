"""Nothing that a CRM wrote moves the cursor, hides a character or turns the direction of a line."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable

import pytest

from crm_bridge.cli.terminal.output import Output, report_error
from crm_bridge.cli.terminal.tables import broken
from crm_bridge.errors import CrmError
from crm_bridge.harmless import plain

HARMFUL = "".join(
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character != "\n"
)
"""Every control, direction, zero-width and other format character, and the line separators that are not ours."""
TRICKS = {
    "clear the screen": "HT-1\x1b[2J\x1b[H",
    "another title": "\x1b]0;DELETE 1\x07",
    "C1 introducer": "\x9b31m",
    "over the line": "Acme\rGlobex",
    "second line": "Acme\x0b\x0cGlobex",
    "backspaces": "Globex\b\b\b\b\b\bAcme  ",
    "right to left": "HT-\u202e3810\u202c",
    "isolate": "\u2066a\u2067b\u2069",
    "marks": "\u200e\u200f\u061c",
    "nothing to see": "HT\u200b-\u200d1\ufeff",
    "tags": "HT-1\U000e0044\U000e0045",
    "separators": "a\u2028b\u2029c",
}
NAMES = "合同 HT-2024-0183 · Überlandwerk — 第九 🙂"


def test_the_table_holds_what_the_rules_name() -> None:
    named = {*map(chr, range(0x00, 0x20)), *map(chr, range(0x7F, 0xA0)), "\u061c", "\u200e", "\u200f"}
    named |= {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u200b", "\u200d", "\ufeff"}
    assert named - {"\n"} <= set(HARMFUL)
    assert len(HARMFUL) >= 200


@pytest.mark.parametrize("character", HARMFUL, ids=lambda one: f"{ord(one):04x}")
def test_every_harmful_character_becomes_a_visible_escape(character: str) -> None:
    assert plain(f"a{character}b") == f"a\\u{ord(character):04x}b"


def test_names_in_any_language_stay_as_they_are() -> None:
    assert plain(NAMES) == NAMES


def test_half_a_character_is_shown_as_one() -> None:
    assert plain("a\ud800b") == "a\\ud800b"


def test_a_text_without_end_is_clipped_where_it_is_seen() -> None:
    assert plain("x" * 1000) == "x" * 399 + "…"


WAYS: dict[str, Callable[[str], None]] = {
    "text": lambda text: Output.text(f"result: {text}"),
    "note": lambda text: Output.note(f"note: {text}"),
    "table": lambda text: Output.table(["title"], [[text]]),
    "pairs": lambda text: Output.pairs([("title", text)]),
    "document": lambda text: Output(as_json=True).document("x/1", {"title": text}),
    "line": lambda text: Output(as_json=True).line("x/1", {text: "title"}),
    "error": lambda text: report_error(CrmError(text, hint=text), as_json=False),
    "error as json": lambda text: report_error(CrmError(text, hint=text), as_json=True),
}


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_printing_lets_one_through(way: str, trick: str, capsys: pytest.CaptureFixture[str]) -> None:
    WAYS[way](TRICKS[trick])
    shown = "".join(capsys.readouterr())
    assert set(shown) & set(HARMFUL) == set()
    assert "\\" in shown


@pytest.mark.parametrize("trick", TRICKS)
def test_a_reader_of_the_json_gets_the_exact_text(trick: str, capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).line("x/1", {"title": TRICKS[trick]})
    assert json.loads(capsys.readouterr().out)["title"] == TRICKS[trick]


def test_lines_of_ours_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Output.text("one\n  two 合同")
    assert capsys.readouterr().out == "one\n  two 合同\n"


@pytest.mark.parametrize(
    ("line", "width", "shown"),
    [
        ("short enough", 20, "short enough"),
        ("a sentence of several words", 12, "a sentence\nof several\nwords"),
        ("go on with `crm-bridge resume`: it looks", 24, "go on with\n`crm-bridge resume`: it\nlooks"),
        ("carry it out: crm-bridge apply a.plan", 26, "carry it out:\ncrm-bridge apply a.plan"),
        ("look at it, then add: --confirm 0123456789", 24, "look at it, then add:\n--confirm 0123456789"),
        ("receipt: /a/path/that/is/longer/than/the/line", 20, "receipt: /a/path/that/is/longer/than/the/line"),
        ("  - one of a list of things", 14, "  - one of a\n  list of\n  things"),
        ("没有空格的句子由终端折行", 10, "没有空格的句子由终端折行"),
    ],
)
def test_a_sentence_breaks_between_words_and_nothing_that_is_copied_breaks(line: str, width: int, shown: str) -> None:
    assert broken(line, width) == shown
