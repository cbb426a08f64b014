"""The published examples are what is written today, and both verifiers agree on each of them."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.journal.checking import check
from crm_bridge.journal.checking.external_evidence import ReceiptFile
from tests.journal import make_vectors as vectors
from verifier import verify_journal

FOLDER = vectors.FOLDER
VALUES: dict[str, Any] = json.loads((FOLDER / "values.json").read_text())
RECEIPTS = ("receipt.json", "receipt-of-one.json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "journal-format.md"


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def predicate(name: str) -> dict[str, Any]:
    statement = json.loads(base64.b64decode(json.loads((FOLDER / name).read_text())["payload"]))
    value: dict[str, Any] = statement["predicate"]
    return value


@pytest.mark.parametrize("name", sorted(vectors.make()))
def test_the_format_is_still_the_published_one(name: str) -> None:
    assert (FOLDER / name).read_bytes() == vectors.make()[name]


def test_both_verifiers_accept_the_journal_with_its_receipts(capsys: pytest.CaptureFixture[str]) -> None:
    export = FOLDER / "journal.jsonl"
    receipts = [FOLDER / name for name in RECEIPTS]
    given = [word for path in receipts for word in ("--receipt", str(path))]
    code = verify_journal.main([str(export), "--key", VALUES["vkey"], "--pin", VALUES["pin"], *given])
    assert code == 0, capsys.readouterr().out
    found = check.check_journal(export, vkeys=[VALUES["vkey"]], receipts=[ReceiptFile.read(path) for path in receipts])
    assert found.exit_code == 0


@pytest.mark.parametrize("name", RECEIPTS)
def test_both_verifiers_accept_each_receipt_alone(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = FOLDER / name
    assert verify_journal.main(["--receipt", str(path), "--key", VALUES["vkey"]]) == 0, capsys.readouterr().out
    assert check.check_receipt(ReceiptFile.read(path), vkeys=[VALUES["vkey"]]).exit_code == 0


def test_the_values_follow_from_the_files_by_sha256_alone() -> None:
    lines = (FOLDER / "journal.jsonl").read_bytes().split(b"\n")
    start, gate, intent, outcome, end = (lines[number] for number in (1, 3, 7, 12, 17))
    leaves = [leaf(entry) for entry in (start, gate, intent, outcome, end)]
    assert VALUES["leaves"] == [one.hex() for one in leaves]
    first_four = node(node(leaves[0], leaves[1]), node(leaves[2], leaves[3]))
    assert VALUES["root"] == node(first_four, leaves[4]).hex()
    for entry, rows in ((gate, lines[4:7]), (intent, lines[8:11]), (outcome, lines[13:16])):
        root = node(node(leaf(rows[0]), leaf(rows[1])), leaf(rows[2])).hex()
        digest = sha256(b"\n".join(rows)).hexdigest()
        assert json.loads(entry)["lines"] == {"count": 3, "root": root, "sha256": digest}


def test_one_contract_is_proven_by_two_paths() -> None:
    said = predicate("receipt-of-one.json")
    contract = said["contract"]
    left, right = (base64.b64decode(one) for one in contract["path"])
    root = node(node(left, leaf(contract["line"].encode())), right).hex()
    assert root == said["lines"]["root"] == json.loads(said["entry"])["body"]["receipt"]["root"]
    _head, _index, sibling, _gap, _origin, size, head = said["inclusion"].split("\n")[:7]
    assert (size, base64.b64decode(head).hex()) == ("5", VALUES["root"])
    assert node(base64.b64decode(sibling), leaf(said["entry"].encode())).hex() == VALUES["root"]


def test_the_page_gives_the_same_values() -> None:
    page = PAGE.read_text(encoding="utf-8")
    contract = predicate("receipt-of-one.json")["contract"]
    wanted = [VALUES["vkey"], VALUES["seed"], VALUES["root"], contract["line"], *contract["path"]]
    wanted += [predicate("receipt-of-one.json")["lines"]["root"], *vectors.make()]
    assert [text for text in wanted if text not in page] == []
