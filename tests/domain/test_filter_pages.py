"""The pages of the filter language, English and Chinese: what they show is read, runs, and fails in these words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_bridge.domain.filters.syntax import parse_filter, to_text
from crm_bridge.errors import FilterSyntaxError
from crm_bridge.i18n import active_language, use_language

DOCS = Path(__file__).parents[2] / "docs"
TEXTS = {
    language: (DOCS / folder / "reference" / "filter-language.md").read_text(encoding="utf-8")
    for language, folder in (("en", ""), ("zh", "zh_CN"))
}


def examples(language: str) -> list[str]:
    """Return the code blocks of both pages in a language."""
    return [block for text in TEXTS.values() for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]


def errors() -> list[tuple[str, str, int, str]]:
    """Return language, filter, column and message of every row of the tables of errors."""
    row = re.compile(r"^\| `(.+)` \| (\d+) \| (.+) \|$", re.MULTILINE)
    return [
        (language, wrong, int(column), message)
        for language, text in TEXTS.items()
        for wrong, column, message in row.findall(text)
    ]


@pytest.fixture
def speak() -> Iterator[Callable[[str], None]]:
    """Switch the language of messages until the end of the test."""
    before = active_language()
    yield use_language
    use_language(before)


@pytest.mark.parametrize("text", [line for block in examples("text") for line in block.splitlines()])
def test_every_example_of_the_pages_is_read(text: str) -> None:
    assert parse_filter(to_text(parse_filter(text))) == parse_filter(text)


@pytest.mark.parametrize("code", examples("python"))
def test_every_python_example_of_the_pages_runs(code: str) -> None:
    names: dict[str, object] = {}
    exec(compile(code, "filter-language.md", "exec"), names)
    assert names["same"] is True


def test_both_pages_show_the_same_mistakes() -> None:
    shown = [[(text, column) for of, text, column, _message in errors() if of == language] for language in TEXTS]
    assert len(shown[0]) == 6
    assert shown[0] == shown[1]


@pytest.mark.parametrize(("language", "text", "column", "message"), errors())
def test_every_mistake_of_the_pages_is_answered_in_these_words(
    speak: Callable[[str], None], language: str, text: str, column: int, message: str
) -> None:
    speak(language)
    with pytest.raises(FilterSyntaxError) as caught:
        parse_filter(text)
    assert (caught.value.column, caught.value.message) == (column, message)
