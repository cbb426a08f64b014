"""`crm-bridge journal check`: its exit codes, on files that need no installation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.cli.main import main
from crm_bridge.i18n import use_language
from crm_bridge.journal.storage import database
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.journal.lab import Corpus, make_corpus

Check = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("command"))


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """Run the command; return its exit code and its JSON document."""
    monkeypatch.setenv("CRM_BRIDGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CRM_BRIDGE_LANG", "en")

    def run(*arguments: object) -> tuple[int, dict[str, Any]]:
        with pytest.raises(SystemExit) as ended:
            main(["journal", "check", "--json", *map(str, arguments)])
        assert isinstance(ended.value.code, int)
        printed = capsys.readouterr()
        return ended.value.code, json.loads(printed.out or printed.err.splitlines()[-1])

    yield run
    use_language("en")


@pytest.fixture
def export(corpus: Corpus, tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    path.write_bytes(corpus.good.export)
    return path


def test_a_good_export_is_0(check: Check, corpus: Corpus, export: Path) -> None:
    code, said = check("--export", export, "--key", corpus.good.keys[0], "--pin", corpus.good.pin)
    assert (code, said["schema"], said["size"], said["findings"]) == (0, "crm-bridge.journal-check/1", 100, [])


def test_a_journal_file_is_checked_like_an_export(check: Check, corpus: Corpus) -> None:
    code, said = check("--journal", corpus.lab.home / database.FILE_NAME, "--key", corpus.good.keys[0])
    assert (code, said["size"]) == (0, 100)


def test_journal_and_export_together_are_a_usage_error(check: Check, corpus: Corpus, export: Path) -> None:
    code, _said = check("--journal", corpus.lab.home / database.FILE_NAME, "--export", export)
    assert code == 2


def test_an_edited_entry_is_10(check: Check, export: Path) -> None:
    export.write_bytes(export.read_bytes().replace(b'"trash"', b'"purge"', 1))
    assert check("--export", export)[0] == 10


def test_a_pin_beyond_the_end_is_11(check: Check, export: Path) -> None:
    code, said = check("--export", export, "--pin", f"101:{'00' * 32}")
    assert (code, said["findings"][0]["code"], said["key_was_given"]) == (11, 11, False)


def test_another_root_is_12(check: Check, export: Path) -> None:
    assert check("--export", export, "--pin", f"9:{'00' * 32}")[0] == 12


def test_a_missing_seal_is_13(check: Check, export: Path) -> None:
    export.write_bytes(b"".join(export.read_bytes().splitlines(keepends=True)[:-1]))
    assert check("--export", export)[0] == 13


def test_a_key_that_the_journal_does_not_have_is_14(check: Check, export: Path) -> None:
    stranger = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert check("--export", export, "--key", stranger)[0] == 14


def test_an_intent_without_outcome_is_15(check: Check, corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "open.jsonl"
    lines = corpus.lines[:14]
    head = lines[0].replace(b'"size":100', b'"size":4').replace(f',"{corpus.good.keys[1]}"'.encode(), b"")
    path.write_bytes(b"".join(line + b"\n" for line in [head, *lines[1:]]))
    code, said = check("--export", path, "--key", corpus.good.keys[0])
    assert (code, [one["record_id"] for one in said["open_intents"]]) == (15, ["0", "0-b"])


def test_checkpoints_and_receipts_from_files_are_compared(
    check: Check, corpus: Corpus, export: Path, tmp_path: Path
) -> None:
    note, receipt = tmp_path / "note", tmp_path / "receipt"
    note.write_text(corpus.good.checkpoints[0], encoding="utf-8")
    receipt.write_bytes(corpus.good.receipts[0])
    assert check("--export", export, "--checkpoint", note, "--receipt", receipt)[0] == 0
    receipt.write_bytes(corpus.good.receipts[0].replace(b'"payload": "', b'"payload": "e30', 1))
    assert check("--export", export, "--receipt", receipt)[0] == 12


@pytest.mark.parametrize("option", ["--checkpoint", "--receipt"])
def test_evidence_that_is_no_text_is_12(check: Check, export: Path, tmp_path: Path, option: str) -> None:
    path = tmp_path / "odd"
    path.write_bytes(b"\xff\xfe\x00")
    assert check("--export", export, option, path)[0] == 12


@pytest.mark.parametrize("arguments", [("--pin", "hello"), ("--key", "hello")])
def test_a_pin_or_key_that_is_none_is_an_error(check: Check, export: Path, arguments: tuple[str, str]) -> None:
    assert check("--export", export, *arguments)[0] in (1, 2)


@pytest.fixture
def shell(
    tmp_path: Path, check: Check, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run `crm-bridge journal ...` on a state directory with a loopback connection and a keyring in a file."""
    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=1)):
        pass

    def run(*arguments: object) -> tuple[int, dict[str, Any]]:
        with pytest.raises(SystemExit) as ended:
            main(["journal", *map(str, arguments), "--json"])
        assert isinstance(ended.value.code, int)
        printed = capsys.readouterr()
        try:
            return ended.value.code, json.loads(printed.out or printed.err.splitlines()[-1])
        except ValueError:
            return ended.value.code, json.loads(printed.out.splitlines()[0])

    return run


def test_the_key_is_changed_and_old_and_new_are_told(shell: Check) -> None:
    code, said = shell("rotate-key")
    assert (code, said["schema"]) == (0, "crm-bridge.journal-key/1")
    assert said["old"] != said["new"]
    assert shell("check")[0] == 0


def test_a_good_journal_is_not_renewed(shell: Check) -> None:
    shell("rotate-key")
    code, said = shell("renew", "--after", f"1:{'00' * 32}")
    assert (code, said["reason"]) == (1, "journal_good")


def test_a_damaged_journal_is_set_aside_and_a_new_one_names_its_head(shell: Check, tmp_path: Path) -> None:
    shell("rotate-key")
    path = tmp_path / "home" / "journal" / database.FILE_NAME
    path.write_bytes(b"damaged")
    assert shell("list")[0] == 1
    code, said = shell("renew", "--after", f"2:{'00' * 32}")
    assert (code, said["after"], len(said["set_aside"])) == (0, f"2:{'00' * 32}", 1)
    assert Path(said["set_aside"][0]).read_bytes() == b"damaged"
    assert shell("check")[0] == 0
    assert shell("list")[1]["body"]["after"] == f"2:{'00' * 32}"
