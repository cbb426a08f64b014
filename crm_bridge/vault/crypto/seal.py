"""Sealing with age: bytes in, one encrypted file out, and back; plaintext never touches the disk.

The files are age v1 (https://age-encryption.org/v1) and open with the stock `age` tool. pyrage 1.4 creates files
by umask and leaves plaintext behind when decryption fails, so it only ever sees our streams, never a path.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

import pyrage

from crm_bridge.errors import BackupError
from crm_bridge.i18n import _
from crm_bridge.vault.disk import create_file, open_file, read_chunks, read_file
from crm_bridge.vault.syncing import sync_now

Identity: TypeAlias = pyrage.x25519.Identity

IN_ONE_PIECE = 1024 * 1024
"""Files up to this size are decrypted in memory at once, larger ones as a stream."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Digest and size of one sealed file, outside (ciphertext) and inside (plaintext)."""

    sha256: str
    bytes: int
    plain_sha256: str
    plain_bytes: int


class Source:
    """A readable stream over chunks that hashes and counts what passes, and remembers its own failure."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        """Read from `chunks` when asked to."""
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self._hash = hashlib.sha256()
        self.count = 0
        self.failure: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; nothing means the end."""
        try:
            while not self._rest:
                chunk = next(self._chunks, None)
                if chunk is None:
                    return b""
                self._hash.update(chunk)
                self.count += len(chunk)
                self._rest = memoryview(chunk)
        except BaseException as failure:
            # pyrage turns every exception into its own type; the caller needs the real one back.
            self.failure = failure
            raise
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)

    def hex(self) -> str:
        """Return the SHA-256 of what was read."""
        return self._hash.hexdigest()


class Sink:
    """A writable stream that hashes and counts, and passes on to a file if there is one."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        """Write through to `file`, or only measure."""
        self._file = file
        self._hash = hashlib.sha256()
        self.count = 0
        self.failure: BaseException | None = None

    def write(self, data: bytes, /) -> int:
        """Take all of `data`."""
        try:
            if self._file is not None:
                self._file.write(data)
        except BaseException as failure:
            self.failure = failure
            raise
        self._hash.update(data)
        self.count += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the file's owner flushes it."""

    def hex(self) -> str:
        """Return the SHA-256 of what was written."""
        return self._hash.hexdigest()


def seal(
    path: Path, chunks: Iterable[bytes], *, identity: Identity, sync: Callable[[BinaryIO], None] = sync_now
) -> Sealed:
    """Encrypt `chunks` into a new file and hand it to `sync`; after any error there is no file.

    What `chunks` raises is raised unchanged; a file that cannot be written is a BackupError.
    """
    source = Source(chunks)
    try:
        created = create_file(path)
    except OSError as error:
        raise not_written(error) from error
    try:
        with created as file:
            sink = Sink(file)
            _encrypt(source, sink, identity)
            file.flush()
            sync(file)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error is not source.failure:
            raise not_written(error) from error
        raise
    return Sealed(sink.hex(), sink.count, source.hex(), source.count)


def _encrypt(source: Source, sink: Sink, identity: Identity) -> None:
    try:
        pyrage.encrypt_io(source, sink, [identity.to_public()])
    except pyrage.EncryptError as error:
        if failure := source.failure or sink.failure:
            raise failure from None
        raise BackupError(_("the backup could not be encrypted"), reason="seal") from error


def not_written(error: OSError) -> BackupError:
    """Say that the disk did not take the backup; the reason is the operating system's."""
    return BackupError(
        _("the backup cannot be written: {why}").format(why=error.strerror or type(error).__name__),
        reason="disk",
        hint=_("make room or fix the folder of the vault, then run the same command again; nothing was deleted"),
    )


def damaged(name: str) -> BackupError:
    """Say that a file of the vault is not what was written."""
    return BackupError(
        _("{name} in the vault is damaged or was replaced").format(name=name),
        reason="damaged",
        hint=_("`crm-bridge vault check` lists everything that is wrong with the set"),
    )


def unseal(path: Path, *, identity: Identity, name: str) -> tuple[Sealed, bytes]:
    """Return what is known about a sealed file, and its whole plaintext, in memory only. Raises BackupError."""
    try:
        sealed = read_file(path)
        plain: bytes = pyrage.decrypt(sealed, [identity])
    except (OSError, pyrage.DecryptError) as error:
        raise damaged(name) from error
    found = Sealed(hashlib.sha256(sealed).hexdigest(), len(sealed), hashlib.sha256(plain).hexdigest(), len(plain))
    return found, plain


def measure(path: Path, *, identity: Identity, name: str) -> Sealed:
    """Read a sealed file back and decrypt it, keeping nothing but digests and sizes. Raises BackupError."""
    with suppress(OSError):
        if path.stat().st_size <= IN_ONE_PIECE:
            return unseal(path, identity=identity, name=name)[0]
    sink = Sink()
    try:
        with open_file(path) as file:
            source = Source(read_chunks(file))
            pyrage.decrypt_io(source, sink, [identity])
    except (OSError, pyrage.DecryptError) as error:
        raise damaged(name) from error
    return Sealed(source.hex(), source.count, sink.hex(), sink.count)


def digest_of_file(path: Path) -> tuple[str, int]:
    """Return SHA-256 and size of a file as it is on disk. Raises OSError, or BackupError for what is no file."""
    digest, count = hashlib.sha256(), 0
    with open_file(path) as file:
        for chunk in read_chunks(file):
            digest.update(chunk)
            count += len(chunk)
    return digest.hexdigest(), count


def seal_bytes(plain: bytes, *, identity: Identity) -> bytes:
    """Encrypt a few bytes in memory."""
    sealed = io.BytesIO()
    pyrage.encrypt_io(io.BytesIO(plain), sealed, [identity.to_public()])
    return sealed.getvalue()
