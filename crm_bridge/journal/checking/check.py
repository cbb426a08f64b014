"""`journal check`: recompute a journal or an export and compare it with everything that is known about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.checking import sources
from crm_bridge.journal.checking.external_evidence import EvidenceCheck, ExternalEvidence, ReceiptFile
from crm_bridge.journal.checking.findings import CheckCode, FindingCollector, JournalFindings
from crm_bridge.journal.checking.recompute import Recomputation
from crm_bridge.journal.format.merkle import EMPTY_ROOT
from crm_bridge.journal.format.note import NoteError, VerifierKey
from crm_bridge.journal.pin import Pin
from crm_bridge.journal.storage import database


def check_journal(
    source: Path,
    *,
    vkeys: Sequence[str] = (),
    pin: Pin | None = None,
    checkpoints: Sequence[str] = (),
    receipts: Sequence[str | bytes | ReceiptFile] = (),
) -> JournalFindings:
    """Read a state directory, a journal file (`*.sqlite3`) or an export from end to end and return what is wrong.

    `vkeys` are the public keys that the caller trusts; without any, the keys that the journal names are taken as they
    are, and a journal rewritten under another key passes (`key_was_given` says so). `checkpoints` are note texts,
    `receipts` DSSE envelopes as JSON. Raises JournalError only when there is nothing to read.
    """
    found = FindingCollector()
    evidence_check = EvidenceCheck(ExternalEvidence(pin, checkpoints, receipts), found)
    trusted = _parse_keys(vkeys)
    try:
        return _check_source(source, found, evidence_check, trusted, pin=pin, given=bool(vkeys))
    except JournalError as error:
        if error.reason not in ("journal_damaged", "setting_refused"):
            raise
        found.add(CheckCode.ALTERED, str(source), error.message)
        return JournalFindings("", 0, EMPTY_ROOT, (), tuple(found.items), (), bool(vkeys))


def _check_source(
    source: Path,
    found: FindingCollector,
    evidence_check: EvidenceCheck,
    trusted: Sequence[VerifierKey],
    *,
    pin: Pin | None,
    given: bool,
) -> JournalFindings:
    with _open(source, pin) as opened:
        if opened is None:
            found.add(CheckCode.SHORTER, _("pin"), _("it speaks of a journal, and there is none"))
            return JournalFindings("", 0, EMPTY_ROOT, (), tuple(found.items), (), given)
        return _check(opened, found, evidence_check, trusted, given=given)


def check_receipt(receipt: str | bytes | ReceiptFile, *, vkeys: Sequence[str]) -> JournalFindings:
    """Check a receipt without the journal: both signatures, the proof of the quoted entry, and its lines.

    The lines are compared where the file with them is at hand; one contract's line is proven by the receipt itself.
    Needs at least one key.
    """
    found = FindingCollector()
    trusted = _parse_keys(vkeys)
    origin = EvidenceCheck(ExternalEvidence(receipts=(receipt,)), found).judge_alone(trusted)
    keys = tuple(str(key) for key in trusted)
    return JournalFindings(origin, 0, EMPTY_ROOT, keys, tuple(found.items), (), bool(vkeys))


class _Input:
    """An open source: its header, its records, and the file where it has one."""

    def __init__(self, source: Path, db: sqlite3.Connection | None) -> None:
        self.source = source
        self.db = db
        self.present: sources.FileState | None = None

    @contextmanager
    def read(self) -> Iterator[tuple[sources.JournalHeader, Iterator[sources.Record]]]:
        if self.db is not None:
            header = sources.read_database_header(self.db)
            self.present = sources.read_present(self.db)
            yield header, sources.read_database_records(self.db, size=self.present.size)
            return
        with self.source.open("rb") as lines:
            yield sources.read_export_header(lines), sources.read_export_records(lines)


@contextmanager
def _open(source: Path, pin: Pin | None) -> Iterator[_Input | None]:
    path = sources.find_database(source)
    missing = not (path or source).is_file()
    if missing and path is not None and pin is not None and pin.size:
        yield None
    elif missing:
        raise JournalError(
            _("there is no journal at {path}").format(path=path or source),
            reason="no_journal",
            hint=_("give a state directory, a journal file or an export"),
        )
    elif path is None:
        yield _Input(source, None)
    else:
        with closing(database.connect(path, read_only=True)) as db:
            yield _Input(path, db)


def _check(
    opened: _Input,
    found: FindingCollector,
    evidence_check: EvidenceCheck,
    trusted: Sequence[VerifierKey],
    *,
    given: bool,
) -> JournalFindings:
    recomputed: Recomputation | None = None
    header = sources.JournalHeader("", "")
    try:
        with opened.read() as (header, records):
            recomputed = Recomputation(header, found, sizes=evidence_check.sizes(), indexes=evidence_check.indexes())
            for record in records:
                recomputed.feed(record)
            recomputed.finish()
            if opened.present is not None:
                _check_derived(opened.present, recomputed, found)
            _check_trust(recomputed, header.origin, trusted, found, given=given)
            evidence_check.judge(recomputed, uuid=header.uuid, origin=header.origin, trusted=trusted)
    except sources.SourceError as broken:
        found.add(CheckCode.ALTERED, broken.where, broken.what)
    intents = recomputed.open_intents() if recomputed else ()
    for intent in intents:
        found.add(
            CheckCode.OPEN_INTENTS,
            _("entry {seq}").format(seq=intent.seq),
            _("record {record}, attempt {attempt}: no outcome").format(record=intent.record_id, attempt=intent.attempt),
        )
    return JournalFindings(
        origin=header.origin,
        size=recomputed.size if recomputed else 0,
        root=recomputed.root if recomputed else EMPTY_ROOT,
        keys=tuple(str(key) for key in recomputed.keys) if recomputed else (),
        items=tuple(found.items),
        open_intents=intents,
        key_was_given=given,
    )


def _check_trust(
    recomputed: Recomputation, origin: str, trusted: Sequence[VerifierKey], found: FindingCollector, *, given: bool
) -> None:
    """Every trusted key of this journal must be one of its keys, and one of them must be there."""
    mine = [key for key in trusted if key.name == origin]
    if given and (not mine or any(key not in recomputed.keys for key in mine)):
        found.add(CheckCode.UNKNOWN_KEY, "", _("the journal is not signed by the given key"))


def _check_derived(present: sources.FileState, recomputed: Recomputation, found: FindingCollector) -> None:
    """Compare what the file keeps for speed with what follows from the entries."""
    if present.nodes != recomputed.nodes:
        found.add(CheckCode.ALTERED, database.FILE_NAME, _("stored tree nodes are not those of the entries"))
    if present.stray_lines:
        found.add(CheckCode.ALTERED, database.FILE_NAME, _("lines are stored that no entry announces"))


def _parse_keys(vkeys: Sequence[str]) -> list[VerifierKey]:
    try:
        return [VerifierKey.parse(vkey.strip()) for vkey in vkeys]
    except NoteError:
        raise JournalError(
            _("this is not a public journal key"), reason="bad_vkey", hint=_("write it as NAME+ID+BASE64")
        ) from None
