"""What a journal must be before anything is done with it: ours, private, whole, the one that was pinned, writable."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crm_bridge.errors import JournalError
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.pin import Pin, read_pin, write_pin
from crm_bridge.journal.storage import database
from crm_bridge.journal.storage.files import network_mount
from tests.journal.conftest import MemoryKeys, OpenJournal
from tests.journal.file_attacks import tamper


@pytest.fixture
def path(open_journal: OpenJournal, home: Path) -> Path:
    """A journal with two entries, closed."""
    journal = open_journal()
    journal.append([NewEntry("note")])
    journal.close()
    return home / database.FILE_NAME


def refusal(open_journal: OpenJournal, **options: object) -> str:
    """Open, and return the reason of the refusal."""
    with pytest.raises(JournalError) as caught:
        open_journal(**options)
    return caught.value.reason


def test_a_pin_of_another_history_is_a_roll_back(open_journal: OpenJournal, path: Path, keys: MemoryKeys) -> None:
    pin = read_pin(keys)
    assert pin is not None
    write_pin(keys, Pin(pin.size, bytes(32), pin.uuid))
    assert refusal(open_journal) == "rolled_back"


def test_a_pin_of_another_journal_is_a_roll_back(open_journal: OpenJournal, path: Path, keys: MemoryKeys) -> None:
    pin = read_pin(keys)
    assert pin is not None
    write_pin(keys, Pin(pin.size, pin.root, "00000000-0000-4000-8000-000000000000"))
    assert refusal(open_journal) == "rolled_back"


def test_an_emptied_file_is_a_roll_back(open_journal: OpenJournal, path: Path) -> None:
    path.write_bytes(b"")
    assert refusal(open_journal) == "rolled_back"


def test_a_reader_refuses_an_old_copy_too(open_journal: OpenJournal, path: Path, keys: MemoryKeys) -> None:
    pin = read_pin(keys)
    assert pin is not None
    write_pin(keys, Pin(pin.size + 1, pin.root, pin.uuid))
    assert refusal(open_journal, read_only=True) == "rolled_back"


def test_a_file_that_was_replaced_under_an_open_journal_is_not_opened_again(
    open_journal: OpenJournal, home: Path
) -> None:
    journal = open_journal()
    copy = home.with_name("copy")
    shutil.copytree(home, copy)
    journal.append([NewEntry("note")])
    (home / database.FILE_NAME).unlink()
    os.link(copy / database.FILE_NAME, home / database.FILE_NAME)
    (copy / database.FILE_NAME).unlink()
    journal.pin()
    assert refusal(open_journal) == "rolled_back"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DROP TRIGGER entry_no_delete", "schema_changed"),
        ("CREATE TABLE other (x)", "schema_changed"),
        ("UPDATE entry SET raw = CAST('{}' AS BLOB) WHERE seq = 1", "journal_unverified"),
        ("DELETE FROM checkpoint WHERE size = 2", "rolled_back"),
        ("UPDATE checkpoint SET frontier = zeroblob(32) WHERE size = 2", "journal_unverified"),
        ("UPDATE checkpoint SET note = replace(note, char(10) || '2' || char(10), char(10) || '3' || char(10))", ""),
    ],
)
def test_a_changed_file_is_not_continued(open_journal: OpenJournal, path: Path, statement: str, reason: str) -> None:
    tamper(path, statement)
    assert refusal(open_journal) == (reason or "journal_unverified")


def test_a_file_that_is_no_database_is_called_damaged(open_journal: OpenJournal, path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    assert refusal(open_journal) == "journal_damaged"


def test_without_a_journal_a_reader_says_so(open_journal: OpenJournal, home: Path) -> None:
    home.mkdir(mode=0o700)
    assert refusal(open_journal, read_only=True) == "no_journal"
    assert refusal(open_journal, create=False) == "no_journal"
    assert list(home.iterdir()) == []


def test_a_reader_writes_nothing_and_cannot_append(open_journal: OpenJournal, path: Path, keys: MemoryKeys) -> None:
    before, known = path.read_bytes(), dict(keys)
    with open_journal(read_only=True) as reader:
        assert reader.head().size == 2
        with pytest.raises(JournalError) as caught:
            reader.append([NewEntry("note")])
        assert caught.value.reason == "journal_read_only"
    assert (path.read_bytes(), dict(keys)) == (before, known)


def test_a_reader_needs_no_keyring(open_journal: OpenJournal, path: Path) -> None:
    reader = open_journal(read_only=True, keys=MemoryKeys())
    assert [entry.op for entry in reader.entries()] == ["journal.start", "note"]
    assert reader.vkey == ""
    with pytest.raises(JournalError) as caught:
        reader.keyed_digest("number", "x")
    assert caught.value.reason == "key_missing"


def _link(home: Path, path: Path) -> None:
    path.rename(home / "elsewhere")
    path.symlink_to(home / "elsewhere")


def _folder(_home: Path, path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(_home: Path, path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


UNSAFE: dict[str, Callable[[Path, Path], object]] = {
    "others may write the folder": lambda home, _path: home.chmod(0o777),
    "the group may write the folder": lambda home, _path: home.chmod(0o770),
    "others may read the file": lambda _home, path: path.chmod(0o644),
    "the file is a link": _link,
    "the file has a second name": lambda home, path: os.link(path, home / "second"),
    "the file is a folder": _folder,
    "the file is a pipe": _pipe,
}


@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_place_is_refused(open_journal: OpenJournal, home: Path, path: Path, name: str) -> None:
    UNSAFE[name](home, path)
    assert refusal(open_journal) == "unsafe_place"


def test_a_state_directory_that_is_a_link_is_refused(open_journal: OpenJournal, home: Path, path: Path) -> None:
    home.rename(home.with_name("real"))
    home.symlink_to(home.with_name("real"))
    assert refusal(open_journal) == "unsafe_place"


MOUNTS = "\n".join(
    [
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "30 22 0:40 / /mnt/share rw - nfs4 server:/x rw",
        "31 22 0:41 / /mnt/my\\040disk rw - fuse.sshfs me@host: rw",
        "32 30 8:2 / /mnt/share/local rw - xfs /dev/sdb1 rw",
    ]
)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/home/me/.crm", ""),
        ("/mnt/share/state", "nfs4"),
        ("/mnt/my disk/state", "fuse.sshfs"),
        ("/mnt/share/local/state", ""),
        ("/mnt/shared", ""),
    ],
)
def test_network_file_systems_are_recognised(place: str, kind: str) -> None:
    assert network_mount(Path(place), MOUNTS) == kind


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("journal_mode", "delete"),
        ("synchronous", 3),
        ("recursive_triggers", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("busy_timeout", 5000),
    ],
)
def test_every_setting_that_durability_depends_on_holds(path: Path, setting: str, value: object) -> None:
    with closing(database.connect(path, read_only=False)) as db:
        assert db.execute(f"PRAGMA {setting}").fetchone() == (value,)


def test_a_file_in_another_journal_mode_is_brought_back(open_journal: OpenJournal, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    open_journal().append([NewEntry("note")])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.parametrize("table", ["entry", "checkpoint", "meta", "node"])
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE INTO {0} SELECT * FROM {0}", "DELETE FROM {0}"])
def test_nothing_of_the_record_can_be_replaced_or_deleted(
    open_journal: OpenJournal, path: Path, table: str, verb: str
) -> None:
    with open_journal() as journal:
        journal.append([NewEntry("note") for _number in range(256)])
    with closing(database.connect(path, read_only=False)) as db, pytest.raises(sqlite3.DatabaseError):
        db.execute(verb.format(table))
