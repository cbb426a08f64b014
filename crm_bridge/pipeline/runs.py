"""Runs: begun, ended, found again. A run is remembered only in the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_bridge import failpoints
from crm_bridge.clock import new_id
from crm_bridge.domain.absence import Claim
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.lifecycle import FINAL, State, Status
from crm_bridge.domain.planning.confirmation import ConfirmedPlan
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.errors import ConfirmationError, CrmBridgeError, JournalBusyError, UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import Entry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.entries import RUN_END, RUN_START, RunRef, run_entry
from crm_bridge.pipeline.planning.plan_file import PlanFile
from crm_bridge.pipeline.planning.policing import policy_facts
from crm_bridge.pipeline.receipt_lines import ReceiptLines, seal_of
from crm_bridge.pipeline.run_log import RunLog, VerifiedRun, steps_of
from crm_bridge.pipeline.settling.absence import UNPROVEN

_OUTSIDE_NAMED = 100


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run as a whole, as journaled."""

    ref: RunRef
    """Run id, plan digest and connection."""
    started: str
    """ISO 8601, UTC."""
    start_seq: int
    """Number of its first entry in the journal."""
    confirmed_by: str
    """The operating system user who confirmed."""
    confirmed_how: str
    """`phrase` or `digest`."""
    module: str
    """The vendor's name of the module or object."""
    org: str
    """The id of the organisation."""
    system: str
    """The adapter."""
    step: str
    """`trash` or `purge`."""
    count: int
    """Contracts in its plan."""
    end_seq: int | None = None
    """Number of its last entry; None while it has not ended."""
    complete: bool = False
    """Whether nothing is left to do or to settle."""
    outside: int | None = None
    """Contracts that our user deleted while the run lasted, and no run of this journal; None where nobody tells."""
    outside_ids: tuple[str, ...] = ()
    """The first of them."""

    @property
    def id(self) -> str:
        """Return the run's id."""
        return self.ref.id


def all_runs(journal: Journal) -> Iterator[RunInfo]:
    """Return every run, oldest first; a later end of the same run replaces an earlier one."""
    ends = {entry.run: entry for entry in journal.entries(op=RUN_END)}
    for entry in journal.entries(op=RUN_START):
        yield _info(entry, ends.get(entry.run))


def _info(start: Entry, end: Entry | None) -> RunInfo:
    body = start.body
    found = end.body.get("outside") if end else None
    outside = found if isinstance(found, dict) else {}
    return RunInfo(
        RunRef(start.run, start.plan, str(body.get("connection", ""))),
        start.ts,
        start.seq,
        str(body.get("confirmed_by", "")),
        str(body.get("confirmed_how", "")),
        start.module,
        start.org,
        start.system,
        str(body.get("step", "")),
        _whole(body, "count"),
        end.seq if end else None,
        bool(end and end.body.get("complete")),
        outside.get("count"),
        tuple(outside.get("ids", ())),
    )


def _whole(body: Mapping[str, JsonValue], key: str) -> int:
    value = body.get(key)
    return value if isinstance(value, int) else 0


def find_run(journal: Journal, run_id: str | None = None) -> RunInfo:
    """Return a run by id (or an unambiguous beginning of it), or the last one. Raises UsageError."""
    found = [run for run in all_runs(journal) if run_id is None or run.id.startswith(run_id.upper())]
    if not found:
        raise UsageError(
            _("there is no run {id} in this journal").format(id=run_id) if run_id else _("there is no run yet"),
            reason="unknown_run",
            hint=_("list the runs with `crm-bridge status --runs`"),
        )
    if run_id and len(found) > 1:
        raise UsageError(_("{id} is the beginning of several runs").format(id=run_id), reason="ambiguous_run")
    return found[-1]


def run_of_plan(journal: Journal, digest: str) -> RunInfo | None:
    """Return the run that carries out a plan, if there is one: a plan is used once."""
    starts = list(journal.entries(op=RUN_START, plan=digest))
    if not starts:
        return None
    ends = list(journal.entries(op=RUN_END, run=starts[0].run))
    return _info(starts[0], ends[-1] if ends else None)


def run_for(context: RunContext, confirmed: ConfirmedPlan) -> tuple[RunRef, bool]:
    """Return the run that carries a plan out, and whether it is new. Refuses a used plan; journals nothing."""
    known = run_of_plan(context.journal, confirmed.plan.digest)
    if known and known.complete:
        raise ConfirmationError(
            _("this plan was already carried out in run {run}").format(run=known.id),
            reason="plan_used",
            hint=_("plan again; see what was done with `crm-bridge status {run}`").format(run=known.id),
        )
    if known:
        return known.ref, False
    return RunRef(new_id(context.clock, context.randomness), confirmed.plan.digest, context.connection), True


def lease_targets(context: RunContext, run: RunRef, file: PlanFile) -> None:
    """Reserve every contract of the plan for this run. Raises JournalBusyError naming how many others hold.

    Before the run's first entry: a run that could not begin leaves nothing behind that a resume would find.
    """
    with failpoints.step("lease"):
        held = context.journal.lease(run.id, context.system, context.profile.org_id, (t.ref.id for t in file.targets()))
    if held:
        raise JournalBusyError(
            _("{count} contracts of this plan belong to another run that is not finished, first {id}").format(
                count=len(held), id=held[0]
            ),
            reason="record_leased",
            hint=_("finish or resume that run first: `crm-bridge status --runs`"),
        )


def begin_run(context: RunContext, confirmed: ConfirmedPlan, run: RunRef, approvals: list[JsonValue]) -> None:
    """Journal the start of a new run: who confirmed what, how, until when it holds, and which keys approved it."""
    plan, said = confirmed.plan, confirmed.confirmation
    body: dict[str, JsonValue] = {
        "count": plan.count,
        "step": plan.head.step.value,
        "confirmed_by": said.by,
        "confirmed_how": said.how,
        "confirmed_at": said.at.isoformat(timespec="milliseconds"),
        "expires_at": plan.head.expires_at.isoformat(timespec="milliseconds"),
        "approvals": approvals,
        **policy_facts(context.journal, plan.notes),
    }
    with failpoints.step("run.start"):
        context.journal.append([run_entry(context, run, RUN_START, body)])


def end_run(verified: VerifiedRun, *, outside: Sequence[str] | None = None) -> Entry:
    """Journal the end of a run (or of this part of it), with the seal of its receipt's lines.

    `outside` is what our user deleted beside the plan meanwhile, where that is known.
    """
    backed_up = verified.run.backed_up
    log, plan = backed_up.log, backed_up.plan
    log.context.journal.append(())  # the receipt reads what the journal says
    halted = verified.halted.reason if isinstance(verified.halted, CrmBridgeError) else ""
    statuses, counts = log.statuses.counts(plan.count), Counter[str]()
    for status, number in statuses.items():
        counts[status.outcome.value] += number
    complete = not halted and all(is_final(status, plan) for status in statuses)
    complete = complete and not any(is_open(log, record_id) for record_id in log.ids_in((State.RESISTED, State.HELD)))
    body: dict[str, JsonValue] = {
        "complete": complete,
        "step": steps_of(plan)[-1].value,
        "counts": dict(sorted(counts.items())),
        "receipt": seal_of(ReceiptLines(log.context.journal, log.run.id, numbers=log.statuses.numbers)),
    }
    if halted:
        body["halted"] = halted
    if outside is not None:
        body["outside"] = {"count": len(outside), "ids": [*outside[:_OUTSIDE_NAMED]]}
    if log.context.journal.pin_stale:
        # The tail since the last pin is protected by receipts and kept checkpoints only: whoever reads this knows.
        body["pin_stale"] = True
    with failpoints.step("run.end"):
        (entry,) = log.context.journal.append([run_entry(log.context, log.run, RUN_END, body)])
    return entry


def is_open(log: RunLog, record_id: str) -> bool:
    """Return whether a resume must look again: at what could not be seen, or a lost request may still reach."""
    status = log.status(record_id)
    lost = status.state is State.RESISTED and log.claim(record_id, status.step) is Claim.LOST
    return lost or (status.state is State.HELD and status.reason in UNPROVEN)


def is_final(status: Status, plan: DeletionPlan) -> bool:
    """Return whether a resume would leave this contract alone."""
    if status.state is State.VERIFIED:
        return status.step is steps_of(plan)[-1]
    return status.state in FINAL
