"""Personal data is on disk only sealed, while a set is written, after it, and after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import BackupError
from crm_bridge.vault import BackupSet, Vault

Fill = Callable[..., BackupSet]
Make = Callable[..., Snapshot]
Attach = Callable[..., Attachment]


def places_with(folder: Path, needle: bytes) -> list[str]:
    """Return every file below `folder` whose name or content has the needle, or its first, plain letters."""
    head = needle[:6]
    assert head == b"CANARY"
    return [
        str(path)
        for path in folder.rglob("*")
        if head in os.fsencode(path) or (path.is_file() and head in path.read_bytes())
    ]


def test_the_canary_is_nowhere_on_disk_while_a_set_is_written_and_after(
    vault: Vault, snap: Make, attach: Attach, canary: bytes, tmp_path: Path
) -> None:
    files = (attach(canary.decode(), canary * 1_000), attach("large", canary * 100_000))
    info = {"reason": canary.decode()}
    with vault.begin(run="r", plan="p", connection="c", schema=canary, info=info) as writer:
        writer.add(snap(1, *files))
        writer.flush()
        assert places_with(tmp_path, canary) == []
        made = writer.close()
    list(made.snapshots())
    assert b"".join(made.snapshot("1").attachments[1].chunks()) == canary * 100_000
    assert places_with(tmp_path, canary) == []


def test_two_sets_of_the_same_content_have_nothing_in_common(fill: Fill, snap: Make) -> None:
    one, other = fill(snap(1), run="a"), fill(snap(1), run="b")
    assert one.digest != other.digest
    assert (one.path / "data/records-000001.age").read_bytes() != (other.path / "data/records-000001.age").read_bytes()


CRASH = """
import os, random, signal, sys
from pathlib import Path
from crm_bridge.clock import SystemClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.vault import Vault

class Keys(dict):
    def set(self, name, value): self[name] = value

def pieces():
    yield b"CANARY" * 100_000
    os.kill(os.getpid(), signal.SIGKILL)

vault = Vault(Path(sys.argv[1]), keys=Keys(), clock=SystemClock(), randomness=random.SystemRandom())
writer = vault.begin(run="run-1", plan="p", connection="c", schema=b"CANARY", info={"reason": "CANARY"})
writer.add(Snapshot(ContractRef("M", "1"), "0" * 64, b"CANARY"))
writer.flush()
writer.add(Snapshot(ContractRef("M", "2"), "0" * 64, b"CANARY", (), (Attachment("f", "CANARY", None, "a", pieces),)))
"""


@pytest.fixture
def crashed(vault: Vault) -> Path:
    """Return the vault folder after a writer was killed in the middle of an attachment."""
    done = subprocess.run([sys.executable, "-c", CRASH, str(vault.folder)], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    return vault.folder


def test_a_crash_leaves_no_plaintext_and_no_key(crashed: Path) -> None:
    assert places_with(crashed, b"CANARY") == []
    assert [path.name for path in crashed.rglob("key.age")] == []


def test_a_crashed_set_is_listed_as_incomplete(vault: Vault, crashed: Path) -> None:
    [left] = vault.sets()
    assert (left.complete, left.run, left.connection) == (False, "run-1", "c")


def test_a_crashed_set_cannot_be_opened(vault: Vault, crashed: Path, fill: Fill) -> None:
    [left] = vault.sets()
    fill(run="other")
    with pytest.raises(BackupError, match="there is no backup set"):
        vault.open(left.set_id)


def test_the_same_run_removes_its_leftovers_and_other_runs_do_not(vault: Vault, crashed: Path, fill: Fill) -> None:
    fill(run="run-2")
    assert [found.complete for found in vault.sets()] == [True, False]
    fill(run="run-1")
    assert [found.complete for found in vault.sets()] == [True, True]


def test_leaving_without_close_removes_the_folder(vault: Vault, snap: Make) -> None:
    with vault.begin(run="r", plan="p", connection="c", schema=b"", info={}) as writer:
        writer.add(snap(1))
        writer.flush()
    assert list(vault.folder.iterdir()) == []


def test_an_error_in_the_block_removes_the_folder(vault: Vault, snap: Make) -> None:
    def work() -> None:
        with vault.begin(run="r", plan="p", connection="c", schema=b"", info={}) as writer:
            writer.add(snap(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(vault.folder.iterdir()) == []


@pytest.fixture
def _open_umask() -> Iterator[None]:
    """Let every new file be readable by all, unless somebody takes care."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_umask")
def test_files_are_private_under_an_open_umask(fill: Fill, snap: Make, attach: Attach) -> None:
    made = fill(snap(1, attach("a", b"x")))
    assert {path.stat().st_mode & 0o077 for path in (made.path, *made.path.rglob("*"))} == {0}


def test_a_vault_folder_that_others_can_write_to_is_refused(vault: Vault, fill: Fill) -> None:
    vault.folder.mkdir()
    vault.folder.chmod(0o777)
    with pytest.raises(BackupError, match="may be written to by others"):
        fill()


def test_a_vault_folder_that_is_a_link_is_refused(vault: Vault, fill: Fill, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    vault.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BackupError, match="not a plain folder"):
        fill()
