"""Issue a receipt: read the run back from the journal, state it, sign it. Issued again, it says the same."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.receipt import ReceiptFacts, statement_bytes
from crm_bridge.errors import JournalError, UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.format.dsse import RECEIPT_TYPE
from crm_bridge.journal.format.entry import Entry
from crm_bridge.journal.format.merkle import inclusion_path, leaf_hash, range_hash_of
from crm_bridge.journal.format.note import encode64
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.entries import RUN_END, RUN_START, Fold, history, last_step
from crm_bridge.pipeline.receipt_lines import ReceiptLines, seal_of
from crm_bridge.pipeline.runs import RunInfo
from crm_bridge.spool import Spool


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    """A signed statement, and the lines of the contracts that it speaks of."""

    envelope: Mapping[str, Any]
    lines: Spool
    record_id: str | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines: of all contracts, or of the one that this receipt is about."""
        if self.record_id is None:
            return (line[:-1] for line in self.lines)
        return iter([json_line(self.envelope)])


def issue_receipt(
    journal: Journal, run: RunInfo, *, record_id: str | None = None, numbers: dict[str, int] | None = None
) -> IssuedReceipt:
    """Return the signed receipt of a run, or of one contract in it. Raises UsageError before the run's end.

    `numbers` are those of the run's contracts in columns, where somebody has them.
    """
    end = _end_of(journal, run.id)
    read, lines = ReceiptLines(journal, run.id, until=end.seq, numbers=numbers), Spool()
    if seal_of(lines.keep(line + b"\n")[:-1] for line in read) != end.body["receipt"]:
        raise JournalError(
            _("the entries of run {run} do not lead to the outcomes that its end sealed").format(run=run.id),
            reason="journal_unverified",
            hint=_("run `crm-bridge journal check`; only `journal check` and `journal export` work on it"),
        )
    contract = None if record_id is None else _contract(read.number_of(record_id), lines, run, record_id)
    envelope = journal.sign_receipt(statement_bytes(_facts(journal, run, end), contract))
    return IssuedReceipt(envelope, lines, record_id)


def _end_of(journal: Journal, run: str) -> Entry:
    ends = list(journal.entries(run=run, op=RUN_END))
    if not ends:
        raise UsageError(
            _("run {run} has not ended yet").format(run=run),
            reason="run_not_ended",
            hint=_("finish it with `crm-bridge resume {run}`").format(run=run),
        )
    return ends[-1]


def _contract(place: int | None, lines: Spool, run: RunInfo, record_id: str) -> dict[str, JsonValue]:
    """Return the line of one contract with the path from it to the root that the end of the run sealed."""
    if place is None:
        raise UsageError(_("{id} is not in run {run}").format(id=record_id, run=run.id), reason="unknown_record")
    leaves: list[bytes] = []
    wanted = b""
    for number, line in enumerate(lines):
        leaves.append(leaf_hash(line[:-1]))
        wanted = line[:-1] if number == place else wanted
    path: list[JsonValue] = [encode64(node) for node in inclusion_path(place, len(leaves), range_hash_of(leaves))]
    return {"line": wanted.decode(), "place": place, "path": path}


def _facts(journal: Journal, run: RunInfo, end: Entry) -> ReceiptFacts:
    start = next(iter(journal.entries(run=run.id, op=RUN_START)))
    body = start.body
    return ReceiptFacts(
        run=run.id,
        plan=run.ref.plan,
        connection=run.ref.connection,
        system=run.system,
        org=run.org,
        module=run.module,
        crm_user=start.crm_user,
        step=run.step,
        confirmed_by=str(body["confirmed_by"]),
        confirmed_how=str(body["confirmed_how"]),
        confirmed_at=str(body["confirmed_at"]),
        started_at=start.ts,
        ended_at=end.ts,
        policy={"digest": body["policy"], "raised": body["raised"], "released": body["released"]},
        approvals=body["approvals"],
        complete=bool(end.body["complete"]),
        counts=end.body["counts"],
        lines=end.body["receipt"],
        entry=end.seq,
        inclusion=journal.prove(end.seq).text(),
        entry_text=end.raw.decode(),
    )


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A contract of which a later entry of the journal says something else than the receipt."""

    record_id: str
    entry: int
    at: str
    said: str
    now: str


def withdrawn(journal: Journal, run: RunInfo) -> Iterator[Withdrawal]:
    """Yield the contracts whose outcome the journal tells otherwise since the run's receipt was sealed."""
    end = _end_of(journal, run.id).seq
    fold, before = Fold(last_step(journal, run.id)), dict[str, str]()
    last: dict[str, tuple[int, str]] = {}
    for told in history(journal, run.id):
        record_id = told.line.record_id
        if told.entry.seq > end:
            before.setdefault(record_id, fold.statuses[record_id].outcome.value if record_id in fold.statuses else "")
            last[record_id] = told.entry.seq, told.entry.ts
        fold.take(record_id, told.event)
    for record_id, (seq, at) in last.items():
        now = fold.statuses[record_id].outcome.value
        if before[record_id] not in ("", now):
            yield Withdrawal(record_id, seq, at, before[record_id], now)


def write_receipt(folder: Path, run: str, issued: IssuedReceipt) -> Path:
    """Keep a receipt in the state directory, 0600, its lines first, replacing an earlier issue of the same run."""
    path = folder / f"{run}.receipt.json"
    with failpoints.step("receipt"):
        write_lines(folder, issued)
        _replace(path, iter([envelope_text(issued.envelope)]))
    return path


def write_lines(folder: Path, issued: IssuedReceipt) -> Path:
    """Write the lines of a receipt under the name that its statement gives them."""
    path = folder / str(payload_of(issued.envelope)["subject"][0]["name"])
    _replace(path, (line + b"\n" for line in issued))
    return path


def is_receipt(file: BinaryIO) -> bool:
    """Return whether a file begins as receipts do."""
    return RECEIPT_TYPE.encode() in file.read(_BEGINNING)


_BEGINNING = 4096


def envelope_text(envelope: Mapping[str, Any]) -> bytes:
    """Return the envelope as the text of a file."""
    return json.dumps(envelope, indent=1).encode("ascii") + b"\n"


def _replace(path: Path, chunks: Iterator[bytes]) -> None:
    part = path.with_name(f".{path.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def payload_of(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statement inside an envelope without believing it."""
    try:
        value = json.loads(base64.b64decode(envelope["payload"], validate=True))
    except (KeyError, TypeError, ValueError):
        raise UsageError(_("this is not a receipt"), reason="not_a_receipt") from None
    if not isinstance(value, dict):
        raise UsageError(_("this is not a receipt"), reason="not_a_receipt")
    return value


def json_line(envelope: Mapping[str, Any]) -> bytes:
    """Return the line of the one contract that a receipt speaks of, without believing it. Raises UsageError."""
    try:
        return str(payload_of(envelope)["predicate"]["contract"]["line"]).encode()
    except (KeyError, TypeError):
        raise UsageError(_("this is not a receipt"), reason="not_a_receipt") from None
