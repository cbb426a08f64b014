"""Which places a journal may live in: own, private, real files on a local disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _

NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "afpfs", "ceph", "glusterfs", "lustre", "gpfs"}
    | {"ncpfs", "ncp", "davfs", "webdav", "coda", "beegfs", "orangefs", "ocfs2", "gfs2"}
    | {f"fuse.{name}" for name in ("sshfs", "glusterfs", "rclone", "davfs", "ceph", "s3fs", "gcsfuse", "smbnetfs")}
)


def make_home(home: Path) -> None:
    """Create the state directory, readable by its owner only, if it is not there."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(home, os.strerror(error.errno or 0)) from None


def check_home(home: Path) -> None:
    """Raise JournalError unless `home` is a real directory of this user, writable by no other, on a local disk."""
    status = _lstat(home)
    if not stat.S_ISDIR(status.st_mode):
        raise _unusable(home, _("it is not a directory, or a link to one"))
    _check_owner(home, status, 0o022)
    if kind := network_type(home):
        raise JournalError(
            _("{path} is on a network file system ({kind})").format(path=home, kind=kind),
            reason="network_file_system",
            hint=_("file locks cannot be trusted there; choose a state directory on a local disk with --home"),
        )


def check_file(path: Path) -> None:
    """Raise JournalError unless `path` is a plain file of ours, private, with one name."""
    status = _lstat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise _unusable(path, _("it is a link or not a plain file"))
    _check_owner(path, status, 0o077)


def create_file(path: Path) -> bool:
    """Create an empty file 0600; say whether it was new. Never opens a file that was there."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        raise _unusable(path, os.strerror(error.errno or 0)) from None
    return True


def sync_directory(path: Path) -> None:
    """Make a new or vanished name in a directory durable, where the system can."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def network_type(path: Path) -> str:
    """Return the kind of network file system that holds `path`, empty when it is local or cannot be told."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return network_mount(path.resolve(), mounts)


def network_mount(path: Path, mounts: str) -> str:
    """Find the mount that holds `path` in the text of Linux's mountinfo; return its type if that is a network one."""
    best, found = -1, ""
    for line in mounts.splitlines():
        left, _dash, right = line.partition(" - ")
        fields, kinds = left.split(" "), right.split(" ")
        if len(fields) < 5:
            continue
        point = Path(_unescape(fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), kinds[0]
    return found if found in NETWORK_TYPES else ""


def _unescape(text: str) -> str:
    for escaped, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escaped, plain)
    return text


def _lstat(path: Path) -> os.stat_result:
    try:
        return path.lstat()
    except OSError as error:
        raise _unusable(path, os.strerror(error.errno or 0)) from None


def _check_owner(path: Path, status: os.stat_result, forbidden: int) -> None:
    if status.st_uid != os.geteuid():
        raise _unusable(path, _("it belongs to somebody else"))
    if status.st_mode & forbidden:
        raise _unusable(path, _("others may use it (mode {mode:04o})").format(mode=stat.S_IMODE(status.st_mode)))


def _unusable(path: Path, why: str) -> JournalError:
    return JournalError(
        _("{path} cannot hold a journal: {why}").format(path=path, why=why),
        reason="unsafe_place",
        hint=_("use a directory of your own with mode 0700, or set --home"),
    )
