"""Files of the vault: created once and privately, never through a link, and durable when we say so."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from crm_bridge.errors import BackupError
from crm_bridge.files import create_private, fsync_folder
from crm_bridge.i18n import _

_NEVER_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC
_BUFFER = 256 * 1024


def create_file(path: Path) -> BinaryIO:
    """Open a new file for writing, 0600. An existing file or a link in its place is a FileExistsError."""
    return os.fdopen(create_private(path), "wb", buffering=_BUFFER)


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading, unbuffered. A link is an OSError, a device or pipe a BackupError.

    Owner and mode do not matter here: a vault that was copied to another machine can still be read.
    """
    handle = os.open(path, os.O_RDONLY | _NEVER_FOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise BackupError(_("{name} is not a regular file").format(name=path.name), reason="damaged")
    return os.fdopen(handle, "rb", buffering=0)


def write_file(path: Path, data: bytes) -> None:
    """Create a file with this content, on disk when the call returns."""
    with create_file(path) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_file(path: Path) -> bytes:
    """Return the whole content of a regular file."""
    with open_file(path) as file:
        return file.read()


def read_chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield the rest of an open file in pieces of 256 KiB."""
    while chunk := file.read(_BUFFER):
        yield chunk


def remove_folder(path: Path) -> None:
    """Remove a folder and all in it; the removal is durable when the call returns."""
    shutil.rmtree(path)
    fsync_folder(path.parent)
