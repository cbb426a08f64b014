"""No command overwrites a file but an older one of the same kind; with `--force` it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.cli.conftest import Said, Shell

COMMANDS = {
    "plan": ("plan", "zoho-sandbox", "--number", "HT-2024-0002"),
    "receipt": ("receipt", "issue"),
    "journal": ("journal", "export"),
    "csv": ("backup", "zoho-sandbox", "--format", "csv"),
    "jsonl": ("backup", "zoho-sandbox", "--format", "jsonl"),
    "xlsx": ("backup", "zoho-sandbox", "--format", "xlsx"),
}
FOREIGN = "Our own notes: number,title\n"


def written(shell: Shell, kind: str, path: Path, *more: str) -> Said:
    return shell(*COMMANDS[kind], "-o", path, *more)


def test_only_an_older_file_of_the_same_kind_is_overwritten(shell: Shell, tmp_path: Path) -> None:
    with sandbox(SandboxOptions(home=shell.home, count=6, only=("zoho",))):
        planned = shell("--json", "plan", "zoho-sandbox", "--number", "HT-2024-0002").document()
        assert shell("apply", planned["file"], "--confirm", planned["digest"]).code == 0
        assert shell("restore", "--last").code == 0
        for kind in COMMANDS:
            path = tmp_path / f"notes.{kind}"
            path.write_text(FOREIGN)
            refused = written(shell, kind, path)
            assert (refused.code, path.read_text()) == (2, FOREIGN), kind
            assert "--force" in refused.err
            assert written(shell, kind, path, "--force").code == 0
            first = path.read_bytes()
            assert FOREIGN.encode() not in first
            again = written(shell, kind, path)
            assert again.code == 0, (kind, again.err)
            for other in COMMANDS.keys() - {kind}:
                if kind == "receipt" or other != "receipt":
                    assert written(shell, other, path).code == 2, (kind, other)
            assert path.exists()


@pytest.mark.parametrize("kind", COMMANDS)
def test_no_command_makes_the_folder_of_a_file(shell: Shell, kind: str, tmp_path: Path) -> None:
    with sandbox(SandboxOptions(home=shell.home, count=3, only=("zoho",))):
        missing = tmp_path / "new" / "folder"
        refused = written(shell, kind, missing / "file")
        assert refused.code != 0
        assert not missing.parent.exists()
