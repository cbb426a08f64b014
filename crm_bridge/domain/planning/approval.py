"""Approvals: which plans need a second person, and what an approval says and signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.i18n import _

SKEW = timedelta(minutes=5)
"""How far the clock of the approver's machine may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Agreement of one key (Ed25519, 64 hex digits) to one plan, until a moment."""

    plan: str
    key: str
    at: datetime
    expires: datetime

    def as_json(self) -> dict[str, JsonValue]:
        """Return the statement as JSON."""
        at, expires = (one.isoformat(timespec="seconds") for one in (self.at, self.expires))
        return {"plan": self.plan, "key": self.key, "at": at, "expires": expires}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_json` returned. Raises TypeError, ValueError, KeyError for anything else."""
        at, expires = (datetime.fromisoformat(value[name]) for name in ("at", "expires"))
        if at.utcoffset() is None or expires.utcoffset() is None:
            raise ValueError("a time without its offset")
        read = cls(value["plan"], value["key"], at, expires)
        if read.as_json() != dict(value):
            raise ValueError("not canonical")
        return read

    def problem(self, digest: str, made_at: datetime, *, now: datetime) -> str:
        """Return why it does not approve a plan now, whoever signed it; empty where it does."""
        if self.plan != digest:
            return _("it approves another plan")
        if self.at > now + SKEW or self.at < made_at - SKEW:
            return _("it is dated outside of the plan's life: {time}").format(
                time=self.at.isoformat(timespec="minutes")
            )
        if now >= self.expires:
            return _("it expired at {time}").format(time=self.expires.isoformat(timespec="minutes"))
        return ""


@dataclass(frozen=True, slots=True)
class Member:
    """Someone of the team: the key that signs approvals, and how this person is known elsewhere."""

    name: str
    key: str
    """Ed25519, 64 hex digits."""
    reader: str = ""
    """The public half of an age key, for plans that are shared."""
    user: str = ""
    """The operating system user on the machines where plans are made: nobody approves plans of their own."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return the member as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """So many of these members (none named: of the whole team) must approve the plans that all conditions fit."""

    needed: int = 1
    of: tuple[str, ...] = ()
    contracts: int = 0
    """Plans of so many contracts or more."""
    amount: tuple[tuple[str, str], ...] = ()
    """Plans of so much or more in one of these currencies, as text."""
    step: str = ""
    """Only plans that `trash`, or that `purge`."""
    origin: str = ""
    """Only plans that a `person` made, or a `program`."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `asdict` returned, from JSON."""
        amount = tuple((currency, least) for currency, least in value["amount"])
        return cls(**{**value, "of": tuple(value["of"]), "amount": amount})

    def applies(self, *, step: str, origin: str, count: int, amounts: Mapping[str, Decimal]) -> bool:
        """Return whether a plan needs these approvals."""
        fits = self.step in ("", step) and self.origin in ("", origin) and count >= self.contracts
        worth = any(amounts.get(currency, Decimal()) >= Decimal(least) for currency, least in self.amount)
        return fits and (worth or not self.amount)

    def counted(self, names: frozenset[str]) -> int:
        """Return how many of these members the rule counts."""
        return len(names & set(self.of)) if self.of else len(names)

    def text(self) -> str:
        """Return what is needed, in words."""
        whom = ", ".join(self.of) or _("the team")
        return _("{count} of {whom}").format(count=self.needed, whom=whom)
