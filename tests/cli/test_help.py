"""Help pages: own options first, shared ones in one line, commands by what they are for, two examples that work."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from crm_bridge.cli.examples import EXAMPLES
from crm_bridge.cli.main import COMMANDS, GROUPS, cli
from crm_bridge.cli.terminal.translated import SharedOption
from scripts.cli_reference import commands
from tests.cli.conftest import Shell

EVERY = {
    path.partition(" ")[2]: command for path, command, _context in commands(cli, click.Context(cli, info_name="x"))
}
LEAVES = {
    path: command
    for path, command in EVERY.items()
    if not command.hidden and (not isinstance(command, click.Group) or path in ("plan", "adapters"))
}


def test_every_command_has_two_examples() -> None:
    assert EXAMPLES.keys() == LEAVES.keys()


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_is_parsed_by_its_command(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("receipt.json", "journal.jsonl", "contracts.csv", "list.csv", "secrets.toml"):
        (tmp_path / name).touch()
    first, second = EXAMPLES[path]
    assert first != second
    for call in (first, second):
        assert call == path or call.startswith(f"{path} ")
        parsed(cli, "crm-bridge", shlex.split(call), None)


def parsed(command: click.Command, name: str, words: list[str], parent: click.Context | None) -> None:
    """Parse words as the program would, without calling anything."""
    context = command.make_context(name, list(words), parent=parent)
    # Neither public nor without it: what is left for a subcommand.
    left = [*context._protected_args, *context.args]
    if isinstance(command, click.Group) and left:
        found, member, rest = command.resolve_command(context, left)
        assert member is not None
        parsed(member, found or "", rest, context)


def test_commands_are_listed_by_what_they_are_for() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("path", LEAVES)
def test_own_options_come_first_and_shared_ones_stand_in_one_section(shell: Shell, path: str) -> None:
    page = shell(*path.split(), "--help").out
    before, _title, after = page.partition("Shared options (see `crm-bridge --help`):\n")
    names = after.split("\n\n")[0].split()
    options = [one for one in LEAVES[path].params if isinstance(one, click.Option)]
    shared = [max(one.opts, key=len) for one in options if isinstance(one, SharedOption)]
    assert names == [*shared, "--help"]
    defined = {word.strip(",") for line in before.splitlines() if line.startswith("  -") for word in line.split()}
    making = EVERY["plan make"] if path == "plan" else LEAVES[path]
    own = [one for one in making.params if isinstance(one, click.Option) and not isinstance(one, SharedOption)]
    assert {max(one.opts, key=len) for one in own} <= defined
    assert not set(shared) & defined
    assert "\nExamples:\n" in after


def test_rarely_needed_commands_stand_apart(shell: Shell) -> None:
    usual, _title, rare = shell("journal", "--help").out.partition("Administration:")
    assert "rotate-key" not in usual
    assert "rotate-key" in rare
    assert shell("--help").out.index("Administration:") > shell("--help").out.index("Try out:")
