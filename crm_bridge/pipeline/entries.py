"""Journal entries of a run: how an event of one contract is written down, and read back as where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Event, Evidence, Happening, Standing, advance
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.entry import Draft, Entry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.desk import Desk

RUN_START = "run.start"
RUN_END = "run.end"
PLAN_MADE = "plan.made"
RESTORE_START = "restore.start"


def op_of(event: Event) -> str:
    """Return the entry's `op`: outcomes share one op each, so that an open intent is easy to see."""
    for family in ("restore.outcome", "outcome"):
        if event.value.startswith(family + "."):
            return family
    return event.value


@dataclass(frozen=True, slots=True)
class RunRef:
    """One run: its id and the plan that it carries out."""

    id: str
    plan: str
    connection: str


def record_entry(
    desk: Desk,
    run: RunRef,
    module: str,
    record_id: str,
    happening: Happening,
    extra: Mapping[str, JsonValue] | None = None,
) -> Draft:
    """Write one event of one contract. The body holds codes, ids and digests; never names or amounts."""
    body: dict[str, JsonValue] = {"event": happening.event.value, "step": happening.step.value}
    if happening.evidence:
        body["evidence"] = happening.evidence.value
    if happening.reason:
        body["reason"] = happening.reason.value
    if happening.code:
        body["code"] = happening.code
    body.update(extra or {})
    return Draft(
        op=op_of(happening.event),
        system=desk.system,
        org=desk.profile.org_id,
        module=module,
        record_id=record_id,
        plan=run.plan,
        run=run.id,
        attempt=happening.attempt,
        crm_user=desk.profile.user_id,
        body=body,
    )


def run_entry(desk: Desk, run: RunRef, op: str, body: Mapping[str, JsonValue]) -> Draft:
    """Write something about the run as a whole."""
    return Draft(
        op=op,
        system=desk.system,
        org=desk.profile.org_id,
        module=desk.profile.module,
        plan=run.plan,
        run=run.id,
        crm_user=desk.profile.user_id,
        body={"connection": run.connection, **body},
    )


def happening_of(entry: Entry) -> Happening | None:
    """Read an event of one contract back; None for entries about anything else."""
    name = entry.body.get("event")
    if not isinstance(name, str) or not entry.record_id:
        return None
    evidence = entry.body.get("evidence")
    return Happening(
        Event(name),
        Step(str(entry.body.get("step", Step.TRASH.value))),
        entry.attempt,
        Evidence(evidence) if isinstance(evidence, str) else None,
        _reason_of(entry),
        str(entry.body.get("code", "")),
        entry.seq,
    )


def _reason_of(entry: Entry) -> Reason | None:
    word = entry.body.get("reason")
    reason = Reason.of_word(word)
    if word is not None and reason is None:
        # What is not understood may decide what is done next.
        raise JournalError(
            _("entry {seq} gives a reason that this version does not know").format(seq=entry.seq),
            reason="unknown_reason",
            hint=_("use the version of crm-bridge that wrote it, or a newer one"),
        )
    return reason


def standings(journal: Journal, run: str) -> dict[str, Standing]:
    """Return where every contract of a run stands, by record id: the fold over the run's entries."""
    found: dict[str, Standing] = {}
    for entry in journal.entries(run=run):
        if happening := happening_of(entry):
            found[entry.record_id] = advance(found.get(entry.record_id, Standing()), happening)
    return found


def first_intents(journal: Journal, run: str) -> dict[str, datetime]:
    """Return when the first intent of each contract was journaled: deletions before that are not ours."""
    found: dict[str, datetime] = {}
    for entry in journal.entries(run=run, op=Event.INTENDED.value):
        found.setdefault(entry.record_id, datetime.fromisoformat(entry.ts))
    return found


def entries_of(journal: Journal, run: str, record_id: str) -> Iterator[Entry]:
    """Return the entries of one contract in one run, in order."""
    return (entry for entry in journal.entries(record_id=record_id) if entry.run == run)
