"""One contract of a plan: its address, its digest, and the card by which people recognise it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.contract import CONTRACT_FIELDS, Contract, ContractRef, RecordState, Untold


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
        return cls(**{name: getattr(contract, name) for name in _SHOWN})

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


_SHOWN = tuple(field.name for field in fields(Card))
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
            **{name: getattr(card, name) for name in _SHOWN},
            state=RecordState.UNKNOWN,
            digest=self.digest,
            raw={},
            untold={} if self.digest else _NOTHING_KEPT,
        )
