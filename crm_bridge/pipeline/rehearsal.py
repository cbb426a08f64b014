"""Rehearse a restore: a sample is copied, created again in a stand-in with the live schema, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.comparison import Measured, measure
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.errors import BackupError, CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.journal.entry import Draft
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.desk import Desk, batches
from crm_bridge.pipeline.measuring import with_digest
from crm_bridge.pipeline.plan_file import PlanFile
from crm_bridge.spi.adapter import Adapter, Profile, RestoreItem, Verdict

REHEARSED = "plan.rehearsed"
PASSED, BLOCKED, IMPOSSIBLE = "passed", "blocked", "impossible"
SAMPLE = 3
POOL = 30
"""The richest contracts are looked for among so many, spread over the plan."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A stand-in that is ready: an adapter signed in to it, and what of the live schema it could not take over."""

    adapter: Adapter
    not_covered: tuple[str, ...] = ()


Stage = Callable[[Profile, Sequence[Snapshot]], AbstractContextManager[Staged | None]]
"""Builds a stand-in for a live module; None when the adapter's stand-in cannot take over a schema."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal showed. `blocking` are differences worse than the plan's forecast; they close the gate."""

    result: str
    contracts: int = 0
    fields: int = 0
    rows: int = 0
    files: int = 0
    files_equal: int = 0
    blocking: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    """Fields and modules that the stand-in does not have: nothing is said about them."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON: names and counts, no values."""
        blocking: list[JsonValue] = list(self.blocking)
        not_covered: list[JsonValue] = list(self.not_covered)
        return {
            "result": self.result,
            "contracts": self.contracts,
            "fields": self.fields,
            "rows": self.rows,
            "files": self.files,
            "files_equal": self.files_equal,
            "blocking": blocking,
            "not_covered": not_covered,
        }


def rehearse(desk: Desk, file: PlanFile, stage: Stage) -> Rehearsal:
    """Rehearse the way back that always has to work, re-creation from a copy, and journal what it showed."""
    sample = list(_richest(desk, file))
    with stage(desk.profile, sample) as staged:
        found = Rehearsal(IMPOSSIBLE) if staged is None else _try(file, sample, staged)
    with failpoints.step("rehearsal.journal"):
        desk.journal.append([_entry(desk, file, found)])
    return found


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


def _richest(desk: Desk, file: PlanFile) -> Iterator[Snapshot]:
    """Copy some contracts, spread over the plan, and return those with the most files and parts."""
    step = max(1, file.plan.count // POOL)
    refs = [target.ref for number, target in enumerate(file.targets()) if number % step == 0][:POOL]
    copies = []
    for batch in batches(refs, desk.profile.limits.snapshot_batch):
        copies += [copy for copy in desk.adapter.snapshot(batch) if isinstance(copy, Snapshot)]
    copies.sort(key=lambda copy: (-len(copy.attachments), -sum(len(part.raw) for part in copy.parts)))
    for copy in copies[:SAMPLE]:
        yield replace(copy, attachments=tuple(with_digest(one) for one in copy.attachments))


def _try(file: PlanFile, sample: Sequence[Snapshot], staged: Staged) -> Rehearsal:
    promises = file.plan.head.forecast.promises(Route.RECREATE)
    blocking: dict[str, None] = {}
    done: list[Measured] = []
    for number, before in enumerate(sample):
        marker = f"crm-bridge-rehearsal-{number:09d}"
        try:
            item = RestoreItem(before.ref, marker, before, relink=False)
            (answer,) = staged.adapter.bring_back(Route.RECREATE, [item])
            after = _again(staged.adapter, answer.new_ref) if answer.new_ref else None
        except CrmBridgeError as problem:
            blocking[problem.reason] = None
            continue
        if answer.verdict is not Verdict.DONE or after is None:
            blocking[answer.reason or "not_restored"] = None
            continue
        found = measure(before, after, promises=promises, ids=answer.ids, marker=marker)
        done.append(found)
        blocking.update((one.name, None) for one in found.surprises if one.name not in staged.not_covered)
    return Rehearsal(
        BLOCKED if blocking else PASSED,
        len(sample),
        sum(one.fields for one in done),
        sum(one.rows for one in done),
        sum(one.files for one in done),
        sum(one.files_equal for one in done),
        tuple(blocking),
        staged.not_covered,
    )


def _again(adapter: Adapter, ref: ContractRef) -> Snapshot | None:
    for copy in adapter.snapshot([ref]):
        if isinstance(copy, Snapshot):
            return replace(copy, attachments=tuple(with_digest(one) for one in copy.attachments))
    return None


def _entry(desk: Desk, file: PlanFile, found: Rehearsal) -> Draft:
    return Draft(
        op=REHEARSED,
        system=desk.system,
        org=desk.profile.org_id,
        module=desk.profile.module,
        plan=file.plan.digest,
        crm_user=desk.profile.user_id,
        body={"connection": desk.connection, **found.as_json()},
    )
