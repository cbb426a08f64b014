"""Private files: replaced whole or not at all, and what dead writers left behind is tidied up."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from crm_bridge import failpoints
from crm_bridge.errors import JournalBusyError
from crm_bridge.files import create_unfinished, read_private, remove_abandoned, write_private
from crm_bridge.locks import hold


def test_a_file_is_replaced_whole_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    write_private(path, b"old")
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_writer_that_is_stopped_leaves_the_old_file_or_the_new_one(tmp_path: Path, side: str) -> None:
    path = tmp_path / "tokens.json"
    write_private(path, b"old")
    failpoints.arm(f"file.write.{side}:1:raise")
    try:
        with pytest.raises(failpoints.FailpointError):
            write_private(path, b"new")
    finally:
        failpoints.arm(None)
    assert path.read_bytes() == {"before": b"old", "after": b"new"}[side]
    assert list(tmp_path.iterdir()) == [path]


def test_a_half_written_file_goes_with_the_next_writing_once_its_writer_is_dead(tmp_path: Path) -> None:
    path, left = tmp_path / "tokens.json", tmp_path / ".tokens.json.0123456789abcdef.tmp"
    held = create_unfinished(left)
    write_private(path, b"one")
    assert left.exists()
    os.close(held)
    write_private(path, b"two")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_replaced_while_it_is_read_is_read(tmp_path: Path) -> None:
    path, stop = tmp_path / "keys.json", threading.Event()
    write_private(path, b"x" * 100)

    def replace() -> None:
        while not stop.is_set():
            write_private(path, b"x" * 100)

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        assert {read_private(path) for _number in range(300)} == {b"x" * 100}
    finally:
        stop.set()
        writer.join()


def test_whoever_finds_a_lock_busy_is_told_who_holds_it_now_and_not_who_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.lock"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    words = {"pid": dead.pid, "host": socket.gethostname(), "what": "killed"}
    write_private(path, json.dumps(words).encode())
    with hold(path, what="plan 1"):
        assert json.loads(path.read_bytes())["pid"] == os.getpid()
        with pytest.raises(JournalBusyError, match=f"process {os.getpid()} .*plan 1"), hold(path, what="plan 2"):
            pass
    assert path.read_bytes() == b""
    write_private(path, json.dumps(words).encode())
    held = os.open(path, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    monkeypatch.setattr("crm_bridge.locks._IDENTIFY_SECONDS", 0.0)
    with pytest.raises(JournalBusyError, match="another process"), hold(path, what="plan 3"):
        pass
    os.close(held)


def test_files_of_others_stay(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"x")
    link = tmp_path / ".draft-1.part"
    link.symlink_to(target)
    (tmp_path / "draft-2.part").write_bytes(b"y")
    remove_abandoned(tmp_path, ".draft-*.part")
    assert sorted(one.name for one in tmp_path.iterdir()) == [".draft-1.part", "draft-2.part", "elsewhere"]
