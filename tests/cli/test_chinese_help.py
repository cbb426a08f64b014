"""Help pages in Chinese: no command, option or paragraph is left in English."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from crm_bridge.cli.main import COMMANDS, cli
from tests.cli.conftest import Shell

HAN = re.compile("[\u4e00-\u9fff]")


def test_the_list_of_commands_is_chinese(shell: Shell) -> None:
    page = shell("--lang", "zh", "--help").out
    _usage, _about, _options, *sections = re.split(r"\n\s*\n", page.strip())
    assert [section for section in sections if not HAN.search(section.splitlines()[0])] == []
    listed = [line for section in sections for line in section.splitlines()[1:]]
    assert sorted(line.split()[0] for line in listed) == sorted(COMMANDS)
    assert [line for line in listed if not HAN.search(line)] == []


@pytest.mark.parametrize("words", [("sandbox", "serve"), ("doctor",), ("journal", "check"), ("login",)])
def test_every_paragraph_of_a_longer_help_is_chinese(shell: Shell, words: tuple[str, ...]) -> None:
    page = shell("--lang", "zh", *words, "--help").out
    page = page.split("示例")[0].rpartition("\n")[0]
    _usage, *paragraphs = re.split(r"\n\s*\n", page.strip())
    assert len(paragraphs) > 1
    assert [text for text in paragraphs if not HAN.search(text)] == []


def test_the_line_about_help_is_in_the_language_of_the_page(shell: Shell) -> None:
    assert "显示此帮助并退出。" in shell("--lang", "zh", "--help").out
    assert "Show this message and exit." in shell("--lang", "en", "--help").out


def every_command(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        member = group.get_command(context, name)
        yield (*above, name)
        if isinstance(member, click.Group):
            yield from every_command(member, *above, name)


def test_every_option_of_every_command_is_explained_in_chinese(shell: Shell) -> None:
    english = []
    for words in [(), *every_command(cli)]:
        page = shell("--lang", "zh", *words, "--help").out
        _before, _title, options = page.partition("选项:\n")
        records = re.split(r"\n(?=  -)", options.split("\n\n")[0])
        english += [(*words, record) for record in records if record and not HAN.search(record)]
    assert english == []


@pytest.mark.parametrize("language", ["zh", "zh_CN", "zh-Hans", "ZH_cn.UTF-8"])
def test_a_language_may_be_named_as_a_locale(shell: Shell, language: str) -> None:
    assert "显示此帮助并退出。" in shell("--lang", language, "--help").out
    assert shell("--lang", "xx_XX", "--help").code == 2
