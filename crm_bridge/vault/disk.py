"""Files of the vault: created once and privately, never through a link, and durable when we say so."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from crm_bridge.errors import BackupError
from crm_bridge.i18n import _

_NEVER_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_BUFFER = 256 * 1024


def create_file(path: Path) -> BinaryIO:
    """Open a new file for writing, 0600. An existing file or a link in its place is a FileExistsError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NEVER_FOLLOW, 0o600)
    return os.fdopen(handle, "wb", buffering=_BUFFER)


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading, unbuffered. A link is an OSError, a device or pipe a BackupError."""
    handle = os.open(path, os.O_RDONLY | _NEVER_FOLLOW | getattr(os, "O_NONBLOCK", 0))
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


def sync_folder(path: Path) -> None:
    """Make new, renamed and removed names in a folder durable. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> None:
    """Make a folder, 0700, or accept an existing one that is ours alone. Raises BackupError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    hint = _("keep backups in a folder that you own and that nobody else can write to (chmod 700)")
    if not stat.S_ISDIR(found.st_mode):
        raise BackupError(_("{folder} is not a folder, or is a link").format(folder=path), reason="folder", hint=hint)
    if os.name == "nt":
        return
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise BackupError(_("others can write to {folder}").format(folder=path), reason="folder", hint=hint)


def remove_folder(path: Path) -> None:
    """Remove a folder and all in it; the removal is durable when the call returns."""
    shutil.rmtree(path)
    sync_folder(path.parent)
