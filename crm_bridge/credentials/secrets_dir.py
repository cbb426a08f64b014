"""A folder with one file a secret, as Kubernetes, Docker and systemd mount them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from crm_bridge.credentials.secret import Secret
from crm_bridge.credentials.sources import LONGEST_SECRET
from crm_bridge.errors import CredentialStoreError
from crm_bridge.i18n import _

KEYS = "keys"
"""What stands before the dot in the names of the program's own keys."""
_TRIES = 3


class SecretsDir:
    """Files `CONNECTION.ITEM` and `keys.NAME`, each read when it is asked for: a mount may be renewed meanwhile.

    Kubernetes mounts links to links inside the folder, and the folder itself open to all with the sticky bit. So links
    are followed, but not out of the folder; a file counts only if it is ours or root's, and closed to others.
    """

    def __init__(self, folder: Path) -> None:
        """Check the folder. CredentialStoreError if it is not one, or if others could exchange its files."""
        self.name = f"folder: {folder.name}"
        self._folder = folder
        try:
            found = folder.stat()
        except OSError:
            found = None
        if found is None or not stat.S_ISDIR(found.st_mode):
            raise CredentialStoreError(
                _("the secrets folder {path} does not exist").format(path=folder),
                reason="no_secrets_dir",
                hint=_("it holds one file a secret, named CONNECTION.ITEM or keys.NAME"),
            )
        if found.st_uid not in (0, os.geteuid()):
            raise _unsafe(folder, _("it belongs to another user"))
        # In a folder with the sticky bit others can add names, but not exchange ours; what they add is not ours.
        if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            raise _unsafe(folder, _("others may exchange what is in it"))

    def get(self, connection: str, item: str) -> Secret | None:
        """Return the secret in `CONNECTION.ITEM`, None without such a file."""
        return self._read(f"{connection}.{item}")

    def key(self, name: str) -> Secret | None:
        """Return a key of the program itself, from `keys.NAME`."""
        return self._read(f"{KEYS}.{name}")

    def _read(self, name: str) -> Secret | None:
        if name in ("", ".", "..") or "/" in name:
            return None
        for _attempt in range(_TRIES):
            try:
                return self._secret(self._folder / name)
            except FileNotFoundError:
                # Missing, or exchanged between two steps: Kubernetes swaps the folder behind the links.
                if not os.path.lexists(self._folder / name):
                    return None
        raise _unsafe(self._folder / name, _("the link leads nowhere"))

    def _secret(self, path: Path) -> Secret:
        real, root = path.resolve(strict=True), self._folder.resolve()
        if not real.is_relative_to(root):
            raise _unsafe(path, _("the link leads out of the folder"))
        data = _content(path, real)
        try:
            text = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            text = ""
        if not text or len(data) > LONGEST_SECRET:
            raise CredentialStoreError(
                _("{path} must be a text that is not empty").format(path=path), reason="secret_unreadable"
            )
        return Secret(text)


def _content(path: Path, real: Path) -> bytes:
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as problem:
        why = problem.strerror or ""
    else:
        try:
            why = _objection(os.fstat(handle))
            if not why:
                with os.fdopen(handle, "rb", closefd=False) as file:
                    return file.read(LONGEST_SECRET + 1)
        finally:
            os.close(handle)
    raise _unsafe(path, why)


def _objection(found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return _("it is not a plain file")
    if found.st_uid not in (0, os.geteuid()):
        return _("it belongs to another user")
    if found.st_mode & 0o007:
        return _("everybody may read it (mode {mode:04o})").format(mode=stat.S_IMODE(found.st_mode))
    if found.st_mode & 0o020:
        return _("its group may write to it (mode {mode:04o})").format(mode=stat.S_IMODE(found.st_mode))
    return ""


def _unsafe(path: Path, why: str) -> CredentialStoreError:
    return CredentialStoreError(
        _("the secret {path} is not used: {why}").format(path=path, why=why),
        reason="secret_exposed",
        hint=_("mount it with mode 0400 (Kubernetes: `defaultMode: 0400`, Docker: `mode: 0400`)"),
    )
