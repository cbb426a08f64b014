"""Copies of backup sets on S3, Azure, Google Cloud or another disk, through obstore; objects are written once.

What leaves this machine is what lies in the set's folder: sealed files, and a key slot that only the master key
opens. obstore is an extra (`pip install obstore`) and is imported only here, when it is used.
"""

from __future__ import annotations

import errno
import hashlib
import importlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from crm_bridge.errors import BackupError, UsageError
from crm_bridge.files import ensure_private_folder, fsync_folder
from crm_bridge.i18n import _
from crm_bridge.vault.crypto.keys import SLOT
from crm_bridge.vault.crypto.seal import digest_of_file
from crm_bridge.vault.disk import create_file, open_file, remove_folder
from crm_bridge.vault.format.bag import FILES, INFO, MANIFEST, TAG_MANIFEST, read_manifest

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from crm_bridge.vault.store import Vault

_NAME = re.compile(r"(data/(files/)?[a-z0-9-]+\.age)|[a-z-]+[0-9]*\.txt|key\.age")


@dataclass(frozen=True, slots=True)
class CopyReport:
    """Result of a copy. `present` counts the objects that an earlier copy of the same set had left there."""

    set_id: str
    written: int
    present: int
    bytes: int


def open_store(url: str, *, create: bool = True) -> ObjectStore:
    """Open `s3://bucket/path`, `az://...`, `gs://...` or `file:///folder`; credentials as obstore finds them.

    A folder is made, 0700, where `create` allows it. Raises UsageError, BackupError for a folder that cannot be made.
    """
    obstore = _obstore()
    try:
        if url.startswith("file:"):
            return _local(obstore, url, create=create)
        store: ObjectStore = obstore.store.from_url(url)
        return store
    except (obstore.exceptions.BaseError, ValueError):
        # The address may carry a signature or a password: it is not repeated.
        raise UsageError(
            _("this is not the address of an object store"),
            hint=_("write s3://BUCKET/PATH, az://CONTAINER/PATH, gs://BUCKET/PATH or file:///FOLDER"),
        ) from None


def _local(obstore: ModuleType, url: str, *, create: bool) -> ObjectStore:
    parts = urlsplit(url)
    folder = Path(url2pathname(parts.path))
    if parts.netloc not in ("", "localhost") or not folder.is_absolute():
        raise ValueError("a folder on this machine has three slashes")
    try:
        if create:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not folder.is_dir():
            raise NotADirectoryError(errno.ENOENT, os.strerror(errno.ENOENT))
    except OSError as error:
        raise BackupError(
            _("the folder for copies cannot be used: {why}").format(why=error.strerror or type(error).__name__),
            reason="remote",
            hint=_("name a folder that you may write to, with three slashes: file:///FOLDER"),
        ) from None
    store: ObjectStore = obstore.store.LocalStore(folder)
    return store


def copy_set(folder: Path, store: ObjectStore) -> CopyReport:
    """Copy a complete set, and read every object back. Raises BackupError, also where other content is in the way.

    The tag manifest goes last: where it is, the copy is whole. Copying again completes what was interrupted. An
    object is held in memory while it is written, so memory grows with the largest attachment.
    """
    names = [*read_manifest(folder), SLOT, MANIFEST, INFO, "bagit.txt", TAG_MANIFEST]
    written = present = size = 0
    for name in names:
        try:
            sha256, length = digest_of_file(folder / name)
        except OSError as error:
            raise BackupError(_("{name} of the set cannot be read").format(name=name), reason="damaged") from error
        if _create(store, f"{folder.name}/{name}", folder / name):
            written += 1
        else:
            present += 1
        _compare(store, f"{folder.name}/{name}", sha256)
        size += length
    return CopyReport(folder.name, written, present, size)


def remote_sets(store: ObjectStore) -> Iterator[str]:
    """Yield the ids of the sets whose copy is whole."""
    obstore = _obstore()
    try:
        for prefix in sorted(obstore.list_with_delimiter(store)["common_prefixes"]):
            if any(found["path"] == f"{prefix}/{TAG_MANIFEST}" for found in _listed(store, prefix)):
                yield prefix
    except obstore.exceptions.BaseError as error:
        raise _unreachable(error) from None


def fetch_set(set_id: str, store: ObjectStore, vault: Vault) -> Path:
    """Bring a copy into a vault, and check it there before it counts. Raises BackupError."""
    ensure_private_folder(vault.folder, error=BackupError)
    final = vault.folder / set_id
    if not re.fullmatch("[0-9A-Z]{26}", set_id) or final.exists():
        raise BackupError(
            _("set {set} is in the vault already, or is not the name of a set").format(set=set_id), reason="present"
        )
    folder = final.with_name(f"{set_id}.incomplete")
    for part in (".", "data", FILES):
        (folder / part).mkdir(mode=0o700, exist_ok=False)
    try:
        for name in _names(store, set_id):
            _download(store, f"{set_id}/{name}", folder / name)
        for part in (FILES, "data", "."):
            fsync_folder(folder / part)
        folder.rename(final)
    except BaseException:
        remove_folder(folder)
        raise
    fsync_folder(vault.folder)
    if findings := vault.check(set_id).findings:
        remove_folder(final)
        raise BackupError(_("the copy is damaged: {what}").format(what=findings[0]), reason="damaged")
    return final


def _names(store: ObjectStore, set_id: str) -> Iterator[str]:
    """Yield the object names of a set; a name that our copies do not have could be a path out of the vault."""
    for found in _listed(store, set_id):
        name = str(found["path"]).removeprefix(f"{set_id}/")
        if not _NAME.fullmatch(name):
            raise BackupError(_("the copy holds an object that does not belong to it"), reason="damaged")
        yield name


def _listed(store: ObjectStore, prefix: str) -> Iterator[dict[str, object]]:
    for page in _obstore().list(store, prefix=prefix):
        yield from page


def _create(store: ObjectStore, name: str, path: Path) -> bool:
    """Write an object that must not exist yet; False where it does."""
    obstore = _obstore()
    try:
        with open_file(path) as file:
            # In one piece: a multipart upload is not bound by mode="create" everywhere.
            obstore.put(store, name, file, mode="create", use_multipart=False)
    except obstore.exceptions.AlreadyExistsError:
        return False
    except (obstore.exceptions.BaseError, OSError) as error:
        raise _unreachable(error) from None
    return True


def _compare(store: ObjectStore, name: str, sha256: str) -> None:
    digest = hashlib.sha256()
    for chunk in _chunks(store, name):
        digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise BackupError(
            _("{name} in the object store is not what was copied").format(name=name),
            reason="remote_differs",
            hint=_("objects are never overwritten; copy into an empty folder, or look who wrote there"),
        )


def _download(store: ObjectStore, name: str, path: Path) -> None:
    with create_file(path) as file:
        for chunk in _chunks(store, name):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _chunks(store: ObjectStore, name: str) -> Iterator[bytes]:
    obstore = _obstore()
    try:
        for chunk in obstore.get(store, name).stream():
            yield bytes(chunk)
    except (obstore.exceptions.BaseError, OSError) as error:
        raise _unreachable(error) from None


def _unreachable(error: Exception) -> BackupError:
    # Only the kind: texts of object stores quote requests, and requests carry signatures.
    return BackupError(
        _("the object store refused or could not be reached ({kind})").format(kind=type(error).__name__),
        reason="remote",
        hint=_("the copy can be run again; it continues where it stopped"),
    )


def _obstore() -> ModuleType:
    try:
        for name in ("obstore.store", "obstore.exceptions"):
            importlib.import_module(name)
        return importlib.import_module("obstore")
    except ImportError:
        raise UsageError(
            _("copies on object stores need the package obstore, which is not installed"),
            hint=_("install it with: pip install obstore"),
        ) from None
