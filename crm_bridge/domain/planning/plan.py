"""A deletion plan: an immutable list of contracts with a digest, and a confirmation that fits only this digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm_bridge.domain.canonical import JsonValue, RunningDigest, canonical_bytes
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import CONTRACT_FIELDS, Contract, ContractRef, RecordState, Untold
from crm_bridge.domain.moment import Moment
from crm_bridge.domain.planning.facts import FactCount
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.planning.safety import refuse
from crm_bridge.domain.restoring.forecast import Forecast
from crm_bridge.errors import ConfirmationError, GuardError
from crm_bridge.i18n import _

SCHEMA = "crm-bridge.plan/1"
PURPOSE = b"crm-bridge.plan/1"
_MOST_DIGITS = 24
"""Before or after the decimal point, in an amount of money."""


@dataclass(frozen=True, slots=True)
class Card:
    """The fields by which people recognise a contract. Personal: on disk only ever sealed."""

    number: str | None = None
    title: str | None = None
    customer: str | None = None
    status: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    start: date | None = None
    end: date | None = None
    owner: str | None = None
    created: datetime | None = None
    modified: datetime | None = None

    @classmethod
    def of(cls, contract: Contract) -> Card:
        """Take the card out of a contract."""
        return cls(
            contract.number,
            contract.title,
            contract.customer,
            contract.status,
            contract.amount,
            contract.currency,
            contract.start,
            contract.end,
            contract.owner,
            contract.created,
            contract.modified,
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return the card as JSON; the amount as text."""
        return {
            "number": self.number,
            "title": self.title,
            "customer": self.customer,
            "status": self.status,
            "amount": None if self.amount is None else str(self.amount),
            "currency": self.currency,
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "owner": self.owner,
            "created": self.created.isoformat() if self.created else None,
            "modified": self.modified.isoformat() if self.modified else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Card:
        """Read what `as_json` returned. Raises KeyError, TypeError, ValueError for anything else."""
        amount, start, end = value["amount"], value["start"], value["end"]
        created, modified = value["created"], value["modified"]
        return cls(
            value["number"],
            value["title"],
            value["customer"],
            value["status"],
            None if amount is None else Decimal(amount),
            value["currency"],
            None if start is None else date.fromisoformat(start),
            None if end is None else date.fromisoformat(end),
            value["owner"],
            None if created is None else datetime.fromisoformat(created),
            None if modified is None else datetime.fromisoformat(modified),
        )


_NOTHING_KEPT = dict.fromkeys(CONTRACT_FIELDS[1:], Untold.NOT_KEPT)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One contract of a plan: its address, the digest of its content when planned, and its card.

    The card may be given as a function that opens it: most passes over a plan want no more than the address.
    """

    ref: ContractRef
    digest: str
    _card: Card | Callable[[], Card] = field(default=Card(), repr=False)

    @property
    def card(self) -> Card:
        """Return what people recognise the contract by."""
        return self._card if isinstance(self._card, Card) else self._card()

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same contract with the same digest and card."""
        return isinstance(other, Target) and self._facts() == other._facts()

    def __hash__(self) -> int:
        """Return the hash of the address."""
        return hash(self.ref)

    def _facts(self) -> tuple[ContractRef, str, Card]:
        return self.ref, self.digest, self.card

    def contract(self) -> Contract:
        """Return the contract as far as a plan keeps it; without digest and card, nothing but its address."""
        card = self.card
        return Contract(
            ref=self.ref,
            number=card.number,
            title=card.title,
            customer=card.customer,
            status=card.status,
            amount=card.amount,
            currency=card.currency,
            start=card.start,
            end=card.end,
            owner=card.owner,
            created=card.created,
            modified=card.modified,
            state=RecordState.UNKNOWN,
            digest=self.digest,
            raw={},
            untold={} if self.digest else _NOTHING_KEPT,
        )


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


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Agreement to one digest, at one time, in one way (`phrase` or `digest`)."""

    digest: str
    at: datetime
    by: str
    how: str


@dataclass(frozen=True, slots=True)
class ConfirmedPlan:
    """A confirmed plan. Only `confirm_plan` makes one."""

    plan: DeletionPlan
    confirmation: Confirmation


def confirm_plan(plan: DeletionPlan, word: object, *, now: Moment, by: str) -> ConfirmedPlan:
    """Bind a confirmation to this plan: its full digest, or its phrase typed out; anything else confirms nothing.

    Raises ConfirmationError, and GuardError for a plan that breaks a safety rule.
    """
    refuse(plan.notes.refusals)
    check_fresh(plan, now=now)
    if (how := how_confirmed(word, plan.digest, plan.phrase())) is None:
        raise ConfirmationError(
            _("that does not confirm this plan ({digest}); nothing was sent").format(digest=plan.digest[:12]),
            reason="wrong_confirmation",
            hint=_(
                "look at the plan again with `crm-bridge plan show`, then give its whole digest or the phrase shown"
            ),
        )
    return ConfirmedPlan(plan, Confirmation(plan.digest, now.at, by, how))


def how_confirmed(word: object, digest: str, phrase: str) -> str | None:
    """Return whether a word is this `digest` or this `phrase` typed out; None where it is neither."""
    given = word.strip() if isinstance(word, str) else ""
    if given.lower().removeprefix("sha256:") == digest:
        return "digest"
    return "phrase" if " ".join(given.split()) == phrase else None


def check_fresh(plan: DeletionPlan, *, now: Moment) -> None:
    """Refuse a plan that is past its time by either clock, or that claims to come from the future."""
    head = plan.head
    if now.at >= head.expires_at:
        raise ConfirmationError(
            _("the plan expired at {time}").format(time=head.expires_at.isoformat(timespec="minutes")),
            reason="plan_expired",
            hint=_("plan again: contracts may have changed since"),
        )
    passed = now.since(head.boot, head.mono_ms)
    if passed is not None and passed >= head.expires_at - head.made_at:
        raise ConfirmationError(
            _("the plan has expired: since it was made, more time has passed than this machine's clock shows"),
            reason="plan_expired",
            hint=_("set the clock right, then plan again"),
        )
    if now.at < head.made_at:
        raise ConfirmationError(
            _("the plan is dated {time}, which is later than this machine's clock").format(
                time=head.made_at.isoformat(timespec="minutes")
            ),
            reason="plan_from_the_future",
            hint=_("set the clock right, then plan again"),
        )
