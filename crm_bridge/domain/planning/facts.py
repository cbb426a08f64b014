"""Facts about one tenant: what its CRM was observed to do where the vendor's pages leave it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self, TypeAlias

from crm_bridge.domain.canonical import JsonValue

FACT_LIFE = timedelta(days=90)
"""How long an observation stands for an assumption: a vendor changes a CRM without a word."""
Setting: TypeAlias = "str | int | bool"


class Standing(StrEnum):
    """Standing of a question after it was looked into."""

    OBSERVED = "observed"
    CONTRADICTED = "contradicted"
    """Observed, and not as the connection assumes it."""
    NOT_OBSERVABLE = "not_observable"


@dataclass(frozen=True, slots=True)
class Observed:
    """What one look into a question found. A value is a word of the adapter, never anything of the tenant."""

    question: str
    value: str = ""
    """Empty where it could not be observed; `why` says why then."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """Settings of the connection that agree with it, by dotted name."""
    calls: tuple[str, ...] = ()
    """Evidence: the routes that were asked and the codes that came."""
    why: str = ""
    """Why it could not be observed; marked for translation."""
    holds: bool = False
    """Whether the adapter relies on the opposite and has no setting for this: no plan is carried out then."""


@dataclass(frozen=True, slots=True)
class TenantFact:
    """One question of one tenant with its answer and the moment of the look, aware UTC."""

    found: Observed
    """The answer, or why there is none."""
    at: datetime
    """When it was looked."""
    standing: Standing
    """Whether it is as the connection assumes it."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as the journal keeps it: without empty parts."""
        kept = {key: list(value) if key == "calls" else value for key, value in asdict(self.found).items() if value}
        return {**kept, "at": self.at.isoformat(timespec="seconds"), "standing": self.standing.value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_json` returned. Raises KeyError, TypeError, ValueError for anything else."""
        facts = dict(value)
        at, standing = datetime.fromisoformat(facts.pop("at")), Standing(facts.pop("standing"))
        return cls(Observed(**{**facts, "calls": tuple(facts.get("calls", ()))}), at, standing)


@dataclass(frozen=True, slots=True)
class FactSheet:
    """The facts of one tenant: the newest of each question, in the order of the questions."""

    org: str = ""
    module: str = ""
    facts: Mapping[str, TenantFact] = field(default_factory=dict)
    overruled: Mapping[str, Setting] = field(default_factory=dict)
    """Observed settings that the configuration says otherwise, by hand."""

    def fresh(self, now: datetime) -> FactSheet:
        """Return the facts that are not too old; one that is dated after `now` is not believed either."""
        kept = {name: one for name, one in self.facts.items() if timedelta() <= now - one.at <= FACT_LIFE}
        return FactSheet(self.org, self.module, kept)

    def settings(self) -> dict[str, Setting]:
        """Return the settings that the observations ask for, by dotted name."""
        return {name: value for fact in self.facts.values() for name, value in fact.found.settings.items()}

    def holding(self) -> tuple[TenantFact, ...]:
        """Return the facts that no plan may be carried out against."""
        return tuple(fact for fact in self.facts.values() if fact.found.holds)

    def count(self) -> FactCount | None:
        """Return how many questions were looked into and how many observed; None without any."""
        seen = [fact for fact in self.facts.values() if fact.standing is not Standing.NOT_OBSERVABLE]
        if not seen:
            return None
        return FactCount(len(self.facts), len(seen), f"{min(fact.at for fact in seen):%Y-%m-%d}")

    def left(self, assumptions: Sequence[str]) -> tuple[str, ...]:
        """Return the assumptions (`question name=value`) whose question was not observed."""
        known = {name for name, fact in self.facts.items() if fact.standing is not Standing.NOT_OBSERVABLE}
        return tuple(one for one in assumptions if one.partition(" ")[0] not in known)


@dataclass(frozen=True, slots=True)
class FactCount:
    """The facts behind a plan in figures; `on` is the day of the oldest observation."""

    known: int
    observed: int
    on: str


def standing_of(found: Observed, assumed: Mapping[str, Setting]) -> Standing:
    """Return the standing of an observation against what the connection assumes without any facts."""
    if not found.value:
        return Standing.NOT_OBSERVABLE
    differs = any(str(assumed.get(name, value)) != str(value) for name, value in found.settings.items())
    return Standing.CONTRADICTED if differs or found.holds else Standing.OBSERVED


def with_settings(
    given: Mapping[str, Any], settings: Mapping[str, Setting]
) -> tuple[dict[str, Any], Mapping[str, Setting]]:
    """Return a connection's settings with those of the facts below them, and those that it sets otherwise by hand.

    What somebody wrote down is not overruled: the plan is held until one of the two is changed.
    """
    merged, overruled = dict(given), dict[str, Setting]()
    for name, value in settings.items():
        table, _dot, key = name.rpartition(".")
        inside = merged.get(table) or {} if table else merged
        if key in inside:
            if str(inside[key]) != str(value):
                overruled[name] = value
        elif table:
            merged[table] = {**inside, key: value}
        else:
            merged[key] = value
    return merged, overruled
