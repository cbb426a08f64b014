"""Copies of sets on object stores: written once, read back, and whole or not there."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import BackupError, UsageError
from crm_bridge.vault import BackupSet, Vault
from crm_bridge.vault.remote import copy_set, fetch_set, open_store, remote_sets

Fill = Callable[..., BackupSet]
Make = Callable[..., Snapshot]
Attach = Callable[..., Attachment]


def test_without_obstore_a_copy_is_a_usage_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(UsageError, match="need the package obstore") as caught:
        open_store("memory:///")
    assert caught.value.hint == "install it with: pip install obstore"


@pytest.fixture(params=["memory", "local"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Return an empty object store, in memory and on the disk."""
    stores = pytest.importorskip("obstore").store
    if request.param == "memory":
        return stores.MemoryStore()
    return stores.LocalStore(tmp_path / "remote", mkdir=True)


@pytest.fixture
def made(fill: Fill, snap: Make, attach: Attach) -> BackupSet:
    """Return a set with one attachment."""
    return fill(snap(1), snap(2, attach("a", b"content")))


@pytest.fixture
def elsewhere(tmp_path: Path, keys: dict[str, str]) -> Vault:
    """Return the empty vault of another machine that has the same master key."""
    return Vault(tmp_path / "elsewhere", keys=keys, clock=ManualClock(), randomness=random.Random(8))  # type: ignore[arg-type]


def test_a_copied_set_restores_on_another_machine(store: Any, made: BackupSet, elsewhere: Vault, snap: Make) -> None:
    report = copy_set(made.path, store)
    assert (report.written, report.present) == (9, 0)
    assert list(remote_sets(store)) == [made.id]
    shutil.rmtree(made.path)
    fetch_set(made.id, store, elsewhere)
    opened = elsewhere.open(made.id)
    assert opened.digest == made.digest
    assert opened.snapshot("1").record == snap(1).record
    assert b"".join(opened.snapshot("2").attachments[0].chunks()) == b"content"


def test_copying_again_writes_nothing(store: Any, made: BackupSet) -> None:
    copy_set(made.path, store)
    report = copy_set(made.path, store)
    assert (report.written, report.present) == (0, 9)


def test_other_content_in_the_way_is_refused_and_not_overwritten(store: Any, made: BackupSet) -> None:
    obstore = pytest.importorskip("obstore")
    obstore.put(store, f"{made.id}/key.age", b"planted")
    with pytest.raises(BackupError, match="is not what was copied"):
        copy_set(made.path, store)
    assert bytes(obstore.get(store, f"{made.id}/key.age").bytes()) == b"planted"
    assert list(remote_sets(store)) == []


def test_a_damaged_copy_does_not_enter_the_vault(store: Any, made: BackupSet, elsewhere: Vault) -> None:
    obstore = pytest.importorskip("obstore")
    copy_set(made.path, store)
    obstore.put(store, f"{made.id}/data/files/000001.age", b"planted")
    with pytest.raises(BackupError, match="the copy is damaged"):
        fetch_set(made.id, store, elsewhere)
    assert list(elsewhere.folder.iterdir()) == []


def test_a_stranger_object_does_not_become_a_file(store: Any, made: BackupSet, elsewhere: Vault) -> None:
    obstore = pytest.importorskip("obstore")
    copy_set(made.path, store)
    obstore.put(store, f"{made.id}/data/files/run.sh", b"planted")
    with pytest.raises(BackupError, match="an object that does not belong to it"):
        fetch_set(made.id, store, elsewhere)
    assert list(elsewhere.folder.iterdir()) == []


def test_an_interrupted_copy_is_not_listed_and_can_be_completed(store: Any, made: BackupSet) -> None:
    obstore = pytest.importorskip("obstore")
    copy_set(made.path, store)
    obstore.delete(store, f"{made.id}/tagmanifest-sha256.txt")
    assert list(remote_sets(store)) == []
    assert copy_set(made.path, store).written == 1
    assert list(remote_sets(store)) == [made.id]


def test_a_set_that_is_there_already_is_not_fetched(store: Any, made: BackupSet, vault: Vault) -> None:
    copy_set(made.path, store)
    with pytest.raises(BackupError, match="in the vault already"):
        fetch_set(made.id, store, vault)


def test_an_address_that_is_none_is_not_repeated() -> None:
    pytest.importorskip("obstore")
    with pytest.raises(UsageError) as caught:
        open_store("s4://user:hunter2@bucket")
    assert "hunter2" not in str(caught.value)
