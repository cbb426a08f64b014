"""A Chinese page is its English twin in another language: same commands, same code, same tables, same order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT

DOCS = ROOT / "docs"
CHINESE = DOCS / "zh_CN"
PAGES = sorted(path.relative_to(CHINESE).as_posix() for path in CHINESE.rglob("*.md"))
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def both(page: str) -> tuple[str, str]:
    """Return the English and the Chinese text of a page."""
    return (DOCS / page).read_text(encoding="utf-8"), (CHINESE / page).read_text(encoding="utf-8")


def headings(text: str) -> list[str]:
    """Return the level of every heading, in order."""
    return re.findall(r"^(#+) ", FENCE.sub("", text), re.MULTILINE)


def code(text: str) -> list[tuple[str, str]]:
    """Return language and code of every fenced block, without comments: those are translated."""
    return [(language, re.sub(r" *# .*", "", body)) for language, body in FENCE.findall(text)]


def commands(text: str) -> list[str]:
    """Return the commands of the indented blocks."""
    started = r"crm-bridge|keyring|python|(?:scripts|sweeps|referees)/"
    return re.findall(rf"^ {{4,}}((?:{started})\S* ?.*)$", FENCE.sub("", text), re.MULTILINE)


def rows(text: str) -> list[tuple[int, list[str], list[str]]]:
    """Return of every row of a table what is no language: how many cells, code and numbers."""
    found = []
    for line in re.findall(r"^\|.*\|$", text, re.MULTILINE):
        words = re.sub(r"`` .*? ``|`[^`]*`", "", line)
        spans = sorted(set(re.findall(r"`` .*? ``|`[^`]*`", line)))
        found.append((len(re.findall(r"(?<!\\)\|", words)), spans, sorted(re.findall(r"\d[\d,.]*\b", words))))
    return found


def links(text: str) -> list[str]:
    """Return the files that a text leads to."""
    return re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)


@pytest.mark.parametrize("page", PAGES)
def test_twins_lead_to_each_other_in_their_third_lines(page: str) -> None:
    english, chinese = both(page)
    up = "../" * page.count("/")
    assert english.splitlines()[2] == f"[简体中文]({up}zh_CN/{page})"
    assert chinese.splitlines()[2] == f"[English]({up}../{page})"


@pytest.mark.parametrize("page", PAGES)
def test_twins_have_the_same_headings_and_code(page: str) -> None:
    english, chinese = both(page)
    assert headings(chinese) == headings(english)
    assert code(chinese) == code(english)
    assert commands(chinese) == commands(english)


@pytest.mark.parametrize("page", PAGES)
def test_twins_have_the_same_code_and_numbers_in_every_row_of_their_tables(page: str) -> None:
    english, chinese = both(page)
    assert rows(chinese) == rows(english)


@pytest.mark.parametrize("page", PAGES)
def test_a_chinese_page_leads_to_chinese_pages_wherever_there_are_some(page: str) -> None:
    here = (CHINESE / page).parent
    targets = {(here / link).resolve() for link in links((CHINESE / page).read_text(encoding="utf-8"))}
    english = {DOCS / other for other in PAGES if other != page} | {ROOT / "README.md"}
    assert targets & english == set()


def test_the_chinese_readme_leads_to_every_chinese_page() -> None:
    text = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    targets = {Path(ROOT / link).resolve() for link in links(text)}
    assert [page for page in PAGES if CHINESE / page not in targets] == []


def test_every_command_and_option_is_explained_in_chinese() -> None:
    text = (CHINESE / "reference" / "command-line.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "    ", "["))]
    assert len(lines) > 100
    assert [line for line in lines if not re.search("[\u4e00-\u9fff]", line)] == []
