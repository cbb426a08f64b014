"""Fixtures: private folders, and backends of a keyring that behave in one way each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Return a folder of ours with mode 0700."""
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def secrets_file(private: Path) -> Callable[..., Path]:
    def write(text: str, mode: int = 0o600) -> Path:
        path = private / "secrets.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def pipe() -> Iterator[Callable[..., int]]:
    """Return a function that makes a descriptor with some bytes to read from it."""
    writers: list[int] = []

    def make(data: bytes, *, closed: bool = True) -> int:
        reader, writer = os.pipe()
        os.write(writer, data)
        if closed:
            os.close(writer)
        else:
            writers.append(writer)
        return reader

    yield make
    for writer in writers:
        os.close(writer)
