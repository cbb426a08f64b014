"""Plan a restore: look where each contract is, refuse what is in doubt, choose the way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crm_bridge import failpoints
from crm_bridge.domain.absence import NOT_THERE, Author, Claim
from crm_bridge.domain.capabilities import Route, Step, Support
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import EventKind, State
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.restoring.comparison import Measured
from crm_bridge.errors import BackupError, CrmBridgeError, GuardError, InDoubtError
from crm_bridge.i18n import _
from crm_bridge.pipeline.context import RunContext, batches
from crm_bridge.pipeline.entries import OUTCOME, RESTORE_OUTCOME
from crm_bridge.pipeline.planning.plan_file import open_plan
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.pipeline.runs import RunInfo
from crm_bridge.pipeline.settling.absence import author_of, is_proven, names_deleter
from crm_bridge.pipeline.settling.doubt import LATE, doubtful_records
from crm_bridge.spi.adapter import LookDepth, Observation, Place, Whereabouts, unseen

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
LATE_HOURS = timedelta(hours=24)
"""How long after a lost answer a delayed request may still land: a warning is shown for so long."""


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """What will be or was done about one contract."""

    ref: ContractRef
    """The contract as it was deleted."""
    route: Route | None
    """None: nothing to do, `reason` says why."""
    reason: Reason | None = None
    """Why it was not brought back, or needs not be."""
    result: str = "planned"
    """planned, restored, present, not_restored, in_doubt."""
    new_ref: ContractRef | None = None
    """Where it is now: another id where it was created anew."""
    lost: tuple[str, ...] = ()
    """What did not return, in words."""
    message: str = ""
    """What happened, in words."""
    vendor_message: str = ""
    """The CRM's own sentence, quoted; kept nowhere."""
    until: str = ""
    """The last day of this way back, ISO 8601; empty where it is not known."""
    warning: Reason | None = None
    """Something that a person should know before or after the restore."""
    twins: tuple[str, ...] = ()
    """Ids of other live contracts that have the number of this one, once it is back."""
    measured: Measured | None = None
    """The comparison with the backup, once the contract is back and could be read."""
    number: str = field(default="", repr=False)
    """What people call it, where the kept plan tells."""
    bin_first: bool = False
    """It was not seen in the bin, and nothing proves that it is not there: a restore asks the bin all the same."""


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
    _refuse_doubt(log, removed.union(log.ids_in(LATE)) if record_ids is None else record_ids)
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
            step = _Way(log, earlier, observation, said).of(observation.places[record_id])
            yield replace(step, number=number), observation.places[record_id]


def _numbered(log: RunLog, wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Yield id and number in the order of the kept plan; what it does not tell comes last, without a number."""
    left = set(wanted)
    try:
        for target in open_plan(log.context.plans / f"{log.run.plan}.plan", journal=log.context.journal).targets():
            if target.ref.id in left:
                left.remove(target.ref.id)
                yield target.ref.id, target.card.number or ""
    except CrmBridgeError:
        pass
    yield from ((record_id, "") for record_id in sorted(left))


def _is_offered(log: RunLog, seen: Whereabouts) -> bool:
    """Return whether a contract comes back unnamed: of refused ones only what our user deleted after all."""
    status = log.status(seen.ref.id)
    if status.state not in REFUSED or status.step is Step.PURGE:
        return True
    return seen.listed and author_of(log, seen) is Author.US


def _refuse_doubt(log: RunLog, record_ids: Collection[str]) -> None:
    """A late delete would hit the restored copy: settle first, whichever run the doubt belongs to."""
    context = log.context
    elsewhere = doubtful_records(context.journal, context.system, context.profile.org_id, but=log.run.id, states=LATE)
    doubtful = {i: log.run.id for i in record_ids if log.status(i).state in LATE}
    doubtful |= {i: elsewhere[i] for i in record_ids if i in elsewhere}
    if doubtful:
        raise InDoubtError(
            _("{count} contracts are in doubt; a late delete could hit the restored copy").format(count=len(doubtful)),
            reason="in_doubt",
            hint=_("settle them first with `crm-bridge resume {run}`, or restore others one by one").format(
                run=next(iter(doubtful.values()))
            ),
        )


@dataclass(frozen=True, slots=True)
class _Way:
    """What decides the way back of the contracts of one look."""

    log: RunLog
    earlier: Earlier
    observation: Observation
    said: Mapping[str, Reason | None]
    """What the bin answered for contracts that it was asked for."""

    def of(self, seen: Whereabouts) -> RestoreStep:
        """Return the step for one contract."""
        record_id = seen.ref.id
        copy = self.earlier.copies.get(record_id)
        if copy and self.observation.places[copy.id].place is Place.LIVE:
            return RestoreStep(seen.ref, None, Reason.ALREADY_RESTORED, "present", new_ref=copy)
        if seen.place is Place.LIVE:
            came_back = self.log.status(record_id).state is State.RESTORED
            return RestoreStep(seen.ref, None, Reason.ALREADY_RESTORED if came_back else Reason.IS_LIVE, "present")
        warning = Reason.ANSWER_LOST_RECENTLY if record_id in self.earlier.lost_lately else None
        asks_bin = record_id not in self.said and _may(self.log.context, Route.UNTRASH)
        if seen.place is Place.IN_BIN and asks_bin:
            until = seen.until.date().isoformat() if seen.until else ""
            return RestoreStep(seen.ref, Route.UNTRASH, until=until, warning=warning)
        unsure = seen.place in (Place.GONE, Place.NOT_VISIBLE) and not self._was_purged(seen)
        return replace(self._anew(seen, warning), bin_first=asks_bin and unsure)

    def _anew(self, seen: Whereabouts, warning: Reason | None) -> RestoreStep:
        in_bin = seen.place is Place.IN_BIN
        if not in_bin and not self._is_gone(seen):
            return RestoreStep(seen.ref, None, self._why_not(seen), "not_restored")
        if not _may(self.log.context, Route.RECREATE):
            return RestoreStep(seen.ref, None, Reason.PERMISSION, "not_restored")
        if problem := backup_problem(self.log, seen.ref.id):
            return RestoreStep(seen.ref, None, problem, "not_restored")
        return RestoreStep(seen.ref, Route.RECREATE, warning=Reason.IN_BIN_TOO if in_bin else warning)

    def _was_purged(self, seen: Whereabouts) -> bool:
        """Return whether it left the bin for certain: the CRM lists that, or said yes to our purge while it answers."""
        claimed = self.log.claim(seen.ref.id, Step.PURGE) is Claim.DONE
        return seen.place is Place.GONE and (seen.listed or (claimed and self._answers))

    def _is_gone(self, seen: Whereabouts) -> bool:
        """Return whether there is nothing to recover: proven by a look, or by what the bin answered for it."""
        if seen.place is not Place.GONE or self._was_purged(seen):
            return seen.place is Place.GONE
        denied = self.said.get(seen.ref.id) in NOT_THERE and self._answers
        return not self._must_be_listed and (denied or is_proven(seen, self.observation))

    @property
    def _must_be_listed(self) -> bool:
        """Return whether the CRM would list what was deleted since the plan: what it does not is hidden, or merged."""
        context, since = self.log.context, self.log.planned_at
        days = context.profile.limits.bin_days
        if not names_deleter(context) or days is None or since is None:
            return False
        return context.clock.now() - since < timedelta(days=days)

    def _why_not(self, seen: Whereabouts) -> Reason:
        if seen.place is Place.GONE:
            return Reason.GONE_UNATTRIBUTED if self.observation.control else Reason.NO_CONTROL_RECORD
        return Reason.IN_APPROVAL if seen.place is Place.PENDING else unseen(seen)

    @property
    def _answers(self) -> bool:
        return (self.observation.control or self.observation.stand_in) is not None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the journal says about the contracts of a restore, over all runs."""

    copies: Mapping[str, ContractRef]
    """The newest copy that an earlier restore made, by the id of the original."""
    lost_lately: frozenset[str]
    """Contracts whose answer to a deletion was lost within the last day."""

    @classmethod
    def read(cls, context: RunContext) -> Earlier:
        """Read it from the journal, once for a whole restore."""
        since = context.clock.now() - LATE_HOURS
        copies: dict[str, ContractRef] = {}
        for entry, line in context.journal.events(op=RESTORE_OUTCOME):
            new_id = line.facts.get("new_id")
            same = (entry.system, entry.org) == (context.system, context.profile.org_id)
            if same and isinstance(new_id, str) and new_id != line.record_id:
                copies[line.record_id] = ContractRef(entry.module, new_id)
        lost = {
            line.record_id
            for entry in context.journal.entries(op=OUTCOME)
            if datetime.fromisoformat(entry.ts) > since
            for line in context.journal.lines(entry)
            if line.facts.get("event") == EventKind.ANSWER_LOST.value
        }
        return cls(copies, frozenset(lost))


def backup_problem(log: RunLog, record_id: str) -> Reason | None:
    """Return why this contract cannot be re-created from the vault; None when it can."""
    try:
        where = log.backup_of(record_id)
        backup_set = log.backup_set(where.set_id)
        if backup_set.entry(record_id).file_sha256 != where.sha256:
            return Reason.BACKUP_REPLACED
        backup_set.verify_entry(record_id)
    except BackupError as problem:
        return Reason.of(problem)
    return None


def _may(context: RunContext, route: Route) -> bool:
    """Return whether this CRM offers a way back, and this user may take it."""
    facts = {Route.UNTRASH: context.profile.capabilities.untrash, Route.RECREATE: context.profile.capabilities.recreate}
    return Support.ABSENT not in (facts[route].support, context.profile.ways.get(route))


def marker_of(log: RunLog, record_id: str) -> str:
    """Return the mark by which a re-created copy is found again: the same for every attempt, telling nothing."""
    return "crm-bridge-" + log.context.journal.keyed_digest("restore-marker", f"{log.run.id}/{record_id}")[:20]
