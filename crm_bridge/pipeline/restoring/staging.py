"""Rehearse the way back: contracts of a backup set are created again in a stand-in, and what was written is compared
with what is read back.

The stand-in has the live module's schema and nothing of the live tenant: what it adds is no difference, and what it
cannot take over is not rehearsed, which is said and closes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.restoring.comparison import Measured, measure
from crm_bridge.domain.restoring.forecast import Promises
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.errors import BackupError, CrmBridgeError
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.planning.plan_file import PlanFile
from crm_bridge.pipeline.restoring.measuring import with_digest
from crm_bridge.pipeline.restoring.written import WrittenValues
from crm_bridge.spi.adapter import Adapter, Profile, RestoreItem, Verdict

PASSED, BLOCKED, IMPOSSIBLE, LEFT_OUT = "passed", "blocked", "impossible", "left_out"
_DOUBT = 0.05


@dataclass(frozen=True, slots=True)
class Staged:
    """A stand-in that is ready: an adapter signed in to it, and what of the live schema it could not take over."""

    adapter: Adapter
    not_covered: tuple[str, ...] = ()


Stage = Callable[[Profile, Sequence[Snapshot]], AbstractContextManager[Staged | None]]
"""Builds a stand-in for a live module; None when the adapter's stand-in cannot take over a schema."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Result of a rehearsal. `blocking` are differences worse than the plan's forecast; they close the gate."""

    result: str
    """`passed`, `blocked`, `impossible` or `left_out`."""
    planned: int = 0
    """Contracts of the plan."""
    contracts: int = 0
    """Contracts that were created again and compared."""
    fields: int = 0
    """Fields that were compared."""
    rows: int = 0
    """Lines and notes that were compared."""
    files: int = 0
    """Files that were compared."""
    files_equal: int = 0
    """Files that came back byte for byte."""
    blocking: tuple[str, ...] = ()
    """What would come back worse than the plan says, in words."""
    not_covered: tuple[str, ...] = ()
    """Fields, lists and refusals of the stand-in: nothing is said about them."""
    set_id: str = ""
    """The backup set that the contracts were taken from."""

    @property
    def bound(self) -> int:
        """Return the largest share of contracts, in percent, that could fail unseen with 95 % certainty; 0: none."""
        if not self.contracts or self.contracts >= self.planned:
            return 0
        share: float = 1 - _DOUBT ** (1 / self.contracts)
        return math.ceil(100 * share)

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON: names and counts, no values."""
        facts = asdict(self)
        lists = {"blocking": list(self.blocking), "not_covered": list(self.not_covered)}
        return {**facts, **lists, "bound_percent": self.bound, "set": facts.pop("set_id")}


@dataclass(slots=True)
class _Shown:
    """What the contracts of one rehearsal showed so far."""

    contracts: int = 0
    fields: int = 0
    rows: int = 0
    files: int = 0
    files_equal: int = 0
    blocking: dict[str, None] = field(default_factory=dict)
    not_covered: dict[str, None] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def take(self, found: Measured, written: WrittenValues) -> None:
        """Take one comparison into account: what was written and is not there as it was closes the gate."""
        self.contracts += 1
        self.fields += found.fields
        self.rows += found.rows
        self.files += found.files
        self.files_equal += found.files_equal
        broken = (one.name for one in found.surprises if written.has(one.name, self.not_covered))
        self.blocking.update(dict.fromkeys(broken))


def rehearsed(
    context: RunContext, file: PlanFile, stage: Stage, copies: Sequence[Snapshot], unsaved: Sequence[str]
) -> Rehearsal:
    """Rehearse with these copies. What goes wrong with the stand-in itself is named, never raised."""
    shown = _Shown(not_covered=dict.fromkeys(unsaved))
    try:
        with stage(context.profile, copies) as staged:
            if staged is None:
                return Rehearsal(IMPOSSIBLE, file.plan.count)
            shown.not_covered.update(dict.fromkeys(staged.not_covered))
            made = _made_again(context, shown, staged.adapter, copies)
            compare = partial(_compare, context.profile, file.plan.head.forecast.promises(Route.RECREATE))
            for after in _read_back(shown, staged.adapter, made):
                one = made[after.ref.id]
                shown.take(compare(one.item, after, one.ids), one.written)
    except CrmBridgeError as problem:
        shown.not_covered[problem.reason or type(problem).__name__] = None
    result = BLOCKED if shown.blocking else PASSED if shown.contracts else IMPOSSIBLE
    return Rehearsal(
        result,
        file.plan.count,
        shown.contracts,
        shown.fields,
        shown.rows,
        shown.files,
        shown.files_equal,
        tuple(shown.blocking),
        tuple(shown.not_covered),
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """A contract that was created again, and the new ids that were known when it was."""

    item: RestoreItem
    written: WrittenValues
    ids: Mapping[str, str]


def _made_again(context: RunContext, shown: _Shown, adapter: Adapter, copies: Sequence[Snapshot]) -> dict[str, _Made]:
    """Create every contract again that can be, one after the other; return them by their new ids."""
    made: dict[str, _Made] = {}
    for number, before in enumerate(copies):
        context.stop.check()
        written = WrittenValues(context.profile, before)
        if missing := written.missing():
            shown.blocking.update(dict.fromkeys(missing))
            continue
        item = RestoreItem(before.ref, f"crm-bridge-rehearsal-{number:09d}", before, ids=shown.ids, relink=False)
        if (new := _create_again(shown, adapter, item)) is not None:
            made[new.id] = _Made(item, written, dict(shown.ids))
    return made


def _create_again(shown: _Shown, adapter: Adapter, item: RestoreItem) -> ContractRef | None:
    """Return the new record; None where the stand-in has none to show."""
    try:
        (answer,) = adapter.bring_back(Route.RECREATE, [item])
    except BackupError as problem:
        # Our own set cannot be read: no stand-in is to blame for that.
        shown.blocking[problem.reason] = None
        return None
    except CrmBridgeError as problem:
        shown.not_covered[problem.reason or type(problem).__name__] = None
        return None
    if answer.verdict is not Verdict.DONE or answer.new_ref is None:
        # Whether the live CRM would refuse this value too is not known here.
        shown.not_covered[answer.reason or "not_restored"] = None
        return None
    shown.ids.update({old: new for old, new in answer.ids.items() if old != new})
    return answer.new_ref


def _read_back(shown: _Shown, adapter: Adapter, made: Mapping[str, _Made]) -> Iterator[Snapshot]:
    """Yield what the stand-in shows of the new records, read together; what it does not show is not covered."""
    refs = [ContractRef(one.item.ref.module, new_id) for new_id, one in made.items()]
    for copy in adapter.snapshot(refs) if refs else ():
        if isinstance(copy, Snapshot):
            yield replace(copy, attachments=tuple(with_digest(one) for one in copy.attachments))
        else:
            shown.not_covered["not_restored"] = None


def _compare(
    profile: Profile, promises: Promises, item: RestoreItem, after: Snapshot, ids: Mapping[str, str]
) -> Measured:
    assert item.snapshot is not None, "what is rehearsed has a copy"
    return measure(item.snapshot, after, promises=promises, content=profile.content, ids=ids, marker=item.marker)
