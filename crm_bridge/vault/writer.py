"""Writing one backup set: stream in, seal, make durable, read everything back before it counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import BackupError, CrmBridgeError
from crm_bridge.files import fsync_folder
from crm_bridge.i18n import _
from crm_bridge.vault.backup_set import BackupSet
from crm_bridge.vault.check import check_set
from crm_bridge.vault.crypto.keys import new_identity, write_slot
from crm_bridge.vault.crypto.seal import Identity, Sealed, not_written, seal
from crm_bridge.vault.disk import remove_folder
from crm_bridge.vault.format.bag import FILES, BagWriter
from crm_bridge.vault.format.frames import Batch, StoredFile
from crm_bridge.vault.format.header import HEADER, SCHEMA, BatchFile, SetHeader
from crm_bridge.vault.syncing import Syncer

BATCH_RECORDS = 500
BATCH_BYTES = 8 * 1024 * 1024
INCOMPLETE = ".incomplete"
LeaveOut = Callable[[Attachment, CrmBridgeError], bool]


def nothing(_attachment: Attachment, _error: CrmBridgeError) -> bool:
    """Leave no attachment out."""
    return False


class SetWriter:
    """One set being written. Leaving the `with` block without `close()` throws the set away. Not for two threads."""

    def __init__(
        self,
        folder: Path,
        *,
        header: SetHeader,
        labels: Mapping[str, str],
        schema: bytes,
        master: Identity,
        attachment_cap: int,
    ) -> None:
        """Start in `<folder>.incomplete`; `header` and `labels` are completed at `close()`."""
        self._final = folder
        self._folder = folder.with_name(folder.name + INCOMPLETE)
        self._header = header
        self._labels = labels
        self._schema = schema
        self._master = master
        self._cap = attachment_cap
        # Only in memory until close: what a crash leaves behind can never be decrypted by anybody.
        self._identity = new_identity()
        self._batch = Batch()
        self._batches: list[BatchFile] = []
        self._count = 0
        self._attachments = 0
        self._over = False
        self._syncer = Syncer()
        try:
            self._bag = BagWriter(self._folder, labels)
        except OSError as error:
            raise not_written(error) from error

    @property
    def set_id(self) -> str:
        """Return the id under which the set will be found."""
        return self._header.set

    @property
    def count(self) -> int:
        """Return how many contracts were added."""
        return self._count

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Throw away what was not closed."""
        self.abandon()

    def add(self, snapshot: Snapshot, *, leave_out: LeaveOut = nothing) -> None:
        """Take one contract. Attachments are streamed to files now, the record waits for its batch.

        `leave_out` decides about an attachment that fails: whether the contract is taken without it.
        After an error this contract is not in the set and the writer can go on with the next one: BackupError
        for an attachment that is too large or not of the size that the CRM names, or a disk that is full;
        whatever the attachment's `chunks` raised is raised unchanged.
        """
        self._expect_open()
        stored: list[StoredFile] = []
        try:
            for attachment in snapshot.attachments:
                try:
                    stored.append(self._store(snapshot, attachment, self._attachments + len(stored) + 1))
                except CrmBridgeError as error:
                    if not leave_out(attachment, error):
                        raise
        except BaseException:
            for file in stored:
                (self._folder / file.file).unlink(missing_ok=True)
            raise
        for file in stored:
            self._bag.add(file.file, sha256=file.sealed.sha256, size=file.sealed.bytes)
        self._attachments += len(stored)
        self._batch.add(snapshot, stored)
        self._count += 1
        if len(self._batch) >= BATCH_RECORDS or self._batch.bytes >= BATCH_BYTES:
            self.flush()

    def _store(self, snapshot: Snapshot, attachment: Attachment, number: int) -> StoredFile:
        name = f"{FILES}/{number:06d}.age"
        chunks = _within(attachment, cap=self._cap, of=str(snapshot.ref))
        sealed = seal(self._folder / name, chunks, identity=self._identity, sync=self._syncer.take)
        return StoredFile(attachment.id, attachment.name, attachment.source, attachment.media_type, name, sealed)

    def flush(self) -> None:
        """Seal the records that wait. Raises BackupError when the disk does not take them."""
        self._expect_open()
        if not len(self._batch):
            return
        name = f"data/records-{len(self._batches) + 1:06d}.age"
        sealed = self._seal(name, self._batch.chunks())
        self._batches.append(BatchFile(name, len(self._batch), sealed))
        self._batch = Batch()

    def _seal(self, name: str, chunks: Iterator[bytes]) -> Sealed:
        sealed = seal(self._folder / name, chunks, identity=self._identity, sync=self._syncer.take)
        self._bag.add(name, sha256=sealed.sha256, size=sealed.bytes)
        return sealed

    def close(self) -> BackupSet:
        """Finish the set: everything durable, renamed into place, read back, decrypted and compared.

        Raises BackupError at the first difference; then the set is gone and nothing counts.
        """
        self._expect_open()
        self.flush()
        try:
            digest = self._finish()
            self._folder.rename(self._final)
        except OSError as error:
            raise not_written(error) from error
        self._over = True
        try:
            fsync_folder(self._final.parent)
            return self._read_back(digest)
        except BaseException as error:
            remove_folder(self._final)
            if isinstance(error, OSError):
                raise not_written(error) from error
            raise

    def _finish(self) -> str:
        schema = self._seal(SCHEMA, iter((self._schema,)))
        self._header = SetHeader(
            set=self._header.set,
            run=self._header.run,
            plan=self._header.plan,
            connection=self._header.connection,
            created=self._header.created,
            count=self._count,
            attachments=self._attachments,
            schema=schema,
            batches=tuple(self._batches),
            info=self._header.info,
        )
        self._seal(HEADER, iter((self._header.to_bytes(),)))
        write_slot(self._folder, set_id=self.set_id, identity=self._identity, master=self._master)
        # Payload first, then the manifests that vouch for it.
        self._syncer.sync()
        counts = {"Crm-Bridge-Count": str(self._count), "Crm-Bridge-Attachments": str(self._attachments)}
        return self._bag.finish({**self._labels, **counts})

    def _read_back(self, digest: str) -> BackupSet:
        report = check_set(self._final, master=self._master)
        if report.findings:
            raise BackupError(
                _("the backup was read back and is not what was written: {what}").format(what=report.findings[0]),
                reason="read_back",
                hint=_("nothing was deleted; look after the disk, then run the same command again"),
            )
        made = BackupSet(self._final, master=self._master)
        if made.digest != digest or made.header != self._header:
            raise BackupError(_("the backup was replaced while it was written"), reason="read_back")
        return made

    def abandon(self) -> None:
        """Throw the set away unless it was closed. Doing it twice is fine."""
        if self._over:
            return
        self._over = True
        self._syncer.close()
        self._bag.abandon()
        remove_folder(self._folder)

    def _expect_open(self) -> None:
        if self._over:
            raise BackupError(_("this backup set is already closed"), reason="closed")


def _within(attachment: Attachment, *, cap: int, of: str) -> Iterator[bytes]:
    """Pass the bytes on while they fit the cap, and compare their number with what the CRM says."""
    count = 0
    for chunk in attachment.chunks():
        count += len(chunk)
        if count > cap:
            raise BackupError(
                _("an attachment of contract {contract} is larger than {cap} bytes").format(contract=of, cap=cap),
                reason="attachment_too_large",
                hint=_("raise the size limit for attachments, or leave this contract out"),
            )
        yield chunk
    if attachment.size is not None and attachment.size != count:
        raise BackupError(
            _("an attachment of contract {contract} has {found} bytes, the CRM says {said}").format(
                contract=of, found=count, said=attachment.size
            ),
            reason="attachment_size",
            hint=_("the download was cut short or the file was replaced meanwhile; try again"),
        )


def created_text(now: datetime) -> str:
    """Return a time in UTC, to the second, as sets carry it."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def incomplete_of(folder: Path) -> Iterator[Path]:
    """Yield what writers left behind in a vault."""
    with os.scandir(folder) as found:
        names = sorted(item.name for item in found if item.name.endswith(INCOMPLETE))
    for name in names:
        yield folder / name
