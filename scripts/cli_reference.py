"""Write docs/reference/command-line.md and its Chinese twin from the help of every command.

python scripts/cli_reference.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from crm_bridge.cli.examples import EXAMPLES
from crm_bridge.cli.main import cli
from crm_bridge.cli.terminal.translated import SharedOption, translated
from crm_bridge.i18n import use_language

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = {"en": DOCS / "reference" / "command-line.md", "zh": DOCS / "zh_CN" / "reference" / "command-line.md"}
ENGLISH = """# Command line

[简体中文](../zh_CN/reference/command-line.md)

Results go to standard output, everything else to standard error. `--json` prints one document, or JSON lines for
listings, each with its `schema`. The options `--home`, `--secrets-file`, `--secrets-fd`, `--secrets-dir`, `--json`,
`--lang`, `--verbose` and `--debug-http` stand before or after the name of any command and are left out below.

`NO_COLOR` switches colours off, `CRM_BRIDGE_HOME` names the state directory, `CRM_BRIDGE_LANG` the language. Shell
completion: `eval "$(_CRM_BRIDGE_COMPLETE=bash_source crm-bridge)"` (or `zsh_source`, `fish_source`).

This page is written from the program's own help.
"""
CHINESE = """# 命令行

[English](../../reference/command-line.md)

结果写到标准输出，其他一切写到标准错误。`--json` 输出一个文档，列表则为 JSON 行，每一份都带有自己的 `schema`。
选项 `--home`、`--secrets-file`、`--secrets-fd`、`--secrets-dir`、`--json`、`--lang`、`--verbose` 和 `--debug-http`
可放在任何命令名称之前或之后，下文不再列出。

`NO_COLOR` 关闭颜色，`CRM_BRIDGE_HOME` 指定状态目录，`CRM_BRIDGE_LANG` 指定语言。
Shell 补全：`eval "$(_CRM_BRIDGE_COMPLETE=bash_source crm-bridge)"`（或 `zsh_source`、`fish_source`）。

本页由程序自己的帮助生成。
"""
HEADS = {"en": ENGLISH, "zh": CHINESE}


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command with its path, groups before their members."""
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            member = command.get_command(context, name)
            if member is not None:
                yield from commands(member, click.Context(member, parent=context, info_name=name))


def section(path: str, command: click.Command, context: click.Context) -> str:
    """Return the part of the page about one command."""
    usage = " ".join(part for part in (path, *command.collect_usage_pieces(context)) if part != "[OPTIONS]")
    options = [one for one in command.params if isinstance(one, click.Option) and not isinstance(one, SharedOption)]
    with translated(command):
        lines = [f"## {path}", "", command.help or "", "", f"    {usage} [OPTIONS]", ""]
        records = [option.get_help_record(context) for option in options]
    rows = [f"- `{record[0]}`: {record[1]}" for record in records if record]
    below = path.partition(" ")[2]
    examples = [f"    crm-bridge {call}" for call in EXAMPLES.get(below, ())]
    return "\n".join([*lines, *([*rows, ""] if rows else []), *([*examples, ""] if examples else [])])


def page(language: str) -> str:
    """Return the whole page in one language."""
    use_language(language)
    root = click.Context(cli, info_name="crm-bridge")
    parts = [section(*found) for found in commands(cli, root) if found[1] is not cli]
    return (HEADS[language] + "\n" + "\n".join(parts)).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    stale = []
    for language, path in PAGES.items():
        new = page(language)
        if not path.exists() or path.read_text(encoding="utf-8") != new:
            stale.append(path.relative_to(DOCS).as_posix())
            if "--check" not in arguments:
                path.write_text(new, encoding="utf-8")
    print("changed:", ", ".join(stale) or "nothing")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
