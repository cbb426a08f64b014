"""Reading one backup set: entries, snapshots with lazy attachments, and the gate's last look."""

from __future__ import annotations

import os
import stat
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import BackupError
from crm_bridge.i18n import _
from crm_bridge.vault.crypto.keys import SLOT, read_slot
from crm_bridge.vault.crypto.seal import Identity, damaged, digest_of_file, unseal
from crm_bridge.vault.crypto.stream import unseal_chunks
from crm_bridge.vault.format.bag import MANIFEST, damaged_tags, manifest_digest, payload_bytes, read_info, read_manifest
from crm_bridge.vault.format.frames import IndexRow, OpenBatch, StoredFile, open_batch
from crm_bridge.vault.format.header import HEADER, SCHEMA, BatchFile, SetHeader, header_from

_HASH_BITS = 44
_BATCH_BITS = 20


@dataclass(frozen=True, slots=True)
class SetEntry:
    """Where one contract is in a set. `offset` and `length` count bytes of the decrypted `file`."""

    ref: ContractRef
    digest: str
    file: str
    file_sha256: str
    offset: int
    length: int
    files: tuple[StoredFile, ...] = ()

    @property
    def attachments(self) -> int:
        """Return how many attachments are stored with it."""
        return len(self.files)


class BackupSet:
    """A complete set. Memory stays flat: one batch at a time is decrypted, in memory only.

    `digest` is the SHA-256 (hex) of the payload manifest: the set's name for itself in journal and receipts.
    `bytes` is the size of the sealed payload as bag-info.txt gives it.
    """

    def __init__(self, path: Path, *, master: Identity) -> None:
        """Open the key slot and the header. Raises BackupError: shredded, damaged, or of another master key."""
        self.path = path
        self.id = path.name
        self._root = str(path)
        self.identity = read_slot(path, set_id=self.id, master=master)
        if wrong := damaged_tags(path):
            raise damaged(wrong[0])
        self.digest = manifest_digest(path)
        self.bytes = payload_bytes(read_info(path))
        self.header = self._open_header()
        self._needed = self._framework()
        self._places: array[int] | None = None
        self._open: tuple[int, OpenBatch] | None = None
        self._seen: dict[str, tuple[int, ...]] = {}

    def _open_header(self) -> SetHeader:
        found, plain = unseal(self.path / HEADER, identity=self.identity, name=HEADER)
        if read_manifest(self.path).get(HEADER) != found.sha256:
            raise damaged(HEADER)
        try:
            header = header_from(plain)
        except (ValueError, KeyError, TypeError) as error:
            raise damaged(HEADER) from error
        if header.set != self.id:
            raise damaged(HEADER)
        return header

    def _framework(self) -> dict[str, tuple[str, int]]:
        """Return digest and size of the files without which no contract of the set comes back."""
        names = {name: _measured(self.path / name) for name in (SLOT, MANIFEST, HEADER)}
        return {**names, SCHEMA: (self.header.schema.sha256, self.header.schema.bytes)}

    @property
    def count(self) -> int:
        """Return the number of contracts."""
        return self.header.count

    def schema(self) -> bytes:
        """Return the metadata of the module as it was when the set was made."""
        found, plain = unseal(self.path / SCHEMA, identity=self.identity, name=SCHEMA)
        if found != self.header.schema:
            raise damaged(SCHEMA)
        return plain

    def info(self) -> Mapping[str, str]:
        """Return what was given to `Vault.begin`."""
        return self.header.info

    def entries(self) -> Iterator[SetEntry]:
        """Yield where every contract is, in the order in which they were added."""
        for number, batch in enumerate(self.header.batches):
            opened = self.batch(number)
            for row in opened.rows:
                yield _entry(batch, opened, row)

    def entry(self, record_id: str) -> SetEntry:
        """Return where one contract is. Raises BackupError when it is not in this set."""
        number, row = self._find(record_id)
        return _entry(self.header.batches[number], self.batch(number), row)

    def snapshot(self, record_id: str) -> Snapshot:
        """Return one contract as it was backed up, byte for byte. Raises BackupError."""
        number, row = self._find(record_id)
        return self._snapshot(self.batch(number), row)

    def snapshots(self, ids: Collection[str] | None = None) -> Iterator[Snapshot]:
        """Yield all contracts, or those with the given ids, in the order of the set; each id must be there."""
        missing = None if ids is None else set(ids)
        for number in range(len(self.header.batches)):
            opened = self.batch(number)
            for row in opened.rows:
                if missing is None or row.ref.id in missing:
                    yield self._snapshot(opened, row)
                    if missing is not None:
                        missing.discard(row.ref.id)
        if missing:
            raise self._absent(min(missing))

    def _snapshot(self, opened: OpenBatch, row: IndexRow) -> Snapshot:
        record, parts = opened.raw(row)
        attachments = tuple(
            Attachment(
                id=file.id,
                name=file.name,
                size=file.sealed.plain_bytes,
                source=file.source,
                chunks=self._chunks(file),
                sha256=file.sealed.plain_sha256,
                media_type=file.media_type,
            )
            for file in row.files
        )
        return Snapshot(row.ref, row.digest, record, parts, attachments)

    def _chunks(self, file: StoredFile) -> Callable[[], Iterator[bytes]]:
        return partial(self._read, file)

    def _read(self, file: StoredFile) -> Iterator[bytes]:
        # The ciphertext is compared before the first byte is handed out: half an upload of a damaged file helps nobody.
        self._expect(file.file, file.sealed.sha256, file.sealed.bytes)
        yield from unseal_chunks(self.path / file.file, identity=self.identity, expected=file.sealed, name=file.file)

    def verify_entry(self, record_id: str, compared: set[str] | None = None) -> None:
        """Say that all that a restore of this contract needs is still there, unchanged; else raise BackupError.

        A file is hashed once per process; afterwards only its identity, size and times are compared. `compared` holds
        what one look has compared already: sets, and files that contracts share.
        """
        compared = set() if compared is None else compared
        if self._root not in compared:
            for name, (sha256, size) in self._needed.items():
                self._expect(name, sha256, size)
            compared.add(self._root)
        number, row = self._find(record_id)
        batch = self.header.batches[number]
        if (path := f"{self._root}/{batch.file}") not in compared:
            self._expect(batch.file, batch.sealed.sha256, batch.sealed.bytes)
            compared.add(path)
        for file in row.files:
            self._expect(file.file, file.sealed.sha256, file.sealed.bytes)

    def _expect(self, name: str, sha256: str, size: int) -> None:
        path = f"{self._root}/{name}"
        try:
            now = _stamp(path)
            if self._seen.get(name) == now:
                return
            if digest_of_file(Path(path)) != (sha256, size) or _stamp(path) != now:
                raise damaged(name)
        except OSError as error:
            raise damaged(name) from error
        self._seen[name] = now

    def batch(self, number: int) -> OpenBatch:
        """Return one decrypted batch, compared with the header; the last one is kept. Raises BackupError."""
        if self._open is not None and self._open[0] == number:
            return self._open[1]
        self._open = None
        batch = self.header.batches[number]
        found, plain = unseal(self.path / batch.file, identity=self.identity, name=batch.file)
        if found != batch.sealed:
            raise damaged(batch.file)
        try:
            opened = open_batch(plain)
        except (ValueError, KeyError, TypeError) as error:
            raise damaged(batch.file) from error
        self._open = (number, opened)
        return opened

    def _find(self, record_id: str) -> tuple[int, IndexRow]:
        # Contracts are mostly asked for in the order of the set: look here, and in the next batch before the lookup
        # is built.
        here = self._open[0] if self._open is not None else 0
        ahead = 2 if self._places is None else 1
        for number in range(here, min(here + ahead, len(self.header.batches))):
            if (row := self.batch(number).by_id.get(record_id)) is not None:
                return number, row
        return self._look_up(record_id)

    def _look_up(self, record_id: str) -> tuple[int, IndexRow]:
        places = self.places()
        key = id_hash(record_id)
        position = bisect_left(places, key << _BATCH_BITS)
        while position < len(places) and places[position] >> _BATCH_BITS == key:
            number = places[position] & ((1 << _BATCH_BITS) - 1)
            if (row := self.batch(number).by_id.get(record_id)) is not None:
                return number, row
            position += 1
        raise self._absent(record_id)

    def places(self) -> array[int]:
        """Return the sorted lookup: 44 bits of the id's hash, 20 bits of the batch; built once, 8 bytes a contract."""
        if self._places is None:
            numbers = range(len(self.header.batches))
            found = [
                id_hash(row.ref.id) << _BATCH_BITS | number for number in numbers for row in self.batch(number).rows
            ]
            self._places = array("Q", sorted(found))
        return self._places

    def _absent(self, record_id: str) -> BackupError:
        return BackupError(
            _("contract {contract} is not in backup set {set}").format(contract=record_id, set=self.id),
            reason="not_in_set",
        )


def _entry(batch: BatchFile, opened: OpenBatch, row: IndexRow) -> SetEntry:
    sha256 = batch.sealed.sha256
    return SetEntry(row.ref, row.digest, batch.file, sha256, opened.start + row.at, row.length, row.files)


def _measured(path: Path) -> tuple[str, int]:
    try:
        return digest_of_file(path)
    except OSError as error:
        raise damaged(path.name) from error


def id_hash(record_id: str) -> int:
    digest = blake2b(record_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _HASH_BITS)


def _stamp(path: str) -> tuple[int, ...]:
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise damaged(os.path.basename(path))
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
