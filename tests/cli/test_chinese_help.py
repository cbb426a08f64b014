"""Help pages in Chinese: no command, option or paragraph is left in English."""

from __future__ import annotations

import re

import pytest

from crm_bridge.cli.main import COMMANDS
from tests.cli.conftest import Shell

HAN = re.compile("[\u4e00-\u9fff]")


def test_the_list_of_commands_is_chinese(shell: Shell) -> None:
    listed = shell("--lang", "zh", "--help").out.split("命令:")[1].strip().splitlines()
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert [line for line in listed if not HAN.search(line)] == []


@pytest.mark.parametrize("words", [("sandbox", "serve"), ("doctor",), ("journal", "check"), ("login",)])
def test_every_paragraph_of_a_longer_help_is_chinese(shell: Shell, words: tuple[str, ...]) -> None:
    page = shell("--lang", "zh", *words, "--help").out
    _usage, *paragraphs, _options = re.split(r"\n\s*\n", page.strip())
    assert len(paragraphs) > 1
    assert [text for text in paragraphs if not HAN.search(text)] == []


def test_the_line_about_help_is_in_the_language_of_the_page(shell: Shell) -> None:
    assert "显示此帮助并退出。" in shell("--lang", "zh", "find", "--help").out
    assert "Show this message and exit." in shell("--lang", "en", "find", "--help").out
