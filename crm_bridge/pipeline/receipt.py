"""Issue a receipt: read the run back from the journal, state it, sign it. Issued again, it says the same."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crm_bridge import failpoints
from crm_bridge.domain.lifecycle import Event
from crm_bridge.domain.receipt import ReceiptFacts, ReceiptLine, statement_bytes
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.entry import Entry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.entries import RUN_END, RUN_START, Fold, history
from crm_bridge.pipeline.runs import RunInfo


def issue_receipt(journal: Journal, run: RunInfo, *, record_id: str | None = None) -> dict[str, Any]:
    """Return the signed receipt of a run, or of one contract in it. Raises UsageError before the run's end."""
    ends = list(journal.entries(run=run.id, op=RUN_END))
    if not ends:
        raise UsageError(
            _("run {run} has not ended yet").format(run=run.id),
            reason="run_not_ended",
            hint=_("finish it with `crm-bridge resume {run}`").format(run=run.id),
        )
    end = ends[-1]
    lines = _lines(journal, run.id, until=end.seq)
    if record_id is not None:
        if record_id not in lines:
            raise UsageError(_("{id} is not in run {run}").format(id=record_id, run=run.id), reason="unknown_record")
        lines = {record_id: lines[record_id]}
    return journal.sign_receipt(statement_bytes(_facts(journal, run, end), list(lines.values())))


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
        complete=bool(end.body["complete"]),
        entry=end.seq,
        inclusion=journal.prove(end.seq).text(),
        entry_text=end.raw.decode(),
    )


def _lines(journal: Journal, run: str, *, until: int) -> dict[str, ReceiptLine]:
    lines: dict[str, ReceiptLine] = {}
    fold = Fold()
    # Times, sets and control records are the same for many contracts: each text is kept once.
    shared: dict[str, str] = {}
    for told in history(journal, run):
        if told.entry.seq > until:
            break
        record_id, event = told.line.record_id, told.happening.event
        fold.take(record_id, told.happening)
        after = fold.standings[record_id]
        line = lines.get(record_id, ReceiptLine(record_id, "", None, 0))
        lines[record_id] = replace(
            line,
            outcome=after.outcome.value,
            evidence=after.evidence.value if after.evidence else None,
            attempts=line.attempts + (event is Event.INTENDED),
            reason=after.reason.value if after.reason else "",
            code=after.code,
            **{
                name: text if name in _OWN else shared.setdefault(text, text)
                for name, text in _moments(told.entry.ts, told.line.facts, event).items()
            },
        )
    return lines


_OWN = frozenset({"backup_file", "backup_sha256"})
"""Texts that no two contracts have in common."""


def _moments(ts: str, facts: Mapping[str, Any], event: Event) -> Mapping[str, str]:
    if event is Event.BACKED_UP:
        return {
            "backup_set": str(facts["set"]),
            "backup_file": str(facts["file"]),
            "backup_sha256": str(facts["sha256"]),
        }
    if event is Event.INTENDED:
        return {"intent_at": ts}
    if event.value.startswith(("outcome.", "reconcile.")):
        return {"answered_at": ts}
    if event.value.startswith("verify."):
        return {"seen_at": ts, "control": str(facts.get("control", ""))}
    return {}


def write_receipt(folder: Path, run: str, envelope: Mapping[str, Any]) -> Path:
    """Keep a receipt in the state directory, 0600, replacing an earlier issue of the same run."""
    path = folder / f"{run}.receipt.json"
    part = folder / f".{run}.part"
    with failpoints.step("receipt"):
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
            json.dump(envelope, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    return path


def payload_of(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statement inside an envelope without believing it."""
    try:
        value = json.loads(base64.b64decode(envelope["payload"], validate=True))
    except (KeyError, TypeError, ValueError):
        raise UsageError(_("this is not a receipt"), reason="not_a_receipt") from None
    if not isinstance(value, dict):
        raise UsageError(_("this is not a receipt"), reason="not_a_receipt")
    return value
