"""A deletion plan: an immutable list of contracts with a digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_bridge.domain.canonical import JsonValue, RunningDigest, canonical_bytes
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.planning.facts import FactCount
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.restoring.forecast import Forecast
from crm_bridge.errors import GuardError
from crm_bridge.i18n import _

SCHEMA = "crm-bridge.plan/1"
PURPOSE = b"crm-bridge.plan/1"
_MOST_DIGITS = 24
"""Before or after the decimal point, in an amount of money."""


_TENANT = ("connection", "adapter", "org", "module", "user", "environment")
_IN_CLEAR = ("id", *_TENANT, "automations", "fast", "boot", "mono_ms", "rule", "origin")


@dataclass(frozen=True, slots=True)
class PlanHead:
    """Everything of a plan but its targets. Times are aware UTC; `org` and `connection` bind it to one tenant.

    `boot` and `mono_ms` are `made_at` on the monotonic clock of the machine: milliseconds within that boot.
    """

    id: str
    connection: str
    adapter: str
    org: str
    module: str
    user: str
    environment: str
    step: Step
    automations: bool
    fast: bool
    made_at: datetime
    expires_at: datetime
    boot: str
    mono_ms: int
    assumptions: tuple[str, ...] = ()
    """What is neither published by the vendor nor observed on this tenant."""
    facts: FactCount | None = None
    side_effects: tuple[str, ...] = ()
    where: str = ""
    reason: str = ""
    rule: str = ""
    """How the contracts were chosen, without the values that may name people."""
    origin: str = "program"
    """Whether a `person` at a terminal made it, or a `program`."""
    author: str = ""
    """The operating system user who made it."""
    forecast: Forecast = field(default_factory=Forecast)
    """What each way back will bring back; part of the digest, so that it is confirmed with the rest."""

    def public(self) -> dict[str, JsonValue]:
        """Return what may stand in clear in the plan file: no filter text and no reason, they name people."""
        return {
            **{name: getattr(self, name) for name in _IN_CLEAR},
            "schema": SCHEMA,
            "step": self.step.value,
            "made_at": self.made_at.isoformat(timespec="milliseconds"),
            "expires_at": self.expires_at.isoformat(timespec="milliseconds"),
            "assumptions": list(self.assumptions),
            "facts": asdict(self.facts) if self.facts else None,
            "side_effects": list(self.side_effects),
            "forecast": self.forecast.as_json(),
        }

    def private(self) -> dict[str, JsonValue]:
        """Return what is sealed."""
        return {"where": self.where, "reason": self.reason, "author": self.author}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlanHead:
        """Read both parts back. Raises KeyError, TypeError, ValueError, AttributeError for anything else."""
        given = {name: item for name, item in value.items() if name not in ("schema", "sealed")}
        return cls(
            **{
                **given,
                "step": Step(given["step"]),
                "made_at": datetime.fromisoformat(given["made_at"]),
                "expires_at": datetime.fromisoformat(given["expires_at"]),
                "assumptions": tuple(given["assumptions"]),
                "facts": FactCount(**given["facts"]) if given["facts"] else None,
                "side_effects": tuple(given["side_effects"]),
                "forecast": Forecast.from_json(given["forecast"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """How many contracts, and how much money by currency."""

    count: int = 0
    amounts: Mapping[str, Decimal] = field(default_factory=dict)

    def plus(self, target: Target) -> Totals:
        """Return the totals with one more contract. Raises GuardError for an amount that no sum can hold."""
        amounts, card = dict(self.amounts), target.card
        if card.amount is not None:
            if not card.amount.is_finite() or abs(card.amount.adjusted()) > _MOST_DIGITS:
                raise GuardError(
                    _("the amount of contract {id} is out of range: no sum can be made with it").format(
                        id=target.ref.id
                    ),
                    reason="amount_out_of_range",
                    hint=_("put the amount right in the CRM, or leave this contract out of the selection"),
                )
            currency = card.currency or "?"
            amounts[currency] = amounts.get(currency, Decimal()) + card.amount
        return Totals(self.count + 1, amounts)

    def money(self) -> str:
        """Return `CNY 12,418,000 + EUR 300`, whole units, largest first; a dash where no amount is known."""
        ordered = sorted(self.amounts.items(), key=lambda item: (-item[1], item[0]))
        return " + ".join(f"{currency} {amount:,.0f}" for currency, amount in ordered) or "-"


class PlanDigest:
    """The digest of a plan, fed line by line: head, then every target, in order, then the notes."""

    def __init__(self, head: PlanHead) -> None:
        """Begin with the head, its sealed part included."""
        self._digest = RunningDigest(PURPOSE)
        self._digest.add(canonical_bytes(head.public()))
        self._digest.add(canonical_bytes(head.private()))

    def add(self, target: Target) -> None:
        """Take one target into account: id, module, content digest and card."""
        self._digest.add(
            canonical_bytes([target.ref.module, target.ref.id, target.digest, target.card.as_json()]),
        )

    def end(self, notes: PlanNotes) -> str:
        """Return the plan's digest, 64 hex digits, once all targets were taken into account."""
        self._digest.add(canonical_bytes(notes.as_json()))
        return self._digest.hex()


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """A finished plan. Its targets are streamed from its file."""

    head: PlanHead
    totals: Totals
    notes: PlanNotes
    digest: str

    @property
    def count(self) -> int:
        """Return the number of contracts."""
        return self.totals.count

    def phrase(self) -> str:
        """Return the words that a person types to confirm exactly this plan: what, how many, where, and its digest."""
        verb = "PURGE" if self.head.step is Step.PURGE else "DELETE"
        return f"{verb} {self.count} {self.head.connection} {self.digest[:6]}"
