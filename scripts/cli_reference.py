"""Write docs/reference/command-line.md from the help of every command.

python scripts/cli_reference.py [--check]
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from crm_bridge.cli.main import cli

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "command-line.md"
HEAD = """# Command line

Results go to standard output, everything else to standard error. `--json` prints one document, or JSON lines for
listings, each with its `schema`. The options `--home`, `--secrets-file`, `--secrets-fd`, `--json`, `--lang`,
`--verbose` and `--debug-http` stand before or after the name of any command and are left out below.

`NO_COLOR` switches colours off, `CRM_BRIDGE_HOME` names the state directory, `CRM_BRIDGE_LANG` the language. Shell
completion: `eval "$(_CRM_BRIDGE_COMPLETE=bash_source crm-bridge)"` (or `zsh_source`, `fish_source`).

This page is written from the program's own help.
"""
SHARED = frozenset({"home", "secrets_file", "secrets_fd", "as_json", "lang", "verbose", "debug_http", "help"})


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
    lines = [f"## {path}", "", inspect.cleandoc(command.help or ""), "", f"    {usage} [OPTIONS]", ""]
    records = [
        option.get_help_record(context)
        for option in command.params
        if isinstance(option, click.Option) and option.name not in SHARED
    ]
    rows = [f"- `{record[0]}`: {record[1]}" for record in records if record]
    return "\n".join([*lines, *rows, ""] if rows else lines)


def page() -> str:
    """Return the whole page."""
    root = click.Context(cli, info_name="crm-bridge")
    parts = [section(*found) for found in commands(cli, root) if found[1] is not cli]
    return HEAD + "\n" + "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    new = page().rstrip() + "\n"
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == new:
        return 0
    if "--check" in arguments:
        print(f"{PAGE.name} is not fresh: run python scripts/cli_reference.py")
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
