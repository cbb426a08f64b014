"""Notes of a plan besides its contracts: found while planning, confirmed with the rest, sealed on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.planning.approval import ApprovalRule
from crm_bridge.domain.planning.cost import Pace, Prediction
from crm_bridge.domain.planning.policy import Caps
from crm_bridge.domain.planning.safety import Refusal
from crm_bridge.domain.planning.xray import Unlike
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.records.impact import Edge


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a run may have gone when it halts: contracts deleted by then, and their money, as planned."""

    contracts: int
    money: str


@dataclass(frozen=True, slots=True)
class InModule:
    """How many contracts of the whole module have a value that is rare in the selection."""

    rule: str
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Along:
    """Lines, notes and files that go along with the contracts of a plan, as far as the CRM counted them."""

    counted: int | None = None
    """None where the CRM counts none of them."""
    uncounted: tuple[str, ...] = ()
    """Lists that it does not count: known when they are saved, before anything is deleted."""
    at_most: bool = False
    """Whether the number is that of the whole module."""
    edges: tuple[Edge, ...] = ()
    """Every list around the contracts, what becomes of it, and its rows as far as they were counted."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        edges: list[JsonValue] = [asdict(one) for one in self.edges]
        return {"counted": self.counted, "uncounted": list(self.uncounted), "at_most": self.at_most, "edges": edges}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_json` returned. Raises TypeError, KeyError for anything else."""
        edges = tuple(Edge.from_json(one) for one in value["edges"])
        return cls(**{**value, "uncounted": tuple(value["uncounted"]), "edges": edges})


@dataclass(frozen=True, slots=True)
class Absent:
    """A contract that was asked for by its id and is not live, with the cause: the word of a Reason."""

    id: str
    reason: str
    remark: str = ""

    @property
    def cause(self) -> Reason | None:
        """Return the reason itself."""
        return Reason.of_word(self.reason)

    def text(self) -> str:
        """Return why it is not there."""
        return "; ".join(filter(None, (self.cause.words if self.cause else self.reason, self.remark)))


@dataclass(frozen=True, slots=True)
class PlanNotes:
    """Findings of one planning. Every field is part of the plan's digest, whatever is added here later.

    A field is a number, a text, a tuple of texts, or one of the values that `from_json` builds.
    """

    locked: int = 0
    """Contracts that are locked: they will be held."""
    in_approval: int = 0
    """Contracts that wait for an approval: they will be held."""
    missing: tuple[str, ...] = ()
    """Ids and numbers that were asked for and not found."""
    absent: tuple[Absent, ...] = ()
    """Why ids were not found: the first ones."""
    duplicates: int = 0
    """Rows that the CRM listed twice."""
    warnings: tuple[str, ...] = ()
    """Sentences that should be read before confirming."""
    in_process: int = 0
    """Contracts in a process of the CRM: they will be held."""
    read_only: int = 0
    """Contracts that this user may only read: they will be held."""
    predicted: Prediction | None = None
    """Calls and credits from sign-in to verified; None where the CRM's costs are not known."""
    credits_left: int | None = None
    """What is left of today's quota; None where the CRM does not tell."""
    pace: Pace | None = None
    """What the CRM's rate makes of the calls that delete; None where its limits do not tell."""
    refusals: tuple[Refusal, ...] = ()
    """Safety rules that the plan breaks: it is shown whole, and cannot be carried out."""
    unreadable: tuple[str, ...] = ()
    """Contracts that hold a value which cannot be read, in words: named here, and not in the plan."""
    undecided: int = 0
    """Contracts that the filter could not judge; they are left out."""
    policy: str = ""
    """Digest of the policy that the plan was made under: it is carried out under no other one."""
    caps: Caps = field(default_factory=Caps)
    """The caps of this plan, those that were raised for it included."""
    raised: tuple[str, ...] = ()
    """Caps that were set for this plan alone, `name=value`."""
    protected: tuple[str, ...] = ()
    """Contracts that a rule of the policy protects, in words: the first ones; none of them is in the plan."""
    protected_count: int = 0
    """How many contracts the policy leaves out."""
    stages: tuple[Stage, ...] = ()
    """The halts of the run before its end, at each of which everything deleted so far is verified."""
    released: tuple[str, ...] = ()
    """Retention rules that release contracts with paper, and of which kinds."""
    noise: tuple[str, ...] = ()
    """Vendor fields whose change holds no contract."""
    approvals: tuple[ApprovalRule, ...] = ()
    """The rules of the policy by which this plan needs a second person."""
    unlike: tuple[Unlike, ...] = ()
    """How many contracts are not like the others, by rule."""
    in_module: tuple[InModule, ...] = ()
    """Rare values of the selection, counted in the whole module."""
    acknowledged: tuple[str, ...] = ()
    """Rules and ids of outliers that somebody looked at and left in the plan."""
    dropped: tuple[str, ...] = ()
    """Outliers that were left out, in words: the first ones."""
    dropped_count: int = 0
    """Outliers that were left out, all of them."""
    along: Along = field(default_factory=Along)
    """Lines, notes and files that go along."""
    at_once: int = 0
    """Contracts that may be on their way at once: what a process that dies leaves to be settled, at most."""

    @property
    def foretold(self) -> Mapping[Reason, int]:
        """Return how many contracts are known to be refused, and why."""
        return {
            Reason.LOCKED: self.locked,
            Reason.IN_APPROVAL: self.in_approval,
            Reason.IN_PROCESS: self.in_process,
            Reason.SHARING: self.read_only,
        }

    def as_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        plain = {name: _plain(value) for name, value in asdict(self).items() if name not in ("caps", "along")}
        return {**plain, "caps": self.caps.as_json(), "along": self.along.as_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_json` returned. Raises TypeError, ValueError, KeyError for anything else."""
        read: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}
        if read.keys() != {field.name for field in fields(cls)}:
            raise KeyError("notes")
        predicted, pace = read["predicted"], read["pace"]
        read["predicted"] = None if predicted is None else Prediction(**predicted)
        read["pace"] = None if pace is None else Pace(**pace)
        read["refusals"] = tuple(Refusal(**one) for one in read["refusals"])
        read["caps"] = Caps.from_json(read["caps"])
        read["along"] = Along.from_json(read["along"])
        read["absent"] = tuple(Absent(**one) for one in read["absent"])
        read["approvals"] = tuple(ApprovalRule.from_json(one) for one in read["approvals"])
        read["unlike"] = tuple(Unlike(**one) for one in read["unlike"])
        read["in_module"] = tuple(InModule(**one) for one in read["in_module"])
        read["stages"] = tuple(Stage(**one) for one in read["stages"])
        return cls(**read)


def _plain(value: Any) -> JsonValue:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value  # type: ignore[no-any-return]
