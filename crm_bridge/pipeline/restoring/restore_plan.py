"""Plan a restore: look where each contract is, refuse what is in doubt, choose the way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from crm_bridge import failpoints
from crm_bridge.domain.absence import Author, Claim
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import State
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import CrmBridgeError, GuardError, InDoubtError
from crm_bridge.i18n import _
from crm_bridge.pipeline.context import RunContext, batches
from crm_bridge.pipeline.planning.plan_file import open_plan
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from crm_bridge.pipeline.restoring.ways_back import Earlier, WayBack
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.pipeline.runs import RunInfo
from crm_bridge.pipeline.settling.absence import author_of
from crm_bridge.pipeline.settling.doubt import LATE, doubtful_records
from crm_bridge.spi.adapter import LookDepth, Whereabouts

RESTORABLE = frozenset(
    {
        State.DONE,
        State.VERIFIED,
        State.UNVERIFIED,
        State.REAPPEARED,
        State.RESTORE_IN_DOUBT,
        State.RESTORING,
        State.RESTORED,
    }
)
REFUSED = (State.RESISTED, State.REFUSED)
"""Nothing was seen to be done; what lies in the bin by our user all the same is ours to restore."""
ONLY_WHEN_NAMED = frozenset({State.ABSENT, State.UNATTRIBUTED, State.HELD, *REFUSED})


def check_tenant(context: RunContext, info: RunInfo) -> None:
    """Raise GuardError unless the connection leads to the organisation and module from which the run deleted."""
    if (info.system, info.org, info.module) != (context.system, context.profile.org_id, context.profile.module):
        raise GuardError(
            _("run {run} deleted from organisation {org}, module {module}; {name} leads elsewhere").format(
                run=info.id, org=info.org, module=info.module, name=context.connection
            ),
            reason="other_tenant",
            hint=_("use a connection to that organisation"),
        )


def restorable(log: RunLog) -> list[str]:
    """Return the ids of what the run removed, or may have removed: asked for, and not answered with "not there".

    A contract whose purge was held is in the bin since the step before.
    """
    halfway = [i for i in log.ids_in((State.HELD, *REFUSED)) if log.status(i).step is Step.PURGE]
    asked = [i for i in log.ids_in(REFUSED) if i not in halfway and _may_be_ours(log, i)]
    return [*log.ids_in(RESTORABLE), *halfway, *asked]


def _may_be_ours(log: RunLog, record_id: str) -> bool:
    return log.claim(record_id, Step.TRASH).may_have_acted and log.others.of(record_id) is not Claim.DONE


def plan_restore(log: RunLog, record_ids: Collection[str] | None = None) -> Iterator[RestoreStep]:
    """Look where each contract is and say which way back there is, in the order of the plan.

    Contracts that a person named come back whoever deleted them; without names it is all that the run removed.
    Raises InDoubtError, before anything is looked for, where one of them is in doubt.
    """
    named = record_ids is not None
    removed = set(restorable(log))
    _refuse_doubt(log, chain(removed, log.ids_in(LATE)) if record_ids is None else record_ids)
    if record_ids is not None:
        removed = removed.union(log.ids_in(ONLY_WHEN_NAMED)).intersection(record_ids)
    return (step for step, seen in _steps(log, _numbered(log, removed), {}) if named or _is_offered(log, seen))


def plan_again(log: RunLog, refused: Iterable[RestoreStep]) -> Iterator[RestoreStep]:
    """Look again for what the bin did not give back, and say what is left to do; nothing but to tell the refusal."""
    steps = {step.ref.id: step for step in refused}
    said = {key: step.reason for key, step in steps.items()}
    for found, _seen in _steps(log, ((key, step.number) for key, step in steps.items()), said):
        yield steps[found.ref.id] if found.reason is Reason.PERMISSION else found


def _steps(
    log: RunLog, wanted: Iterable[tuple[str, str]], said: Mapping[str, Reason | None]
) -> Iterator[tuple[RestoreStep, Whereabouts]]:
    context, earlier = log.context, Earlier.read(log.context)
    for batch in batches(wanted, context.profile.limits.locate_batch):
        ids = [record_id for record_id, _number in batch]
        copies = [earlier.copies[i] for i in ids if i in earlier.copies]
        refs = [ContractRef(context.profile.module, i) for i in ids] + copies
        with failpoints.step("restore.look"):
            observation = context.adapter.locate(refs, look=LookDepth.EVERYWHERE)
        for record_id, number in batch:
            step = WayBack(log, earlier, observation, said).of(observation.places[record_id])
            yield replace(step, number=number), observation.places[record_id]


def _numbered(log: RunLog, left: set[str]) -> Iterator[tuple[str, str]]:
    """Yield id and number in the order of the kept plan, and empty `left`; what it does not tell comes last, bare."""
    try:
        for target in open_plan(log.context.plans / f"{log.run.plan}.plan", journal=log.context.journal).targets():
            if target.ref.id in left:
                left.remove(target.ref.id)
                yield target.ref.id, target.card.number or ""
    except CrmBridgeError:
        pass
    for record_id in sorted(left):
        left.remove(record_id)
        yield record_id, ""


def _is_offered(log: RunLog, seen: Whereabouts) -> bool:
    """Return whether a contract comes back unnamed: of refused ones only what our user deleted after all."""
    status = log.status(seen.ref.id)
    if status.state not in REFUSED or status.step is Step.PURGE:
        return True
    return seen.listed and author_of(log, seen) is Author.US


def _refuse_doubt(log: RunLog, record_ids: Iterable[str]) -> None:
    """A late delete would hit the restored copy: settle first, whichever run the doubt belongs to."""
    context = log.context
    elsewhere = doubtful_records(context.journal, context.system, context.profile.org_id, but=log.run.id, states=LATE)
    late = [i for i in record_ids if log.status(i).state in LATE or i in elsewhere]
    doubtful = {i: log.run.id for i in late if log.status(i).state in LATE}
    doubtful |= {i: elsewhere[i] for i in late if i in elsewhere}
    if doubtful:
        raise InDoubtError(
            _("{count} contracts are in doubt; a late delete could hit the restored copy").format(count=len(doubtful)),
            reason="in_doubt",
            hint=_("settle them first with `crm-bridge resume {run}`, or restore others one by one").format(
                run=next(iter(doubtful.values()))
            ),
        )
