"""One rule for the options of all commands: given twice, a value is never silently replaced by another."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from crm_bridge.cli.main import cli
from crm_bridge.cli.terminal.translated import repeatable
from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Shell

GATHERED = {
    "--to",
    "--unset",
    "--where",
    "--key",
    "--checkpoint",
    "--receipt",
    "--set",
    "--env",
    "--only",
    "--fail",
    "--outcome",
    "--drop",
    "--keep",
    "--again",
} | {"--max-amount"}
"""Options that collect; a new one is added here on purpose."""


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with its path, groups included."""
    context = click.Context(group)
    yield path, group
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


OPTIONS = [
    (path, command, option)
    for path, command in commands(cli)
    for option in command.params
    if isinstance(option, click.Option)
]


def names(path: tuple[str, ...], option: click.Option) -> str:
    return " ".join((*path, option.opts[0]))


@pytest.mark.parametrize(
    ("path", "command", "option"),
    [pytest.param(*one, id=names(one[0], one[2])) for one in OPTIONS if not repeatable(one[2])],
)
def test_an_option_with_one_value_is_given_once(
    path: tuple[str, ...], command: click.Command, option: click.Option
) -> None:
    for other in option.opts + option.secondary_opts:
        words = [option.opts[0]] if option.is_flag else [option.opts[0], "1"]
        words += [other] if option.is_flag else [other, "1"]
        with pytest.raises(click.UsageError) as caught:
            command.make_context(" ".join(path) or "crm-bridge", words)
        assert "more than once" in caught.value.message


def test_only_these_options_collect() -> None:
    assert {option.opts[0] for _path, _command, option in OPTIONS if option.multiple} <= GATHERED


@pytest.mark.parametrize("name", ["--home", "--secrets-file", "--secrets-fd", "--lang"])
def test_an_option_before_and_after_the_command_is_given_twice(shell: Shell, name: str) -> None:
    value = {"--secrets-fd": "0", "--lang": "en"}.get(name, str(shell.home))
    for words in (
        (name, value, "status", name, value),
        ("journal", name, value, "list", name, value),
        (name, value, "plan", "zoho-sandbox", name, value),
    ):
        said = shell(*words)
        assert (said.code, "more than once" in said.err) == (2, True), said.err


@pytest.mark.parametrize("command", ["find", "plan", "backup"])
@pytest.mark.parametrize("option", ["--number", "--search", "--ids-from", "-o"])
def test_a_selection_is_never_widened_by_the_last_option(
    shell: Shell, running: Sandbox, command: str, option: str
) -> None:
    said = shell(command, "zoho-sandbox", option, "A", option, "B")
    assert said.code == 2
    assert not (shell.home / "plans").exists()


def test_two_filters_plan_what_both_select(shell: Shell, running: Sandbox, name: str) -> None:
    def planned(*words: str) -> set[str]:
        said = shell("plan", name, *words, "-o", shell.home / "w.plan", "--json")
        assert said.code == 0, said.err
        return {one["id"] for one in shell("plan", "show", shell.home / "w.plan", "--json").document()["contracts"]}

    one, two = 'status = "Expired"', "amount < 300000"
    both = planned("--where", one, "--where", two)
    assert both == planned("--where", one) & planned("--where", two)
