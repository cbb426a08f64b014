"""A receipt for one contract of a hundred stands alone: no bit of line, path, entry or head can be another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.journal.checking.check import check_receipt
from crm_bridge.journal.checking.external_evidence import ReceiptFile
from crm_bridge.journal.format.canonical import canonical
from crm_bridge.journal.store import Journal
from tests.journal.lab import RECEIPT_LINES, end_of_run, predicate_for
from verifier import verify_journal

Predicate = dict[str, Any]


def verdicts(journal: Journal, predicate: Predicate, folder: Path, capsys: pytest.CaptureFixture[str]) -> set[int]:
    """Sign this, as the holder of the key could, and return what both verifiers say of it alone."""
    statement: Predicate = {"predicate": predicate, "subject": [{"name": "R1.receipt.jsonl"}]}
    path = folder / "receipt.json"
    path.write_text(json.dumps(journal.sign_receipt(canonical(statement))))
    code = verify_journal.main(["--receipt", str(path), "--key", journal.vkey])
    capsys.readouterr()
    return {code, check_receipt(ReceiptFile.read(path), vkeys=[journal.vkey]).exit_code}


def flipped(text: str, place: int) -> str:
    """Return the text with another character at one place."""
    other = "A" if text[place] != "A" else "B"
    return text[:place] + other + text[place + 1 :]


def bits_of(part: str) -> Callable[[Predicate, int], Predicate]:
    """Return what changes one character of a part of a receipt."""

    def change(predicate: Predicate, place: int) -> Predicate:
        contract = dict(predicate["contract"])
        if part == "path":
            path = list(contract["path"])
            path[place % len(path)] = flipped(path[place % len(path)], place % 40)
            return predicate | {"contract": contract | {"path": path}}
        if part == "line":
            return predicate | {
                "contract": contract | {"line": flipped(contract["line"], place % len(contract["line"]))}
            }
        return predicate | {part: flipped(predicate[part], place % len(predicate[part]))}

    return change


@pytest.fixture
def sealed(journal: Journal) -> Journal:
    """A journal with a run's end among other entries."""
    journal.append([end_of_run(n=number) for number in range(9)])
    return journal


def test_it_verifies_with_the_public_key_alone(
    sealed: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (0, 1, 57, 99):
        assert verdicts(sealed, predicate_for(sealed, 5, place), tmp_path, capsys) == {0}


@pytest.mark.parametrize("part", ["line", "path", "entry", "inclusion"])
def test_no_character_of_it_can_be_another_one(
    sealed: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    predicate, change = predicate_for(sealed, 5), bits_of(part)
    size = {"line": 15, "path": 280}.get(part) or len(predicate[part])
    for place in range(0, size, max(1, size // 60)):
        codes = verdicts(sealed, change(predicate, place), tmp_path, capsys)
        assert 0 not in codes
        assert len(codes) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda contract: contract | {"place": 56},
        lambda contract: contract | {"place": True},
        lambda contract: contract | {"path": contract["path"][:-1]},
        lambda contract: contract | {"path": [*contract["path"], contract["path"][0]]},
        lambda contract: contract | {"line": RECEIPT_LINES[58].decode()},
        lambda contract: [contract],
    ],
)
def test_another_place_path_or_line_is_not_believed(
    sealed: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Predicate], Predicate]
) -> None:
    predicate = predicate_for(sealed, 5)
    predicate["contract"] = change(predicate["contract"])
    assert verdicts(sealed, predicate, tmp_path, capsys) == {12}


@pytest.mark.parametrize("name", ["count", "root", "sha256"])
def test_lines_other_than_those_that_the_entry_sealed_are_not_believed(
    sealed: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    predicate = predicate_for(sealed, 5)
    value = predicate["lines"][name]
    predicate["lines"] = predicate["lines"] | {name: value + 1 if name == "count" else "0" * 64}
    assert verdicts(sealed, predicate, tmp_path, capsys) == {12}


def test_the_lines_beside_it_are_compared(sealed: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predicate = predicate_for(sealed, 5)
    del predicate["contract"]
    lines = tmp_path / "R1.receipt.jsonl"
    good = b"".join(line + b"\n" for line in RECEIPT_LINES)
    lines.write_bytes(good)
    assert verdicts(sealed, predicate, tmp_path, capsys) == {0}
    for other in (good[:-1], good[1:], good + b"{}\n", good.replace(b"57", b"75"), b"", good + b"\n"):
        lines.write_bytes(other)
        assert verdicts(sealed, predicate, tmp_path, capsys) == {12}


def test_a_name_of_lines_that_leads_elsewhere_is_not_followed(sealed: Journal, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    for name in ("../secret", str(tmp_path / "secret"), "", 7, None):
        statement: Predicate = {"predicate": predicate_for(sealed, 5), "subject": [{"name": name}]}
        path = folder / "receipt.json"
        path.write_text(json.dumps(sealed.sign_receipt(canonical(statement))))
        assert ReceiptFile.read(path).lines is None
        assert verify_journal.read_receipt(str(path)).lines is None
