"""Rehearse the way back: when it is due, from which backup set, and what the journal keeps of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from crm_bridge import failpoints
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import BackupError, NothingMatchedError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.deleting.saving import save_refs
from crm_bridge.pipeline.planning.plan_file import PlanFile
from crm_bridge.pipeline.restoring.staging import (
    BLOCKED,
    IMPOSSIBLE,
    LEFT_OUT,
    Rehearsal,
    Stage,
    rehearsed,
)
from crm_bridge.pipeline.run_log import BackedUpPlan, RunLog

REHEARSED = "plan.rehearsed"
SAMPLE = 50
"""Plans of so many contracts are rehearsed whole, larger ones with so many drawn at random."""


def rehearse(context: RunContext, file: PlanFile, stage: Stage) -> Rehearsal:
    """Save a set for the plan's sample, kept until the plan expires, rehearse from it, and journal what it showed."""
    try:
        expires = file.plan.head.expires_at.date()
        saved = save_refs(context, _sample(file), keep_until=expires, plan=file.plan.digest)
    except (NothingMatchedError, BackupError) as problem:
        # What cannot be saved is held by the run itself: no reason to refuse the plan, and nothing to rehearse with.
        found = Rehearsal(IMPOSSIBLE, file.plan.count, not_covered=(problem.reason or type(problem).__name__,))
    else:
        copies = list(context.vault.open(saved.set_id).snapshots())
        unsaved = tuple(one.reason for one in saved.unsaved)
        found = replace(rehearsed(context, file, stage, copies, unsaved), set_id=saved.set_id)
    _note(context, file, found)
    return found


def rehearse_backup(log: RunLog, file: PlanFile, stage: Stage) -> None:
    """Rehearse a plan again from its run's own backups. Raises BackupError where they do not bring back enough."""
    context = log.context
    if any(e.body.get("result") != BLOCKED for e in context.journal.entries(op=REHEARSED, run=log.run.id)):
        return
    copies = []
    for ref in _sample(file):
        try:
            copies.append(log.backup_set(log.backup_of(ref.id).set_id).snapshot(ref.id))
        except BackupError:
            # Held without a backup, so it will not be deleted; a damaged one is found at the gate.
            continue
    found = rehearsed(context, file, stage, copies, ())
    _note(context, file, found, run=log.run.id)
    if found.result == BLOCKED:
        raise blocked(found.blocking)


def leave_out(context: RunContext, file: PlanFile) -> None:
    """Journal that a plan is not to be rehearsed, so that its run does not do it either."""
    _note(context, file, Rehearsal(LEFT_OUT, file.plan.count))


def rehearse_when_due(backed_up: BackedUpPlan, stage: Callable[[], Stage]) -> None:
    """Rehearse a run's backups where its plan, or its size, asks for it; `stage` builds the stand-in then."""
    log, file = backed_up.log, backed_up.file
    if is_due(log.context.journal, file, above=log.context.rules.rehearse_above):
        rehearse_backup(log, file, stage())


def is_due(journal: Journal, file: PlanFile, *, above: int) -> bool:
    """Return whether a run of the plan rehearses: as the plan was, else when it has more than `above` contracts."""
    known = list(journal.entries(op=REHEARSED, plan=file.plan.digest))
    return known[-1].body.get("result") != LEFT_OUT if known else file.plan.count > above


def check_rehearsed(journal: Journal, digest: str) -> None:
    """Raise BackupError when the last rehearsal of a plan showed that a restore would not keep its promises."""
    found = list(journal.entries(op=REHEARSED, plan=digest))
    if found and found[-1].body.get("result") == BLOCKED:
        raise blocked(tuple(str(name) for name in found[-1].body.get("blocking", ())))


def blocked(names: Sequence[str]) -> BackupError:
    """Return the error that a blocking rehearsal is."""
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return BackupError(
        _("in the rehearsal a restore did not bring back what the plan promises: {what}").format(what=shown),
        reason="rehearsal_blocked",
        hint=_("nothing was deleted; look at the differences with `crm-bridge plan ... --rehearse --json`"),
    )


def _sample(file: PlanFile) -> Iterator[ContractRef]:
    """Yield all contracts of a small plan, else a sample drawn by the plan's digest: always the same one."""
    count = file.plan.count
    chance = random.Random(file.plan.digest)  # noqa: S311 - to be the same again, not to be unknown
    return (file.target(index).ref for index in sorted(chance.sample(range(count), min(count, SAMPLE))))


def _note(context: RunContext, file: PlanFile, found: Rehearsal, run: str = "") -> None:
    body = {"connection": context.connection, **found.as_json()}
    entry = context.entry(REHEARSED, body, plan=file.plan.digest, run=run)
    # What a run waits for nothing more after is written with its first intents.
    write = context.journal.defer if run and found.result != BLOCKED else context.journal.append
    with failpoints.step("rehearsal.journal"):
        write([entry])
