"""The waits and attempts of a run as one value, and the rules of the policy that a whole plan breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from crm_bridge.domain.planning.policy import Caps, DeletionPolicy
from crm_bridge.errors import GuardError
from crm_bridge.i18n import N_, _


@dataclass(frozen=True, slots=True)
class SafetyPolicy:
    """The defaults of the product; seconds are named. Everything a rule needs is here, nothing is read elsewhere."""

    max_attempts: int = 2
    """Sends per contract and step: the first one, and one more once the first is proven not done."""
    settle_seconds: float = 60.0
    """Wait after a lost answer before the first look: the larger of 30 s and twice the read timeout."""
    second_look_seconds: float = 10.0
    copy_seconds: float = 30.0
    """Age of the last attempt to make a contract anew before its copy is looked for by a query."""
    allowed_skew: timedelta = timedelta(minutes=5)
    """How far the CRM's clock may be off when a deletion is attributed by time."""
    best_effort: bool = False
    """Save what can be saved of a contract and name the rest, where it only goes to the bin or the rest is files."""
    gate_window_seconds: float = 5.0
    """How old the last look may be when a request leaves; the real age is journaled."""


LOOPBACK_POLICY = SafetyPolicy(settle_seconds=0.5, second_look_seconds=0.1, copy_seconds=0.1)
"""For connections to this machine: an emulator is done when its answer is lost, nobody has to wait a minute."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that a plan breaks: how much the plan has of what the rule counts, and how much it allows.

    Money is text; `of` is its currency, the name of a customer, or a user.
    """

    rule: str
    count: int | str
    limit: int | str
    of: str = ""

    def text(self) -> str:
        """Return the reason in the reader's language."""
        return _(_TEXTS[self.rule]).format(count=self.count, limit=self.limit, of=self.of)

    def hint(self) -> str:
        """Return what to do about it."""
        return _(_HINTS[self.rule]).format(count=self.count, limit=self.limit, of=self.of)


_TEXTS = {
    "max_contracts": N_("{count} contracts are planned, and a plan may have {limit}"),
    "max_leaves": N_("{count} lines, notes and files would go along, and a plan may take {limit}"),
    "max_share": N_("the plan has {count} % of the module's contracts, and a plan may have {limit} %"),
    "module_not_counted": N_("the CRM does not tell how many contracts the module has, so the plan's share is unknown"),
    "max_amount": N_("{of} {count} are planned, and a plan may have {of} {limit}"),
    "max_per_customer": N_("{count} contracts of one customer are planned ({of}), and a plan may have {limit}"),
    "quota": N_("the plan needs about {count} credits, and {limit} are left today"),
    "bin_full": N_("the CRM's bin has room for {limit} more records: what others deleted would be lost for them"),
    "bin_not_counted": N_("the CRM does not tell how full its bin is, and the policy gives it room for {limit}"),
    "fact": N_("{of} was observed on this tenant as `{count}`, and the adapter relies on the opposite"),
    "fact_overruled": N_("{of} was observed on this tenant as `{count}`, and config.toml says otherwise"),
    "undo_too_short": N_("the CRM's bin keeps records {count} days, and the policy wants {limit}"),
}
_HINTS = {
    "max_contracts": N_(
        "narrow the selection; if it is meant, plan again with --max-contracts {count}, or raise max_contracts in "
        "config.toml"
    ),
    "max_leaves": N_("narrow the selection; if it is meant, plan again with --max-leaves {count}"),
    "max_share": N_("narrow the selection; if it is meant, plan again with --max-share {count}"),
    "module_not_counted": N_("plan less than the share of 1,000 contracts, or plan with --max-share 100"),
    "max_amount": N_("narrow the selection; if it is meant, plan again with --max-amount {of}:{count}"),
    "max_per_customer": N_("narrow the selection; if it is meant, plan again with --max-per-customer {count}"),
    "quota": N_("plan less, or again tomorrow: a run that stops half-way is worse"),
    "bin_full": N_("plan less, empty the bin in the CRM first, or wait until it has"),
    "bin_not_counted": N_("let this user see the bin, or take bin_capacity out of config.toml"),
    "fact": N_("have the CRM changed and prove the connection again; `crm-bridge prove` tells what it means"),
    "fact_overruled": N_("take {of} out of config.toml, or prove the connection again"),
    "undo_too_short": N_("plan when there is time to look, or lower min_undo_days in config.toml"),
}


@dataclass(frozen=True, slots=True)
class Extent:
    """Everything about a whole plan that a cap counts."""

    contracts: int
    amounts: Mapping[str, Decimal]
    largest_customer: tuple[str, int] = ("", 0)
    module_contracts: int | None = None
    """Contracts of the module; None where the CRM did not tell, or nobody had to ask."""
    leaves: int | None = None
    """Lines, notes and files that the CRM counted; None where it counts none. There may be more."""


def share_matters(caps: Caps, contracts: int) -> bool:
    """Return whether so many contracts could be too large a share of a module that is large enough to count."""
    return contracts * 100 > caps.max_share * caps.share_from


def refusals(policy: DeletionPolicy, extent: Extent) -> tuple[Refusal, ...]:
    """Return every cap that a plan exceeds: all of them, not only the first."""
    return tuple(_broken(policy.caps, extent))


def _broken(caps: Caps, extent: Extent) -> Iterator[Refusal]:
    if extent.contracts > caps.max_contracts:
        yield Refusal("max_contracts", extent.contracts, caps.max_contracts)
    if (extent.leaves or 0) > caps.max_leaves:
        yield Refusal("max_leaves", extent.leaves or 0, caps.max_leaves)
    yield from _share(caps, extent)
    for currency, most in caps.max_amount:
        if (planned := extent.amounts.get(currency, Decimal())) > most:
            yield Refusal("max_amount", f"{planned:f}", f"{most:f}", currency)
    customer, count = extent.largest_customer
    if caps.max_per_customer is not None and count > caps.max_per_customer:
        yield Refusal("max_per_customer", count, caps.max_per_customer, customer)


def _share(caps: Caps, extent: Extent) -> Iterator[Refusal]:
    if caps.max_share >= 100 or not share_matters(caps, extent.contracts):
        return
    total = extent.module_contracts
    if total is None:
        yield Refusal("module_not_counted", extent.contracts, caps.max_share)
    elif total >= caps.share_from and extent.contracts * 100 > caps.max_share * total:
        yield Refusal("max_share", -(-extent.contracts * 100 // max(1, total)), caps.max_share)


def refuse(reasons: Sequence[Refusal]) -> None:
    """Raise GuardError when a plan breaks any rule."""
    if reasons:
        raise GuardError(
            "; ".join(reason.text() for reason in reasons),
            reason=reasons[0].rule,
            hint="; ".join(dict.fromkeys(reason.hint() for reason in reasons)),
        )
