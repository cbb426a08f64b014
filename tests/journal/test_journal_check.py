"""`journal check`, `journal export` and what they say; the tampering itself is in test_journal_tampering."""

from __future__ import annotations

import io
import json
import random
from contextlib import closing
from pathlib import Path

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.errors import JournalCheckError, JournalError
from crm_bridge.journal.checking import sources
from crm_bridge.journal.checking.check import check_journal, check_receipt
from crm_bridge.journal.checking.findings import CheckCode, FindingCollector, JournalFindings
from crm_bridge.journal.checking.recompute import Recomputation
from crm_bridge.journal.export import export_journal
from crm_bridge.journal.format.canonical import canonical
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.known import own_vkey
from crm_bridge.journal.pin import Pin
from crm_bridge.journal.renewal import start_new_journal
from crm_bridge.journal.storage import database
from crm_bridge.journal.store import Journal
from tests.journal.conftest import MakeNewEntry, MemoryKeys, OpenJournal
from tests.journal.file_attacks import tamper
from tests.journal.lab import end_of_run, predicate_for, receipt_for, roles
from tests.journal.test_journal_pin import ROOT
from verifier import verify_journal


def exported(source: Journal | Path) -> list[bytes]:
    """Return the lines of an export."""
    output = io.BytesIO()
    export_journal(source, output)
    return output.getvalue().splitlines()


def found(*codes: CheckCode) -> JournalFindings:
    """Return a result with these findings."""
    collector = FindingCollector()
    for code in codes:
        collector.add(code, "here", "something")
    return JournalFindings("", 0, ROOT, (), tuple(collector.items), (), False)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), 0),
        ((CheckCode.OPEN_INTENTS,), 15),
        ((CheckCode.OPEN_INTENTS, CheckCode.UNSEALED), 13),
        ((CheckCode.UNSEALED, CheckCode.SHORTER), 11),
        ((CheckCode.SHORTER, CheckCode.INCONSISTENT), 12),
        ((CheckCode.INCONSISTENT, CheckCode.UNKNOWN_KEY), 14),
        ((CheckCode.UNKNOWN_KEY, CheckCode.ALTERED), 10),
    ],
)
def test_the_weightiest_finding_is_the_exit_code(codes: tuple[CheckCode, ...], expected: int) -> None:
    assert found(*codes).exit_code == expected


def test_both_verifiers_weigh_alike_and_use_the_published_codes() -> None:
    assert tuple(verify_journal.ORDER) == (10, 14, 12, 11, 13, 15)
    assert {int(code) for code in CheckCode} == {0, *verify_journal.ORDER}


def test_many_findings_are_kept_short_but_no_kind_is_lost() -> None:
    result = found(*([CheckCode.UNSEALED] * 100), CheckCode.SHORTER)
    assert len(result.items) == 51
    assert result.exit_code == 11


def test_a_bad_result_is_an_error_that_carries_its_exit_code() -> None:
    found().raise_if_bad()
    with pytest.raises(JournalCheckError) as caught:
        found(CheckCode.SHORTER).raise_if_bad()
    assert caught.value.exit_code == 11


def test_an_export_holds_header_entries_and_the_seal_of_each_batch(journal: Journal, intent: MakeNewEntry) -> None:
    journal.append([intent("1"), intent("2")])
    lines = exported(journal)
    assert roles(lines) == ["header", "entry", "seal", "entry", "line", "entry", "line", "seal"]
    assert json.loads(lines[0])["size"] == 3
    assert lines[1] == journal.entry(0).raw


def test_an_export_is_the_same_from_the_open_journal_and_from_the_file(journal: Journal, home: Path) -> None:
    assert exported(journal) == exported(home) == exported(home / database.FILE_NAME)


def test_a_journal_that_does_not_verify_can_be_exported(journal: Journal, home: Path) -> None:
    journal.append([NewEntry("note"), NewEntry("note")])
    journal.close()
    tamper(home / database.FILE_NAME, "UPDATE entry SET raw = CAST('{}' AS BLOB) WHERE seq = 1")
    assert exported(home)[3] == b"{}"


def test_there_is_nothing_to_export_without_a_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError) as caught:
        export_journal(tmp_path, io.BytesIO())
    assert caught.value.reason == "no_journal"


def test_open_intents_are_named(journal: Journal, home: Path, intent: MakeNewEntry, outcome: MakeNewEntry) -> None:
    journal.append([intent("1"), intent("2")])
    journal.append([outcome("1")])
    result = check_journal(home)
    assert result.exit_code == 15
    assert [item.record_id for item in result.open_intents] == ["2"]
    assert result.as_json()["open_intents"][0]["attempt"] == 1


def test_a_check_says_whether_a_key_was_given(journal: Journal, home: Path) -> None:
    assert not check_journal(home).key_was_given
    assert check_journal(home, vkeys=[journal.vkey]).key_was_given


def test_a_check_beside_a_writer_raises_no_alarm(journal: Journal, home: Path) -> None:
    journal.append([NewEntry("note") for _number in range(300)])
    with closing(database.connect(home / database.FILE_NAME, read_only=True)) as db:
        present = sources.read_present(db)
        # Another two hundred entries complete a subtree that was not there when the check began.
        journal.append([NewEntry("note") for _number in range(300)])
        collector = FindingCollector()
        walk = Recomputation(sources.read_database_header(db), collector, sizes=(), indexes=())
        for record in sources.read_database_records(db, size=present.size):
            walk.feed(record)
        walk.finish()
    assert (collector.items, walk.size, dict(present.nodes)) == ([], 301, walk.nodes)


def test_a_check_changes_nothing(journal: Journal, home: Path) -> None:
    journal.close()
    before = (home / database.FILE_NAME).read_bytes()
    check_journal(home)
    assert (home / database.FILE_NAME).read_bytes() == before


def test_a_pin_without_a_journal_is_a_journal_that_is_gone(tmp_path: Path) -> None:
    assert check_journal(tmp_path, pin=Pin(3, ROOT)).exit_code == 11


def test_there_is_nothing_to_check_without_a_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError) as caught:
        check_journal(tmp_path)
    assert caught.value.reason == "no_journal"


def test_what_is_no_public_key_is_refused(journal: Journal, home: Path) -> None:
    with pytest.raises(JournalError) as caught:
        check_journal(home, vkeys=["hello"])
    assert caught.value.reason == "bad_vkey"


def test_the_key_of_this_installation_is_known_without_opening_the_journal(
    journal: Journal, home: Path, keys: MemoryKeys
) -> None:
    assert own_vkey(home, keys) == journal.vkey
    assert own_vkey(home, MemoryKeys()) == ""
    assert own_vkey(home / "nowhere", keys) == ""


def test_a_receipt_verifies_without_the_journal(journal: Journal) -> None:
    journal.append([end_of_run()])
    receipt = receipt_for(journal, 1)
    assert check_receipt(receipt, vkeys=[journal.vkey]).exit_code == 0


def test_a_receipt_that_quotes_another_entry_is_not_believed(journal: Journal) -> None:
    journal.append([end_of_run(n=1), end_of_run(n=2)])
    other = json.loads(receipt_for(journal, 1))
    predicate = predicate_for(journal, 1) | {"entry": journal.entry(2).raw.decode()}
    lying = json.dumps(journal.sign_receipt(canonical({"predicate": predicate})))
    assert check_receipt(lying, vkeys=[journal.vkey]).exit_code == 12
    assert check_journal(journal.path, vkeys=[journal.vkey], receipts=[lying]).exit_code == 12
    assert other["payloadType"] == "application/vnd.crm-bridge.deletion-receipt+json"


def test_a_receipt_of_before_a_change_of_keys_still_verifies(journal: Journal, home: Path) -> None:
    journal.append([end_of_run()])
    receipt, old = receipt_for(journal, 1), journal.vkey
    journal.rotate_key()
    assert check_receipt(receipt, vkeys=[old]).exit_code == 0
    assert check_receipt(receipt, vkeys=[journal.vkey]).exit_code == 14
    assert check_journal(home, vkeys=[journal.vkey], receipts=[receipt]).exit_code == 0


def test_a_proof_is_the_same_however_long_the_journal_grows(journal: Journal) -> None:
    journal.append([NewEntry("note") for _number in range(5)])
    before = journal.prove(3).text()
    journal.append([NewEntry("note") for _number in range(600)])
    assert journal.prove(3).text() == before
    journal.prove(3, size=journal.head().size).verify(journal.entry(3).raw)


def test_a_new_journal_names_the_head_of_the_old_one(
    open_journal: OpenJournal, home: Path, keys: MemoryKeys, clock: ManualClock
) -> None:
    first = open_journal()
    head = first.head().note
    first.close()
    (home / database.FILE_NAME).write_bytes(b"damaged")
    with start_new_journal(home, keys=keys, clock=clock, randomness=random.Random(2), after=head) as journal:
        assert journal.entry(0).body["after"] == head
        assert check_journal(home, vkeys=[journal.vkey]).exit_code == 0
    assert len(list(home.glob("journal-until-*.sqlite3"))) == 1


@pytest.mark.parametrize("after", [" ", "24:xyz", "nobody knows", "crm-bridge/1\n2\nAAAA\n"])
def test_a_new_journal_without_the_old_head_is_refused(
    home: Path, keys: MemoryKeys, clock: ManualClock, after: str
) -> None:
    with pytest.raises(JournalError) as caught:
        start_new_journal(home, keys=keys, clock=clock, randomness=random.Random(2), after=after)
    assert caught.value.reason == "no_old_head"
