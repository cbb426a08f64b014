"""A set counts only when everything in it was written, made durable, read back and compared."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import AnswerLostError, BackupError, CredentialStoreError, UsageError
from crm_bridge.vault import MASTER_ITEM, BackupSet, SetWriter, Vault

Fill = Callable[..., BackupSet]
Make = Callable[..., Snapshot]
Attach = Callable[..., Attachment]


@pytest.fixture
def writer(vault: Vault) -> Iterator[SetWriter]:
    """Return a writer of a new set."""
    with vault.begin(run="r", plan="p", connection="c", schema=b"{}", info={}) as made:
        yield made


def test_an_attachment_over_the_cap_names_its_contract(writer: SetWriter, snap: Make, attach: Attach) -> None:
    with pytest.raises(
        BackupError, match="an attachment of contract Contracts/7 is larger than 4194304 bytes"
    ) as caught:
        writer.add(snap(7, attach("big", bytes(5_000_000))))
    assert caught.value.reason == "attachment_too_large"


def test_an_attachment_of_exactly_the_cap_is_taken(writer: SetWriter, snap: Make, attach: Attach) -> None:
    writer.add(snap(7, attach("big", bytes(4_194_304))))
    assert writer.close().count == 1


def test_an_attachment_that_is_shorter_than_the_crm_says_is_refused(
    writer: SetWriter, snap: Make, attach: Attach
) -> None:
    with pytest.raises(BackupError, match="has 3 bytes, the CRM says 4") as caught:
        writer.add(snap(7, attach("cut", b"abc", size=4)))
    assert caught.value.reason == "attachment_size"


def test_an_attachment_of_unknown_size_is_taken(writer: SetWriter, snap: Make, attach: Attach) -> None:
    writer.add(snap(7, attach("open", b"abc", size=None)))
    assert writer.close().snapshot("7").attachments[0].size == 3


def _lost() -> Iterator[bytes]:
    yield b"first piece"
    raise AnswerLostError("the download stopped")


def test_a_failing_download_is_raised_as_it_is_and_leaves_the_writer_usable(
    writer: SetWriter, snap: Make, attach: Attach
) -> None:
    broken = Attachment("f", "x", None, "attachments", _lost)
    writer.add(snap(1, attach("before", b"1")))
    with pytest.raises(AnswerLostError, match="the download stopped"):
        writer.add(snap(2, attach("half", b"2"), broken))
    writer.add(snap(3, attach("after", b"3")))
    made = writer.close()
    assert [entry.ref.id for entry in made.entries()] == ["1", "3"]
    assert [b"".join(made.snapshot(number).attachments[0].chunks()) for number in ("1", "3")] == [b"1", b"3"]


def _unreachable() -> Iterator[bytes]:
    raise ConnectionResetError("by peer")
    yield b""


def test_an_operating_system_error_of_the_download_is_not_called_a_full_disk(writer: SetWriter, snap: Make) -> None:
    with pytest.raises(ConnectionResetError):
        writer.add(snap(2, Attachment("f", "x", None, "attachments", _unreachable)))


def test_a_closed_writer_takes_nothing_more(writer: SetWriter, snap: Make) -> None:
    writer.close()
    with pytest.raises(BackupError, match="already closed"):
        writer.add(snap(1))


def test_a_set_that_reads_back_differently_does_not_count(
    vault: Vault, writer: SetWriter, snap: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.add(snap(1))
    writer.flush()
    really = os.rename

    def rename_onto_a_bad_disk(old: Path, new: Path, **places: int) -> None:
        really(old, new, **places)
        records = Path(new) / "data/records-000001.age"
        if records.exists():
            content = records.read_bytes()
            records.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    monkeypatch.setattr(os, "rename", rename_onto_a_bad_disk)
    with pytest.raises(BackupError, match="read back and is not what was written") as caught:
        writer.close()
    assert caught.value.reason == "read_back"
    assert list(vault.sets()) == []


def test_a_sync_that_fails_is_not_tried_again_and_nothing_counts(
    vault: Vault, writer: SetWriter, snap: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def failing(handle: int) -> None:
        tried.append(handle)
        raise OSError(5, "Input/output error")

    writer.add(snap(1))
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(BackupError, match="the backup cannot be written: Input/output error"):
        writer.close()
    assert len(tried) == 1
    assert [found.complete for found in vault.sets()] == [False]


FULL = """
import random, resource, signal, sys
from pathlib import Path
from crm_bridge.clock import SystemClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import BackupError
from crm_bridge.vault import Vault

class Keys(dict):
    def set(self, name, value): self[name] = value

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
vault = Vault(Path(sys.argv[1]), keys=Keys(), clock=SystemClock(), randomness=random.SystemRandom())
what = sys.argv[2]
content = b"CANARY" * 100_000
files = (Attachment("f", "n", None, "a", lambda: iter([content])),) if what == "attachment" else ()
record = content if what == "record" else b"{}"
try:
    with vault.begin(run="r", plan="p", connection="c", schema=content if what == "schema" else b"", info={}) as writer:
        writer.add(Snapshot(ContractRef("M", "1"), "0" * 64, record, (), files))
        writer.close()
except BackupError as error:
    print(error.reason, [str(path) for path in Path(sys.argv[1]).iterdir()])
"""


@pytest.mark.parametrize("what", ["attachment", "record", "schema"])
def test_a_disk_that_takes_no_more_is_a_backup_error_and_leaves_nothing(vault: Vault, what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(vault.folder), what], check=True, capture_output=True, text=True
    )
    assert done.stdout == "disk []\n"


def test_the_master_key_is_made_once(fill: Fill, keys: dict[str, str]) -> None:
    fill(run="a")
    first = keys[MASTER_ITEM]
    fill(run="b")
    assert keys[MASTER_ITEM] == first
    assert first.startswith("AGE-SECRET-KEY-1")


def test_a_lost_master_key_is_not_replaced_while_sets_need_it(
    vault: Vault, keys: dict[str, str], fill: Fill, snap: Make
) -> None:
    made = fill(snap(1))
    del keys[MASTER_ITEM]
    with pytest.raises(BackupError, match="holds sets that need it") as caught:
        fill(snap(2), run="another")
    assert caught.value.reason == "no_key"
    assert MASTER_ITEM not in keys
    vault.shred(made.id)
    fill(snap(3), run="after shredding")
    assert MASTER_ITEM in keys


def test_a_keyring_that_forgets_is_noticed_before_a_set_begins(vault: Vault, keys: dict[str, str], fill: Fill) -> None:
    keys.set = lambda name, value: None  # type: ignore[attr-defined]
    with pytest.raises(BackupError, match="not in the keyring"):
        fill()
    assert list(vault.sets()) == []


def test_a_keyring_item_that_is_no_identity_is_named_and_not_shown(keys: dict[str, str], fill: Fill) -> None:
    keys[MASTER_ITEM] = "hunter2"
    with pytest.raises(CredentialStoreError, match="backup-identity is not an age identity") as caught:
        fill()
    assert "hunter2" not in str(caught.value)


def test_without_its_master_key_a_set_does_not_open_and_the_check_says_why(
    vault: Vault, keys: dict[str, str], fill: Fill
) -> None:
    made = fill()
    del keys[MASTER_ITEM]
    with pytest.raises(BackupError, match="not in the keyring of this computer"):
        vault.open(made.id)
    assert [found.code for found in vault.check(made.id).findings] == ["key"]


def test_a_deadline_that_is_no_date_is_refused_at_once(vault: Vault) -> None:
    with pytest.raises(UsageError, match="keep_until must be a date"):
        vault.begin(run="r", plan="p", connection="c", schema=b"", info={"keep_until": "soon"})
    assert list(vault.sets()) == []
