"""The policy of deletions: how much one plan may be, which contracts are protected, how a run proceeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any, Self

from crm_bridge.domain.canonical import JsonValue, digest_of
from crm_bridge.domain.planning.approval import ApprovalRule
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

PAPER_KINDS = ("signed_copy", "envelope", "payment", "order", "invoice")
"""Documents and records that show a contract to be in force: they outlive its record."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Upper bounds of one plan. `None` and a currency without an amount are unlimited."""

    max_contracts: int = 500
    max_leaves: int = 5_000
    """Lines, notes and files that go with the contracts, counted when they are saved."""
    max_share: int = 25
    """Percent of the module's contracts."""
    share_from: int = 1_000
    """Contracts of a module from which on the share counts: a quarter of a small module is nothing unusual."""
    max_per_customer: int | None = None
    max_amount: tuple[tuple[str, Decimal], ...] = ()
    """Money by currency (ISO 4217)."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return the caps as JSON; amounts as text."""
        amounts: dict[str, JsonValue] = {currency: str(amount) for currency, amount in self.max_amount}
        return {**asdict(self), "max_amount": amounts}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_json` returned. Raises TypeError, ValueError, AttributeError for anything else."""
        amounts = tuple((currency, Decimal(amount)) for currency, amount in value["max_amount"].items())
        return cls(**{**value, "max_amount": amounts})

    def raised(self, **given: Any) -> Self:
        """Return the caps with those that are given in place of these. Raises UsageError."""
        wanted = {name: value for name, value in given.items() if value is not None}
        for name, value in wanted.items():
            if name != "max_amount" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise UsageError(_("{name} must be a whole number from 1 on").format(name=name))
        if "max_amount" in wanted:
            wanted["max_amount"] = _amounts(dict(self.max_amount), wanted["max_amount"])
        return replace(self, **wanted)

    def differences(self, other: Caps) -> Iterator[str]:
        """Yield `name=value` of each cap that `other` sets differently."""
        mine, others = self.as_json(), other.as_json()
        for name in sorted(mine):
            if name != "max_amount" and mine[name] != others[name]:
                yield f"{name}={others[name]}"
        before = dict(self.max_amount)
        yield from (f"max_amount={cur}:{most}" for cur, most in other.max_amount if before.get(cur) != most)


def _amounts(known: dict[str, Decimal], given: object) -> tuple[tuple[str, Decimal], ...]:
    wanted = given if isinstance(given, Mapping) else {}
    amounts = {str(currency).upper(): _amount(amount) for currency, amount in wanted.items()}
    return tuple(sorted({**known, **amounts}.items()))


def _amount(value: object) -> Decimal:
    amount = value if isinstance(value, Decimal) else Decimal(value) if isinstance(value, int) else None
    if amount is None or not amount.is_finite() or amount < 0:
        raise UsageError(_("max_amount takes a number per currency, such as CNY:1000000"))
    return amount


@dataclass(frozen=True, slots=True)
class Retention:
    """A named rule that releases contracts with paper of some kinds, once their end lies far enough back."""

    name: str
    releases: tuple[str, ...]
    ended_days: int = 0
    """Days since the contract's end date; with 0 the date does not matter."""


@dataclass(frozen=True, slots=True)
class HoldEntry:
    """One line of a hold list: the id or number of a contract, and why it stays."""

    key: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeletionPolicy:
    """Everything that a policy says. Texts are compared without case; patterns know `*` and `?`."""

    name: str = ""
    caps: Caps = field(default_factory=Caps)
    protected_statuses: tuple[str, ...] = ()
    protected_owners: tuple[str, ...] = ()
    protected_customers: tuple[str, ...] = ()
    protected_names: tuple[str, ...] = ()
    """Patterns of numbers and titles."""
    min_age_days: int = 0
    """Days since a contract was created before it may be deleted."""
    holds: tuple[HoldEntry, ...] = ()
    problem: str = ""
    """Why part of the policy could not be read: then it allows nothing."""
    may_apply: tuple[str, ...] = ()
    """Ids of the CRM users who may carry plans out; empty = every user."""
    may_purge: tuple[str, ...] = ()
    paper: tuple[str, ...] = PAPER_KINDS
    """Kinds of paper that hold a contract."""
    paper_sources: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By kind: lists, modules and file names (patterns) that count besides those that metadata shows."""
    no_paper: tuple[str, ...] = ()
    """Lists, modules and file fields that count for nothing."""
    retention: tuple[Retention, ...] = ()
    approvals: tuple[ApprovalRule, ...] = ()
    """Which plans need a second person."""
    noise: tuple[str, ...] = ()
    """Vendor fields whose change does not hold a contract."""
    ramp: tuple[int, ...] = (5,)
    """Contracts that are deleted and verified before the next, larger part; the rest follows the last one."""
    max_in_doubt_percent: int = 1
    max_refused_percent: int = 50
    """Share of what was sent that the CRM may refuse before the run halts; 100 never halts it."""
    bin_capacity: int | None = None
    """Records that the CRM's bin holds before the oldest are pushed out; no vendor tells, so `None` checks nothing."""
    min_undo_days: int = 3
    """Days that the CRM's bin must keep what it is given."""
    plan_valid_hours: float = 24
    max_attachment_mb: int = 100
    rehearse_above: int = 50

    def as_json(self) -> dict[str, JsonValue]:
        """Return the whole policy as JSON."""
        plain = {name: _plain(value) for name, value in asdict(self).items() if name != "caps"}
        return {**plain, "caps": self.caps.as_json(), "plan_valid_hours": str(self.plan_valid_hours)}

    def digest(self) -> str:
        """Return the SHA-256 of the policy, in hex: one that differs in anything is another policy."""
        return digest_of(self.as_json())

    @property
    def released_kinds(self) -> tuple[str, ...]:
        """Return in words what the retention rules release, for people."""
        return tuple(f"{rule.name}: {', '.join(rule.releases)}" for rule in self.retention)


def _plain(value: Any) -> JsonValue:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value  # type: ignore[no-any-return]
