"""The single-file verifier: alone in the world, strict about its arguments, heard by programs."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from crm_bridge.journal.export import export_journal
from crm_bridge.journal.store import Journal
from tests.journal.conftest import MakeNewEntry
from tests.journal.lab import end_of_run, receipt_for
from verifier import verify_journal

FILE = Path(verify_journal.__file__)


@pytest.fixture
def export(journal: Journal, intent: MakeNewEntry, tmp_path: Path) -> Path:
    """An export of three entries, one of them an intent without an outcome."""
    journal.append([intent("1")])
    path = tmp_path / "export.jsonl"
    with path.open("wb") as output:
        export_journal(journal, output)
    return path


def test_it_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}


def test_it_runs_isolated_from_everything_around_it(export: Path, journal: Journal) -> None:
    command = [sys.executable, "-I", str(FILE), str(export), "--key", journal.vkey]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
    assert (done.returncode, done.stderr) == (15, "")
    assert done.stdout.splitlines()[-1] == "15 intact, with intents that have no outcome"


def test_it_says_when_no_key_was_given(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_journal.main([str(export)]) == 15
    assert "a journal rewritten under another key would pass" in capsys.readouterr().out


def test_a_program_gets_one_document(export: Path, journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    verify_journal.main([str(export), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["code"], said["size"], said["keys"]) == (15, 2, [journal.vkey])
    assert said["root"] == journal.head().root.hex()


@pytest.mark.parametrize(
    "arguments",
    [[], ["--receipt", "x"], ["missing.jsonl"], ["{export}", "--key", "hello"], ["{export}", "--pin", "x"]],
)
def test_what_cannot_be_asked_is_a_usage_error(
    export: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        verify_journal.main([part.replace("{export}", str(export)) for part in arguments])
    assert ended.value.code == 2


def test_a_receipt_is_checked_without_a_journal(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "receipt.json"
    journal.append([end_of_run()])
    path.write_bytes(receipt_for(journal, 1))
    assert verify_journal.main(["--receipt", str(path), "--key", journal.vkey]) == 0
    path.write_bytes(path.read_bytes().replace(b'"sig": "', b'"sig": "A'))
    assert verify_journal.main(["--receipt", str(path), "--key", journal.vkey]) == 12


def test_what_is_no_text_at_all_is_altered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(io.BytesIO(b"\xff\xfe\n" * 3).getvalue())
    assert verify_journal.main([str(path)]) == 10
