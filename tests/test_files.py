"""Private files: replaced whole or not at all, and what dead writers left behind is tidied up."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from crm_bridge import failpoints
from crm_bridge.files import create_unfinished, remove_abandoned, write_private


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


def test_files_of_others_stay(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"x")
    link = tmp_path / ".draft-1.part"
    link.symlink_to(target)
    (tmp_path / "draft-2.part").write_bytes(b"y")
    remove_abandoned(tmp_path, ".draft-*.part")
    assert sorted(one.name for one in tmp_path.iterdir()) == [".draft-1.part", "draft-2.part", "elsewhere"]
