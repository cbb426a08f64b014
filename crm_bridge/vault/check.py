"""Checking one set: read everything again, decrypt it, compare it with what the set says about itself."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from crm_bridge.errors import BackupError
from crm_bridge.i18n import _
from crm_bridge.spi.ordered_map import ordered_map
from crm_bridge.vault.backup_set import BackupSet, id_hash
from crm_bridge.vault.crypto.keys import SHREDDED, SLOT, is_shredded
from crm_bridge.vault.crypto.seal import Identity, Sealed, damaged, digest_of_file, measure
from crm_bridge.vault.format.bag import (
    INFO,
    MANIFEST,
    TAG_MANIFEST,
    damaged_tags,
    payload_files,
    read_info,
    read_manifest,
)
from crm_bridge.vault.format.header import HEADER, SCHEMA

_KNOWN = {"bagit.txt", INFO, MANIFEST, TAG_MANIFEST, SLOT, SHREDDED, "data"}


@dataclass(frozen=True, slots=True)
class VaultFinding:
    """One thing that is wrong: a stable word for programs, the file, and a sentence."""

    code: str
    """missing, extra, changed, undecipherable, key, count, duplicate, tags."""
    file: str
    message: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.message


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Report of a check. A shredded set can only be checked from outside: its ciphertext, not its content."""

    set_id: str
    findings: tuple[VaultFinding, ...]
    shredded: bool = False
    contracts: int = 0
    attachments: int = 0
    bytes: int = 0

    @property
    def ok(self) -> bool:
        """Return whether nothing was wrong."""
        return not self.findings

    @property
    def restorable(self) -> bool:
        """Return whether contracts can be restored from this set."""
        return self.ok and not self.shredded


@dataclass(slots=True)
class _SetTally:
    contracts: int = 0
    attachments: int = 0
    bytes: int = 0
    hashes: array[int] = field(default_factory=lambda: array("Q"))


def check_set(folder: Path, *, master: Identity | None) -> CheckReport:
    """Re-read a set. Damage is a finding, never an exception; `master` may be None for a shredded set."""
    tally = _SetTally()
    shredded = is_shredded(folder)
    findings = [VaultFinding("tags", name, damaged(name).message) for name in damaged_tags(folder)]
    try:
        manifest = read_manifest(folder)
    except BackupError as error:
        return CheckReport(folder.name, (*findings, VaultFinding("tags", MANIFEST, error.message)), shredded)
    findings += _listing(folder, manifest)
    if shredded:
        findings += _outside(folder, manifest, tally)
    else:
        findings += _inside(folder, manifest, master, tally)
    found = tuple(dict.fromkeys(findings))
    return CheckReport(folder.name, found, shredded, tally.contracts, tally.attachments, tally.bytes)


def _listing(folder: Path, manifest: dict[str, str]) -> Iterator[VaultFinding]:
    """Compare the names on disk with the names in the manifest, both ways."""
    present = set(payload_files(folder))
    for name in sorted(manifest.keys() - present):
        yield VaultFinding("missing", name, _("{name} is missing").format(name=name))
    strangers = {path.name for path in folder.iterdir()} - _KNOWN
    for name in sorted(present - manifest.keys()) + sorted(strangers):
        yield VaultFinding("extra", name, _("{name} does not belong to the set").format(name=name))


def _outside(folder: Path, manifest: dict[str, str], tally: _SetTally) -> Iterator[VaultFinding]:
    for name, sha256 in manifest.items():
        yield from _same(folder, name, sha256, tally)
    tally.contracts = _number(read_info(folder).get("Crm-Bridge-Count", ""))
    tally.attachments = _number(read_info(folder).get("Crm-Bridge-Attachments", ""))


def _number(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,12}", text) else 0


def _same(folder: Path, name: str, sha256: str, tally: _SetTally) -> Iterator[VaultFinding]:
    try:
        found, size = digest_of_file(folder / name)
    except FileNotFoundError:
        yield VaultFinding("missing", name, _("{name} is missing").format(name=name))
        return
    except (OSError, BackupError):
        yield _changed(name)
        return
    tally.bytes += size
    if found != sha256:
        yield _changed(name)


def _changed(name: str) -> VaultFinding:
    return VaultFinding("changed", name, _("{name} is not what was written").format(name=name))


def _inside(
    folder: Path, manifest: dict[str, str], master: Identity | None, tally: _SetTally
) -> Iterator[VaultFinding]:
    """Decrypt everything and compare it with the sealed header and the sealed indexes."""
    try:
        if master is None:
            raise BackupError(_("the key of the backups is not in the keyring of this computer"), reason="no_key")
        opened = BackupSet(folder, master=master)
    except BackupError as error:
        yield VaultFinding("key" if error.reason in {"no_key", "key_slot"} else "undecipherable", "", error.message)
        yield from _outside(folder, manifest, tally)
        return
    accounted, unread = {HEADER, SCHEMA}, False
    tally.bytes += (folder / HEADER).stat().st_size
    yield from _decrypted(opened, [(SCHEMA, opened.header.schema)], manifest, tally)
    for number, batch in enumerate(opened.header.batches):
        accounted.add(batch.file)
        yield from _listed(batch.file, batch.sealed, manifest)
        try:
            rows = opened.batch(number).rows
        except BackupError as error:
            yield VaultFinding("undecipherable", batch.file, error.message)
            unread = True
            continue
        tally.bytes += batch.sealed.bytes
        tally.contracts += len(rows)
        tally.hashes.extend(id_hash(row.ref.id) for row in rows)
        files = [(file.file, file.sealed) for row in rows for file in row.files]
        accounted.update(name for name, _sealed in files)
        tally.attachments += len(files)
        yield from _decrypted(opened, files, manifest, tally)
    left = sorted(manifest.keys() - accounted)
    if unread:
        # Whose files these are stands in a batch that cannot be read: only the manifest can speak for them.
        for name in left:
            yield from _same(folder, name, manifest[name], tally)
        return
    yield from _totals(opened, tally)
    for name in left:
        yield VaultFinding("extra", name, _("{name} does not belong to the set").format(name=name))


def _listed(name: str, sealed: Sealed, manifest: dict[str, str]) -> Iterator[VaultFinding]:
    if manifest.get(name) != sealed.sha256:
        yield VaultFinding("changed", name, _("{name} is not the file that the manifest lists").format(name=name))


def _decrypted(
    opened: BackupSet, files: Sequence[tuple[str, Sealed]], manifest: dict[str, str], tally: _SetTally
) -> Iterator[VaultFinding]:
    """Read files back and decrypt them, two at a time: one is hashed while the other is decrypted."""
    results = ordered_map(lambda file: _measured(opened, file[0]), files, threads=2, waiting=2)
    for (name, expected), result in zip(files, results, strict=True):
        yield from _listed(name, expected, manifest)
        if isinstance(result, VaultFinding):
            yield result
            continue
        tally.bytes += result.bytes
        if result != expected:
            yield _changed(name)


def _measured(opened: BackupSet, name: str) -> Sealed | VaultFinding:
    try:
        return measure(opened.path / name, identity=opened.identity, name=name)
    except BackupError as error:
        return VaultFinding("undecipherable", name, error.message)


def _totals(opened: BackupSet, tally: _SetTally) -> Iterator[VaultFinding]:
    header = opened.header
    if (tally.contracts, tally.attachments) != (header.count, header.attachments):
        yield VaultFinding(
            "count",
            HEADER,
            _("the set names {said} contracts and {files} attachments, {found} and {found_files} were read").format(
                said=header.count, files=header.attachments, found=tally.contracts, found_files=tally.attachments
            ),
        )
        return
    for record_id in _duplicates(opened, tally.hashes):
        yield VaultFinding("duplicate", HEADER, _("contract {contract} is in the set twice").format(contract=record_id))


def _duplicates(opened: BackupSet, hashes: array[int]) -> list[str]:
    """Return ids that occur twice. Only ids whose hashes meet are ever held together."""
    shared = {left for left, right in pairwise(sorted(hashes)) if left == right}
    if not shared:
        return []
    ids = Counter(entry.ref.id for entry in opened.entries() if id_hash(entry.ref.id) in shared)
    return sorted(record_id for record_id, count in ids.items() if count > 1)
