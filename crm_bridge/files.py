"""Files that only we may read: created private, never followed, replaced atomically."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from crm_bridge import failpoints
from crm_bridge.errors import ConfigError, CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.shell import pasteable

FOLDER_MODE, FILE_MODE = 0o700, 0o600
LONGEST = 4 * 1024 * 1024
_NOFOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC
_NONBLOCK = os.O_NONBLOCK  # opening a fifo must not hang

Refusal = type[CrmBridgeError]


def ensure_private_folder(path: Path, *, error: Refusal = ConfigError) -> Path:
    """Create the folder with mode 0700 or check that it is ours; returns it.

    Refuses a link, a folder of another user, and one that group or others may write to. A folder of ours that others
    may only read is closed to them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=FOLDER_MODE)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise error(_("{path} is not a plain folder").format(path=path), hint=_("links are not followed here"))
    _check_owner(path, found, error)
    if found.st_mode & 0o022:
        raise error(
            _("{path} may be written to by others").format(path=path),
            hint=_("run: {command}").format(command=pasteable("chmod", "700", path)),
        )
    if found.st_mode & 0o077:
        path.chmod(FOLDER_MODE)
    return path


def check_folder_of_ours(path: Path, *, error: Refusal = ConfigError) -> None:
    """Raise unless the folder belongs to this user and others may not write to it."""
    found = path.stat()
    _check_owner(path, found, error)
    if found.st_mode & 0o022:
        raise error(
            _("{path} may be written to by others").format(path=path),
            hint=_("run: {command}").format(command=pasteable("chmod", "go-w", path)),
        )


def read_private(path: Path, *, error: Refusal = ConfigError, longest: int = LONGEST) -> bytes:
    """Return the bytes of a 0600 file of ours; refuses links, hard links, pipes, other owners, wider modes."""
    return _read(open_private(path, error=error), path, error, longest)


def read_ours(path: Path, *, error: Refusal = ConfigError, longest: int = LONGEST) -> bytes:
    """Return the bytes of a plain file of ours that not everybody may write to; for what is no secret.

    A group that may write is what some umasks give to every new file; the folder around it keeps the group out.
    """
    return _read(_open(path, error, 0o002), path, error, longest)


def read_trusted(path: Path, *, error: Refusal = ConfigError, longest: int = LONGEST) -> bytes:
    """Return the bytes of a file that says whom to trust: ours or the system's, and not everybody may write to it.

    Links are followed: the system's own certificates stand behind some. OSError where it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | _NONBLOCK)
    found = os.fstat(handle)
    refused = ""
    if not stat.S_ISREG(found.st_mode):
        refused = _("{path} is not a plain file")
    elif found.st_uid not in (0, os.geteuid()):
        refused = _("{path} belongs to another user")
    elif found.st_mode & 0o002:
        refused = _("{path} may be written to by others")
    if refused:
        os.close(handle)
        raise error(refused.format(path=path))
    return _read(handle, path, error, longest)


def _read(handle: int, path: Path, error: Refusal, longest: int) -> bytes:
    with os.fdopen(handle, "rb") as source:
        data = source.read(longest + 1)
    if len(data) > longest:
        raise error(_("{path} is larger than {count} bytes").format(path=path, count=longest))
    return data


def open_private(path: Path, *, error: Refusal = ConfigError) -> int:
    """Open an existing 0600 file of ours for reading; returns the descriptor. FileNotFoundError if there is none."""
    return _open(path, error, 0o077)


def _open(path: Path, error: Refusal, forbidden: int) -> int:
    handle = -1
    refused = None
    try:
        handle = os.open(path, os.O_RDONLY | _NOFOLLOW | _NONBLOCK)
        while (found := os.fstat(handle)).st_nlink == 0:
            # Replaced by another process between the two calls: what was opened has no name any more.
            os.close(handle)
            handle = -1
            handle = os.open(path, os.O_RDONLY | _NOFOLLOW | _NONBLOCK)
        check_file(path, found, error, forbidden)
    except FileNotFoundError:
        raise
    except OSError:
        refused = error(_("{path} cannot be read").format(path=path), hint=_("it must be a plain file of yours"))
    except CrmBridgeError as problem:
        refused = problem
    if refused is not None:
        if handle >= 0:
            os.close(handle)
        raise refused
    return handle


def create_private(path: Path) -> int:
    """Create a new 0600 file and return its descriptor for writing; FileExistsError if anything is there."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, FILE_MODE)


def write_private(path: Path, data: bytes) -> None:
    """Replace the file atomically and durably: temp file, fsync, rename, fsync of the folder."""
    with failpoints.step("file.write"):
        _replace(path, data)


def _replace(path: Path, data: bytes) -> None:
    with replaced_file(path) as target:
        target.write(data)


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new 0600 file that takes the place of `path`, durably, once the block has ended without an error."""
    remove_abandoned(path.parent, f".{path.name}.*.tmp")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    handle = create_unfinished(temporary)
    try:
        with os.fdopen(handle, "wb") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def create_unfinished(path: Path) -> int:
    """Create a new 0600 file that `remove_abandoned` leaves alone as long as the descriptor is open here."""
    while True:
        handle = create_private(path)
        try_lock(handle)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.lstat()):
                return handle
        # Somebody tidied up between the two calls.
        os.close(handle)


def remove_abandoned(folder: Path, pattern: str) -> None:
    """Remove the unfinished files whose writer died; whatever cannot be opened or removed stays."""
    for path in folder.glob(pattern):
        with suppress(OSError):
            handle = os.open(path, os.O_RDWR | _NOFOLLOW | _NONBLOCK)
            try:
                if try_lock(handle):
                    path.unlink(missing_ok=True)
            finally:
                os.close(handle)


def fsync_folder(path: Path) -> None:
    """Make a rename or a new name in the folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def try_lock(handle: int, *, shared: bool = False) -> bool:
    """Lock an open file, or return False where another process holds it; the kernel lets go if this one dies."""
    # flock, not lockf: a POSIX record lock would be lost as soon as anything in the process closed the same file.
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def check_file(path: Path, found: os.stat_result, error: Refusal, forbidden: int = 0o077) -> None:
    """Raise unless what was found at the path is a plain file of ours, with one name, that others may not use."""
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise error(_("{path} is not a plain file").format(path=path), hint=_("links and pipes are not followed here"))
    _check_owner(path, found, error)
    if wide := found.st_mode & forbidden:
        says = _("{path} may be read by others") if wide & ~0o022 else _("{path} may be written to by others")
        raise error(says.format(path=path), hint=_("run: {command}").format(command=pasteable("chmod", "600", path)))


def _check_owner(path: Path, found: os.stat_result, error: Refusal) -> None:
    if found.st_uid != os.geteuid():
        raise error(_("{path} belongs to another user").format(path=path))
