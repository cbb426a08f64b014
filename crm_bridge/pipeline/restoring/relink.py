"""Relink: point references of other records at contracts that came back, by a plan of its own that is confirmed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue, digest_of
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import State
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import PartKind, Snapshot, SnapshotPart
from crm_bridge.errors import AnswerLostError, ConfirmationError, CrmError, NothingMatchedError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.pipeline.context import batches
from crm_bridge.pipeline.entries import contract_entry, run_entry
from crm_bridge.pipeline.restoring.restore_order import known_ids
from crm_bridge.pipeline.restoring.ways_back import Earlier, marker_of
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.spi.adapter import RemoveOptions, RestoreItem, Verdict

INTENT, OUTCOME, CONFIRMED = "relink.intent", "relink.outcome", "relink.confirmed"


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """One reference: the field of a record of another module that points, or pointed, at a contract."""

    module: str
    id: str
    field: str


@dataclass(frozen=True, slots=True)
class LinkRepair:
    """One contract that came back, and the references of the backup that do not point at it now."""

    old: ContractRef
    now: ContractRef
    links: tuple[Link, ...]
    done: bool = False
    left: tuple[Link, ...] = ()
    """After the relinking: what was looked for and still does not point at the contract."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class RelinkPlan:
    """Every reference that would be set. `digest` is what a confirmation must name."""

    run: str
    """The run whose contracts came back."""
    items: tuple[LinkRepair, ...]
    """One for each contract, with its references."""

    @property
    def count(self) -> int:
        """Return how many references would be set."""
        return sum(len(item.links) for item in self.items)

    @property
    def digest(self) -> str:
        """Return the digest over run, contracts and references, 64 hex digits."""
        rows = [[str(i.old), str(i.now), [[k.module, k.id, k.field] for k in i.links]] for i in self.items]
        return digest_of({"relink": self.run, "items": rows})


def plan_relink(log: RunLog) -> RelinkPlan:
    """Compare the references of the backup with those of now. Raises NothingMatchedError when all are right."""
    ids = known_ids(log)
    copies = Earlier.read(log.context).copies
    module = log.context.profile.module
    places = {old: copies.get(old) or ContractRef(module, old) for old in log.ids_in((State.RESTORED,))}
    found = []
    for old, now, missing in _missing(log, places, ids):
        if missing:
            found.append(LinkRepair(ContractRef(now.module, old), now, missing))
    if not found:
        raise NothingMatchedError(
            _("no reference is missing: nothing of run {run} has to be relinked").format(run=log.run.id),
            reason="nothing_to_relink",
        )
    return RelinkPlan(log.run.id, tuple(found))


def _missing(
    log: RunLog, places: Mapping[str, ContractRef], ids: Mapping[str, str]
) -> Iterator[tuple[str, ContractRef, tuple[Link, ...]]]:
    by_now = {now.id: old for old, now in places.items()}
    for batch in batches(places.values(), log.context.profile.limits.snapshot_batch):
        for copy in log.context.adapter.snapshot(batch):
            if isinstance(copy, Snapshot):
                old = by_now[copy.ref.id]
                try:
                    wanted = links_of(_backup(log, old), ids)
                    there = set(links_of(copy, {}))
                except (ValueError, RecursionError):
                    continue  # its references cannot be read; those of the others are set
                yield old, places[old], tuple(sorted(link for link in wanted if link not in there))


def links_of(snapshot: Snapshot, ids: Mapping[str, str]) -> tuple[Link, ...]:
    """Return the references at a contract; records that came back under new ids are named by those."""
    found = []
    for part in snapshot.parts:
        if part.kind is PartKind.LINK:
            for one in json.loads(part.raw):
                module, record_id, name = (one["module"], one["id"], one["field"]) if isinstance(one, dict) else one
                found.append(Link(str(module), ids.get(str(record_id), str(record_id)), str(name)))
    return tuple(dict.fromkeys(found))


def _backup(log: RunLog, record_id: str) -> Snapshot:
    return log.backup_set(log.backup_of(record_id).set_id).snapshot(record_id)


def relink(log: RunLog, plan: RelinkPlan, *, confirm: str) -> list[LinkRepair]:
    """Set the references of a plan that was seen and confirmed, then look which are right. Raises ConfirmationError."""
    if confirm.strip().lower().removeprefix("sha256:") != plan.digest:
        raise ConfirmationError(
            _("that confirms other references, not these ({digest}); nothing was sent").format(digest=plan.digest[:12]),
            reason="wrong_confirmation",
            hint=_("look at them again with `crm-bridge restore {run} --relink`").format(run=plan.run),
        )
    _settle(log)
    body: dict[str, JsonValue] = {"relink": plan.digest, "count": plan.count, "contracts": len(plan.items)}
    with failpoints.step("relink.confirmed"):
        log.context.journal.append(
            [run_entry(log.context, log.run, CONFIRMED, {**body, "confirmed_by": log.context.actor})]
        )
    ids = known_ids(log)
    attempts = Counter(line.record_id for _entry, line in log.context.journal.events(run=log.run.id, op=INTENT))
    done = [_carry_out(log, item, ids, 1 + attempts[item.now.id]) for item in plan.items]
    left = {old: missing for old, _ref, missing in _missing(log, {i.old.id: i.now for i in done}, ids)}
    return [replace(item, left=tuple(k for k in left.get(item.old.id, ()) if k in item.links)) for item in done]


def _carry_out(log: RunLog, item: LinkRepair, ids: Mapping[str, str], attempt: int) -> LinkRepair:
    context = log.context
    context.stop.check()
    context.adapter.prepare(Route.RECREATE, 1, options=RemoveOptions())
    links: list[JsonValue] = [[k.module, k.id, k.field] for k in item.links]
    with failpoints.step("relink.intent"):
        context.journal.append([_entry(log, INTENT, item.now.id, attempt, {"old_id": item.old.id, "links": links})])
    snapshot = _only(_backup(log, item.old.id), item.links)
    wanted = RestoreItem(item.old, marker_of(log, item.old.id), snapshot, ids=ids, relink=True, copy=item.now)
    message, verdict = "", Verdict.UNKNOWN
    try:
        with failpoints.step("relink"):
            (answer,) = context.adapter.bring_back(Route.RECREATE, [wanted])
        verdict, message = answer.verdict, "; ".join(answer.lost) or answer.message
    except (AnswerLostError, CrmError) as problem:
        message = problem.message
    body: dict[str, JsonValue] = {"old_id": item.old.id, "verdict": verdict.value}
    with failpoints.step("relink.outcome"):
        context.journal.append([_entry(log, OUTCOME, item.now.id, attempt, body)])
    return replace(item, done=verdict is Verdict.DONE, message=message)


def _only(snapshot: Snapshot, links: Sequence[Link]) -> Snapshot:
    """Return the snapshot with these references and no others, in the shape in which they were saved."""
    kept = []
    for part in snapshot.parts:
        if part.kind is not PartKind.LINK:
            kept.append(part)
            continue
        as_object = any(isinstance(one, dict) for one in json.loads(part.raw))
        rows = [
            {"module": k.module, "id": k.id, "field": k.field} if as_object else [k.module, k.id, k.field]
            for k in links
        ]
        if not any(one.kind is PartKind.LINK for one in kept):
            kept.append(SnapshotPart(part.kind, part.name, json.dumps(rows).encode()))
    return replace(snapshot, parts=tuple(kept))


def _settle(log: RunLog) -> None:
    """Close what a crash left open; setting a reference twice sets it once, so nothing is lost by trying again."""
    body: dict[str, JsonValue] = {"verdict": Verdict.UNKNOWN.value, "reason": Reason.PROCESS_DIED.value}
    left = [
        _entry(log, OUTCOME, line.record_id, line.facts["attempt"], body)
        for entry, line in log.context.journal.open_intents()
        if entry.op == INTENT and entry.run == log.run.id
    ]
    with failpoints.step("relink.outcome"):
        log.context.journal.append(left)


def _entry(log: RunLog, op: str, record_id: str, attempt: int, body: Mapping[str, JsonValue]) -> NewEntry:
    return contract_entry(log.context, log.run, op, [{"id": record_id}], {**body, "attempt": attempt})
