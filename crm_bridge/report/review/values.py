"""A review as a value: period, runs, what deserves a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from crm_bridge.i18n import N_
from crm_bridge.pipeline.runs import RunInfo
from crm_bridge.pipeline.signing_off import SignOff


class Topic(StrEnum):
    """Kinds of what a review points at: first the outcomes of contracts, then everything else."""

    IN_DOUBT = "in_doubt"
    REAPPEARED = "reappeared"
    REFUSED = "refused"
    HELD = "held"
    PENDING = "pending"
    WAITING = "waiting"
    RESTORED = "restored"
    OUTSIDE = "outside"
    JOURNAL = "journal"
    VAULT = "vault"
    UNFINISHED = "unfinished"
    REHEARSAL = "rehearsal"
    RAISED = "raised_cap"
    RELEASED = "released"
    BIN_DEADLINE = "bin_deadline"
    BACKUP_EXPIRES = "backup_expires"
    SHREDDED = "backup_disposed"
    NOT_TOLD = "not_told"


TOPIC_WORDS: Mapping[Topic, str] = {
    Topic.IN_DOUBT: N_("in doubt or not verified"),
    Topic.REAPPEARED: N_("back in the CRM"),
    Topic.REFUSED: N_("refused by the CRM"),
    Topic.HELD: N_("held"),
    Topic.PENDING: N_("waits for an approval"),
    Topic.WAITING: N_("not attempted"),
    Topic.RESTORED: N_("restored again"),
    Topic.OUTSIDE: N_("deleted outside"),
    Topic.JOURNAL: N_("journal check"),
    Topic.VAULT: N_("backup check"),
    Topic.UNFINISHED: N_("run not finished"),
    Topic.REHEARSAL: N_("rehearsal"),
    Topic.RAISED: N_("cap raised"),
    Topic.RELEASED: N_("paper released by a rule"),
    Topic.BIN_DEADLINE: N_("the bin empties"),
    Topic.BACKUP_EXPIRES: N_("backup expires"),
    Topic.SHREDDED: N_("backups disposed of"),
    Topic.NOT_TOLD: N_("not told"),
}
URGENT = frozenset(
    {Topic.IN_DOUBT, Topic.REAPPEARED, Topic.OUTSIDE, Topic.JOURNAL, Topic.VAULT, Topic.UNFINISHED, Topic.WAITING}
)
"""Topics that ask for a deed; the rest is for judgement."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One point that deserves a look. `ids` are the first contracts of `count`."""

    topic: Topic
    says: str
    run: str = ""
    connection: str = ""
    count: int = 0
    ids: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the point as JSON."""
        return {**asdict(self), "urgent": self.topic in URGENT}


@dataclass(frozen=True, slots=True)
class ReviewedRun:
    """One run as it stands at the end of the period."""

    info: RunInfo
    crm_user: str
    why: str
    """The reason given with the plan, where the plan is kept."""
    outcomes: Counter[str]
    evidence: Counter[str]
    """How well removals were observed."""
    money: Mapping[str, Decimal]
    """What was removed, by currency."""
    new: bool
    """Whether it began in the period; otherwise something happened to it."""

    def as_json(self) -> dict[str, Any]:
        """Return the run as JSON; amounts as text."""
        info = self.info
        return {
            "run_id": info.id,
            "connection": info.ref.connection,
            "started": info.started,
            "step": info.step,
            "count": info.count,
            "confirmed_by": info.confirmed_by,
            "confirmed_how": info.confirmed_how,
            "crm_user": self.crm_user,
            "reason": self.why,
            "plan": info.ref.plan,
            "outcomes": dict(self.outcomes),
            "evidence": dict(self.evidence),
            "money": {currency: str(amount) for currency, amount in self.money.items()},
            "new": self.new,
            "complete": info.complete,
        }


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One contract of a reviewed run, as a line of a table."""

    run: str
    connection: str
    started: str
    by: str
    id: str
    number: str
    outcome: str
    evidence: str
    reason: str
    code: str
    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Review:
    """What happened between two entries of the journal, both included, and what deserves a look."""

    first: int
    last: int
    since: str
    until: str
    before: SignOff | None
    """The sign-off where it begins."""
    runs: tuple[ReviewedRun, ...]
    concerns: tuple[Concern, ...]
    vault_checked: bool = False
    outcomes: Counter[str] = field(init=False, compare=False)
    """All contracts of runs that began in the period."""

    def __post_init__(self) -> None:
        """Add up the outcomes."""
        object.__setattr__(self, "outcomes", added(run.outcomes for run in self.runs if run.new))

    @property
    def urgent(self) -> int:
        """Return how many points ask for a deed."""
        return sum(concern.topic in URGENT for concern in self.concerns)

    def as_json(self) -> dict[str, Any]:
        """Return the whole review as JSON."""
        return {
            "first_entry": self.first,
            "last_entry": self.last,
            "since": self.since,
            "until": self.until,
            "signed_off_before": asdict(self.before) if self.before else None,
            "outcomes": dict(self.outcomes),
            "vault_checked": self.vault_checked,
            "urgent": self.urgent,
            "runs": [run.as_json() for run in self.runs],
            "concerns": [concern.as_json() for concern in self.concerns],
        }


def added(counters: Iterable[Mapping[str, int]]) -> Counter[str]:
    """Return the sum of counters."""
    total: Counter[str] = Counter()
    for one in counters:
        total.update(one)
    return total
