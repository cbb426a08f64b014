"""Protection of single contracts: which rules of the policy keep one from being planned. Unknown is never "allowed"."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.planning.policy import DeletionPolicy
from crm_bridge.i18n import _


@dataclass(frozen=True, slots=True)
class Protection:
    """One rule that protects one contract, in words."""

    rule: str
    text: str


def folded(text: str) -> str:
    """Return a text in the form in which a policy compares it."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def fits(patterns: tuple[str, ...], text: str) -> bool:
    """Return whether one of the patterns fits the whole text."""
    return any(fnmatchcase(folded(text), folded(pattern)) for pattern in patterns)


def protections(policy: DeletionPolicy, contract: Contract, *, now: datetime) -> tuple[Protection, ...]:
    """Return every rule that protects a contract; a value that a rule needs and the CRM did not tell protects too."""
    return (
        *_holds(policy, contract),
        *_values(policy, contract),
        *_names(policy, contract),
        *_age(policy, contract, now),
    )


def _holds(policy: DeletionPolicy, contract: Contract) -> Iterator[Protection]:
    keys = {folded(contract.id), folded(contract.number or "")}
    for entry in policy.holds:
        if folded(entry.key) in keys:
            yield Protection("hold_list", _("on the hold list: {reason}").format(reason=entry.reason or "-"))
    if policy.holds and "number" in contract.untold and not contract.number:
        yield _unknown("hold_list", "number")


_BY_VALUE: Mapping[str, Callable[[DeletionPolicy], tuple[str, ...]]] = {
    "status": lambda policy: policy.protected_statuses,
    "owner": lambda policy: policy.protected_owners,
    "customer": lambda policy: policy.protected_customers,
}


def _values(policy: DeletionPolicy, contract: Contract) -> Iterator[Protection]:
    for name, of in _BY_VALUE.items():
        protected, value = of(policy), getattr(contract, name)
        if not protected:
            continue
        if name in contract.untold:
            yield _unknown(f"protected_{name}", name)
        elif value is not None and fits(protected, value):
            yield Protection(f"protected_{name}", f"{name} {value}")
    caps = policy.caps
    if caps.max_per_customer is not None and "customer" in contract.untold:
        yield _unknown("max_per_customer", "customer")
    if caps.max_amount:
        unknown = [name for name in ("amount", "currency") if name in contract.untold]
        # An amount without its currency belongs to no sum.
        if contract.amount is not None and contract.currency is None and "currency" not in unknown:
            unknown.append("currency")
        if unknown and (contract.amount is not None or "amount" in unknown):
            yield _unknown("max_amount", unknown[0])


def _names(policy: DeletionPolicy, contract: Contract) -> Iterator[Protection]:
    for name in ("number", "title") if policy.protected_names else ():
        value = getattr(contract, name)
        if value is not None and fits(policy.protected_names, value):
            yield Protection("protected_names", f"{name} {value}")
        elif value is None and name in contract.untold:
            yield _unknown("protected_names", name)


def _age(policy: DeletionPolicy, contract: Contract, now: datetime) -> Iterator[Protection]:
    if not policy.min_age_days:
        return
    if contract.created is None:
        yield _unknown("min_age_days", "created")
    elif now - contract.created < timedelta(days=policy.min_age_days):
        text = _("created {date}, less than {days} days ago")
        yield Protection("min_age_days", text.format(date=contract.created.date(), days=policy.min_age_days))


def _unknown(rule: str, name: str) -> Protection:
    return Protection(rule, _("its {field} is not known, and a rule needs it").format(field=name))
