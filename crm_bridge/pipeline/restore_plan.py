"""Plan a restore: look where each contract is, refuse what is in doubt, choose the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_bridge import failpoints
from crm_bridge.domain.absence import Author, Claim
from crm_bridge.domain.capabilities import Fact, Route, Step, Support
from crm_bridge.domain.comparison import Measured
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Event, State
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import BackupError, GuardError, InDoubtError
from crm_bridge.i18n import _
from crm_bridge.pipeline.absence import author_of, is_proven
from crm_bridge.pipeline.desk import Desk, batches
from crm_bridge.pipeline.doubt import LATE, doubtful_records
from crm_bridge.pipeline.entries import OUTCOME, RESTORE_OUTCOME
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.pipeline.runs import RunInfo
from crm_bridge.spi.adapter import Look, Place, Sighting, Whereabouts, unseen

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
    route: Route | None
    """None: nothing to do, `reason` says why."""
    reason: Reason | None = None
    result: str = "planned"
    """planned, restored, present, not_restored, in_doubt."""
    new_ref: ContractRef | None = None
    lost: tuple[str, ...] = ()
    message: str = ""
    vendor_message: str = ""
    """The CRM's own sentence, quoted; kept nowhere."""
    until: str = ""
    warning: Reason | None = None
    """Something that a person should know before or after the restore."""
    twins: tuple[str, ...] = ()
    """Ids of other live contracts that have the number of this one, once it is back."""
    measured: Measured | None = None
    """The comparison with the backup, once the contract is back and could be read."""


def check_tenant(desk: Desk, info: RunInfo) -> None:
    """Raise GuardError unless the connection leads to the organisation and module from which the run deleted."""
    if (info.system, info.org, info.module) != (desk.system, desk.profile.org_id, desk.profile.module):
        raise GuardError(
            _("run {run} deleted from organisation {org}, module {module}; {name} leads elsewhere").format(
                run=info.id, org=info.org, module=info.module, name=desk.connection
            ),
            reason="other_tenant",
            hint=_("use a connection to that organisation"),
        )


def restorable(log: RunLog) -> list[str]:
    """Return the ids of what the run removed, or may have removed: asked for, and not answered with "not there".

    A contract whose purge was held is in the bin since the step before.
    """
    halfway = [i for i in log.ids_in((State.HELD, *REFUSED)) if log.standing(i).step is Step.PURGE]
    asked = [i for i in log.ids_in(REFUSED) if i not in halfway and _may_be_ours(log, i)]
    return [*log.ids_in(RESTORABLE), *halfway, *asked]


def _may_be_ours(log: RunLog, record_id: str) -> bool:
    return log.claim(record_id, Step.TRASH).may_have_acted and log.others.of(record_id) is not Claim.DONE


def plan_restore(log: RunLog, record_ids: Sequence[str], *, named: bool = False) -> Iterator[RestoreStep]:
    """Look where each contract is and say which way back there is. Raises InDoubtError for anything in doubt.

    `named`: a person named these contracts, so that they come back whoever deleted them.
    """
    desk = log.desk
    _refuse_doubt(log, record_ids)
    removed = set(restorable(log)) | (set(log.ids_in(ONLY_WHEN_NAMED)) if named else set())
    earlier = Earlier.read(desk)
    wanted = [i for i in record_ids if i in removed]
    for batch in batches(wanted, desk.profile.limits.locate_batch):
        copies = [earlier.copies[i] for i in batch if i in earlier.copies]
        refs = [ContractRef(desk.profile.module, i) for i in batch] + copies
        with failpoints.step("restore.look"):
            sighting = desk.adapter.locate(refs, look=Look.EVERYWHERE)
        for record_id in batch:
            if named or _is_offered(log, sighting.places[record_id]):
                yield _route(log, record_id, earlier, sighting)


def _is_offered(log: RunLog, seen: Whereabouts) -> bool:
    """Say whether a contract comes back unnamed: of those that the CRM refused only what our user deleted after all."""
    standing = log.standing(seen.ref.id)
    if standing.state not in REFUSED or standing.step is Step.PURGE:
        return True
    return seen.listed and author_of(log, seen) is Author.US


def _refuse_doubt(log: RunLog, record_ids: Sequence[str]) -> None:
    """A late delete would hit the restored copy: settle first, whichever run the doubt belongs to."""
    desk = log.desk
    elsewhere = doubtful_records(desk.journal, desk.system, desk.profile.org_id, but=log.run.id, states=LATE)
    doubtful = {i: log.run.id for i in record_ids if log.standing(i).state in LATE}
    doubtful |= {i: elsewhere[i] for i in record_ids if i in elsewhere}
    if doubtful:
        raise InDoubtError(
            _("{count} contracts are in doubt; a late delete could hit the restored copy").format(count=len(doubtful)),
            reason="in_doubt",
            hint=_("settle them first with `crm-bridge resume {run}`, or restore others one by one").format(
                run=next(iter(doubtful.values()))
            ),
        )


def _route(log: RunLog, record_id: str, earlier: Earlier, sighting: Sighting) -> RestoreStep:
    desk, copy = log.desk, earlier.copies.get(record_id)
    seen = sighting.places[record_id]
    if copy and sighting.places[copy.id].place is Place.LIVE:
        return RestoreStep(seen.ref, None, Reason.ALREADY_RESTORED, "present", new_ref=copy)
    if seen.place is Place.LIVE:
        return RestoreStep(
            seen.ref, None, Reason.ALREADY_RESTORED if _came_back(log, record_id) else Reason.IS_LIVE, "present"
        )
    warning = Reason.ANSWER_LOST_RECENTLY if record_id in earlier.lost_lately else None
    in_bin = seen.place is Place.IN_BIN
    if in_bin and _may(desk, Route.UNTRASH, desk.profile.capabilities.untrash):
        until = seen.until.date().isoformat() if seen.until else ""
        return RestoreStep(seen.ref, Route.UNTRASH, until=until, warning=warning)
    if in_bin or (seen.place is Place.GONE and _is_gone(log, seen, sighting)):
        if not _may(desk, Route.RECREATE, desk.profile.capabilities.recreate):
            return RestoreStep(seen.ref, None, Reason.IN_BIN if in_bin else Reason.PERMISSION, "not_restored")
        if problem := backup_problem(log, record_id):
            return RestoreStep(seen.ref, None, problem, "not_restored")
        return RestoreStep(seen.ref, Route.RECREATE, warning=Reason.IN_BIN_TOO if in_bin else warning)
    return RestoreStep(seen.ref, None, _why_not(seen), "not_restored")


def _is_gone(log: RunLog, seen: Whereabouts, sighting: Sighting) -> bool:
    """Say whether there is nothing to recover: proven by a look, or by the CRM's yes to our purge while it answers."""
    purged = log.claim(seen.ref.id, Step.PURGE) is Claim.DONE and sighting.stand_in is not None
    return purged or is_proven(seen, sighting)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the journal says about the contracts of a restore, over all runs."""

    copies: Mapping[str, ContractRef]
    """The newest copy that an earlier restore made, by the id of the original."""
    lost_lately: frozenset[str]
    """Contracts whose answer to a deletion was lost within the last day."""

    @classmethod
    def read(cls, desk: Desk) -> Earlier:
        """Read it from the journal, once for a whole restore."""
        since = desk.clock.now() - LATE_HOURS
        copies: dict[str, ContractRef] = {}
        for entry, line in desk.journal.events(op=RESTORE_OUTCOME):
            new_id = line.facts.get("new_id")
            same = (entry.system, entry.org) == (desk.system, desk.profile.org_id)
            if same and isinstance(new_id, str) and new_id != line.record_id:
                copies[line.record_id] = ContractRef(entry.module, new_id)
        lost = {
            line.record_id
            for entry in desk.journal.entries(op=OUTCOME)
            if datetime.fromisoformat(entry.ts) > since
            for line in desk.journal.lines(entry)
            if line.facts.get("event") == Event.ANSWER_LOST.value
        }
        return cls(copies, frozenset(lost))


def _came_back(log: RunLog, record_id: str) -> bool:
    return log.standing(record_id).state is State.RESTORED


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


def _may(desk: Desk, route: Route, fact: Fact) -> bool:
    """Say whether this CRM offers a way back, and this user may take it."""
    return Support.ABSENT not in (fact.support, desk.profile.ways.get(route))


def _why_not(seen: Whereabouts) -> Reason:
    return Reason.NO_CONTROL_RECORD if seen.place is Place.GONE else _not_restorable(seen)


def _not_restorable(seen: Whereabouts) -> Reason:
    places = {Place.IN_BIN: Reason.IN_BIN, Place.PENDING: Reason.IN_APPROVAL}
    return places.get(seen.place) or unseen(seen)


def marker_of(log: RunLog, record_id: str) -> str:
    """Return the mark by which a re-created copy is found again: the same for every attempt, telling nothing."""
    return "crm-bridge-" + log.desk.journal.keyed_digest("restore-marker", f"{log.run.id}/{record_id}")[:20]
