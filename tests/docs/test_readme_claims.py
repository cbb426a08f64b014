"""What the READMEs say in passing is true as well."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from crm_bridge import errors
from crm_bridge.cli.commands.demo_cmd import WHERE
from crm_bridge.cli.main import cli
from crm_bridge.errors import CrmBridgeError
from tests.docs.conftest import ROOT, blocks

PAGES = ["README.md", "README.zh-CN.md"]
FAMILIES = {
    1: "CrmError",
    2: "UsageError",
    4: "GuardError",
    5: "ConfirmationError",
    6: "BackupError",
    7: "InterruptedRunError",
    8: "NothingMatchedError",
    9: "InDoubtError",
    16: "JournalBusyError",
}


def every_command(command: click.Command, context: click.Context) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            member = command.get_command(context, name)
            assert member is not None
            yield from every_command(member, click.Context(member, parent=context, info_name=name))


@pytest.mark.parametrize("page", PAGES)
def test_the_exit_codes_are_those_of_the_errors(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    sentence = re.search(r"(?:Exit codes: |退出码：)((?:.+\n)+)", text)
    assert sentence
    named = [int(code) for code in re.findall(r"(?:^|· |·\n)(\d+) ", sentence[1])]
    assert named == [*range(10), 16]
    assert re.search(r"10–15 .*`journal check`|10–15 `journal check`", sentence[1].replace("\n", " "))
    kinds: dict[str, type[CrmBridgeError]] = {name: getattr(errors, name) for name in FAMILIES.values()}
    assert {kinds[name].exit_code: name for name in FAMILIES.values()} == FAMILIES


def test_no_command_has_an_option_that_says_yes_to_everything() -> None:
    found = [
        option
        for command in every_command(cli, click.Context(cli, info_name="crm-bridge"))
        for parameter in command.params
        for option in parameter.opts
        if option in ("--yes", "-y", "-f", "--assume-yes", "--no-confirm")
    ]
    assert found == []


def test_force_overwrites_a_named_file_and_nothing_else() -> None:
    for command in every_command(cli, click.Context(cli, info_name="crm-bridge")):
        options = {option: parameter for parameter in command.params for option in parameter.opts}
        if "--force" in options:
            assert {"--output", "--report"} & options.keys()
            assert options["--force"].help == "Overwrite a file of another kind as well."


@pytest.mark.parametrize("page", PAGES)
def test_the_only_set_up_is_python_git_and_two_commands(page: str) -> None:
    demo, tests = (block.strip() for block in blocks(page, "sh"))
    assert demo == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/crm-bridge demo"
    assert tests == "scripts/check"
    assert "Python 3.11" in (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize(("page", "picture"), [("README.md", "demo.svg"), ("README.zh-CN.md", "demo.zh-CN.svg")])
def test_the_picture_is_a_session_of_the_demo_and_loads_nothing(page: str, picture: str) -> None:
    assert f"](docs/images/{picture})" in (ROOT / page).read_text(encoding="utf-8")
    svg = (ROOT / "docs" / "images" / picture).read_text(encoding="utf-8")
    shown = html.unescape(svg).replace("\xa0", " ")
    assert shown.count(WHERE) == 2
    assert shown.count("HT-2023-1182") == 2
    assert set(re.findall(r"https?://[^\s\"'<)]+", svg)) == {"http://www.w3.org/2000/svg"}


def test_the_demo_needs_no_configuration_and_names_the_folder_that_it_leaves_behind(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'adapters'}", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "crm_bridge.cli.main", "demo", "--full"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    home = re.search(r"^state directory: (\S+)$", done.stderr, re.MULTILINE)
    assert home
    for kept in ("journal", "receipts", "vault"):
        assert any((Path(home[1]) / kept).iterdir()), kept
    assert done.stdout.count("changed since the plan") >= 2
    assert len(re.findall(r"^HT-.*\trestored\t", done.stdout, re.MULTILINE)) == 2
    for command in re.findall(r"^  crm-bridge (--home .*)$", done.stdout, re.MULTILINE):
        again = subprocess.run(
            [sys.executable, "-m", "crm_bridge.cli.main", *command.split()],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        # The stand-ins are gone: what was left behind is read without them. One contract was held, so 3;
        # receipts of what is back are withdrawn, so 9.
        assert again.returncode in (0, 3, 9), again.stderr
