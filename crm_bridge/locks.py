"""Locks of the kernel on files and folders, gone when the process is gone; who holds one says so in the file."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm_bridge.errors import ConfigError, CrmBridgeError, JournalBusyError
from crm_bridge.files import FILE_MODE, Refusal, check_file, read_private, try_lock
from crm_bridge.i18n import _

_POLL = 0.02
_IDENTIFY_SECONDS = 5.0
"""Seconds that a process has to say who it is after it took a lock; writing a line takes long on a busy disk."""


def hold_folder(path: Path) -> int:
    """Hold a folder as long as the descriptor is open; the kernel lets go if the process dies."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try_lock(handle)
    return handle


def is_held(path: Path) -> bool:
    """Return whether a living process holds a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return not try_lock(handle)
    finally:
        os.close(handle)


@contextmanager
def hold(
    path: Path, *, what: str, wait: float = 0.0, busy: Refusal = JournalBusyError, shared: bool = False
) -> Iterator[None]:
    """Hold the lock file while the block runs; the kernel lets go of it if the process dies.

    A `shared` hold keeps out only those that are not; the last to come is the holder that is named. `what` says in a
    word what it is held for, and is shown to whoever finds it busy after `wait` seconds.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        check_file(path, os.fstat(handle), ConfigError)
        # Real time on purpose: it is another process that is waited for, and no test clock moves that.
        ends = time.monotonic() + wait
        while not try_lock(handle, shared=shared):
            late, holder = time.monotonic() - ends, _holder_of(path)
            if late >= (0 if holder else _IDENTIFY_SECONDS):
                raise busy(
                    _("{path} is in use by {holder}").format(path=path.name, holder=holder or _("another process")),
                    reason="in_use",
                    hint=_("wait until it has finished, or let `--wait SECONDS` do that"),
                )
            time.sleep(_POLL)
        said = _say_who(handle, what)
        try:
            yield
        finally:
            # While the lock is still ours: the next one that looks must not take us for its holder.
            if os.pread(handle, len(said) + 1, 0) == said:
                os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _holder_of(path: Path) -> str:
    """Return who holds a lock: process, machine, what for. Empty where it has not said so yet, or is dead."""
    try:
        known = json.loads(read_private(path, longest=4096))
        if known["host"] == socket.gethostname() and not _is_alive(int(known["pid"])):
            return ""
        return _("process {pid} on {host} ({what})").format(pid=known["pid"], host=known["host"], what=known["what"])
    except (OSError, ValueError, KeyError, TypeError, CrmBridgeError):
        return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _say_who(handle: int, what: str) -> bytes:
    text = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "what": what}).encode()
    os.ftruncate(handle, 0)
    os.pwrite(handle, text, 0)
    return text
