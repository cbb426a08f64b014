"""Words in another encoding than the session's: a clear error before anything is sent; commands can be pasted."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.sandbox.serve import Sandbox
from crm_bridge.shell import pasteable
from tests.cli.conftest import Shell

GBK = os.fsdecode("重复合同".encode("gbk"))
LATIN = os.fsdecode(b"sp\xe4t")


@pytest.mark.parametrize("word", [GBK, LATIN, f"plain and {GBK}"])
@pytest.mark.parametrize(
    "words",
    [
        ["find", "NAME", "--where", "WORD"],
        ["find", "NAME", "--search", "WORD"],
        ["find", "NAME", "--number", "WORD"],
        ["plan", "NAME", "--where", "everything", "--reason", "WORD"],
        ["plan", "NAME", "--where", "number = 'x'", "--where", "WORD"],
        ["show", "NAME", "WORD"],
        ["delete", "NAME", "WORD"],
        ["delete", "NAME", "1", "--reason", "WORD"],
        ["connections", "add", "WORD", "--adapter", "zoho"],
        ["restore", "WORD"],
    ],
    ids=" ".join,
)
def test_a_word_that_is_not_text_is_named_and_nothing_is_sent(
    shell: Shell, running: Sandbox, name: str, words: list[str], word: str
) -> None:
    ledger = running.servers[name.removesuffix("-sandbox")].exchange.emulator.ledger
    before = len(list(ledger()))
    said = shell(*({"NAME": name, "WORD": word}.get(part, part) for part in words))
    assert said.code == 2
    assert "encoding of this session" in said.err
    assert "internal error" not in said.err
    assert ("重复合同" in said.err) is (word != LATIN)
    assert len(list(ledger())) == before


def test_a_file_whose_name_is_not_text_is_used_and_the_command_that_follows_can_be_pasted(
    shell: Shell, name: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{GBK} of us.plan"
    made = shell("plan", name, "--where", 'status = "Expired"', "-o", path)
    assert made.code == 0
    assert path.exists()
    (line,) = [line for line in made.err.splitlines() if " apply " in line]
    script = "printf '%s\\n'" + line.partition("crm-bridge")[2]
    pasted = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    assert os.fsencode(path) in pasted.split(b"\n")


def test_the_commands_that_are_shown_name_the_secrets_that_were_named(shell: Shell, name: str, tmp_path: Path) -> None:
    secrets = shell.home / "secrets.toml"
    made = shell("plan", name, "--where", 'status = "Expired"', "-o", tmp_path / "a.plan", "--secrets-file", secrets)
    (line,) = [line for line in made.err.splitlines() if " apply " in line]
    assert f"--secrets-file {shlex.quote(str(secrets))}" in line


@given(name=st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name))
def test_every_name_of_a_file_can_be_pasted_and_printed(name: bytes) -> None:
    shown = pasteable(os.fsdecode(name))
    assert shown.isprintable()
    if not shown.startswith("$'"):
        assert os.fsencode(shlex.split(shown)[0]) == name
        return
    inside = shown[2:-1]
    assert inside.encode("ascii").decode("unicode_escape").encode("latin-1") == name
