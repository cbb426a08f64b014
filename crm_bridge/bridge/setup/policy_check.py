"""A policy held against its CRM: what it names and the CRM does not know, and what it says of one contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_bridge.domain.planning.paper import leaves_of, paper_of
from crm_bridge.domain.planning.protection import fits, protections
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.bridge import Bridge
    from crm_bridge.domain.planning.policy import DeletionPolicy
    from crm_bridge.spi.adapter import Profile


@dataclass(frozen=True, slots=True)
class Explained:
    """Every rule that holds one contract, with its words."""

    id: str
    number: str | None
    leaves: int
    rules: list[tuple[str, str]]


def check_policy(bridge: Bridge, name: str) -> list[tuple[str, str]]:
    """Return the keys of a policy that name something which the CRM does not know, and what it is."""
    return list(_findings(bridge.rules(name), bridge.profile(name)))


def _findings(rules: DeletionPolicy, profile: Profile) -> Iterator[tuple[str, str]]:
    if rules.problem:
        yield "hold_list", rules.problem
    by_meaning = {field.meaning: field for field in profile.fields if field.meaning}
    status = by_meaning.get("status")
    known = [text for option in status.options for text in option] if status else []
    for word in rules.protected_statuses if known else ():
        if not any(fits((word,), one) for one in known):
            yield "protected_statuses", _("no status of the module is {word}").format(word=word)
    needed = {
        "protected_statuses": ("status", rules.protected_statuses),
        "protected_owners": ("owner", rules.protected_owners),
        "protected_customers": ("customer", rules.protected_customers),
        "max_per_customer": ("customer", rules.caps.max_per_customer),
        "max_amount": ("amount", rules.caps.max_amount),
        "min_age_days": ("created", rules.min_age_days),
    }
    for key, (meaning, value) in needed.items():
        if value and meaning not in by_meaning:
            yield (
                key,
                _("the module has no field known as {meaning}: every contract is protected").format(meaning=meaning),
            )
    for key, users in (("may_apply", rules.may_apply), ("may_purge", rules.may_purge)):
        if users and profile.user_id not in users:
            yield key, _("you are CRM user {user}, who is not among them").format(user=profile.user_id)
    names = {text for one in profile.relations for text in (one.name, one.label, one.module)}
    for key, words in (("no_paper", rules.no_paper),):
        for word in words:
            if not any(fits((word,), text) for text in names):
                yield key, _("no list or module fits {word}").format(word=word)


def explain_contract(bridge: Bridge, name: str, wanted: str) -> Explained:
    """Return what a policy says of one contract, its paper included. Raises NothingMatchedError."""
    details = bridge.connect(name).show(wanted)
    rules, profile, contract = bridge.rules(name), bridge.profile(name), details.contract
    now = bridge.env.clock.now()
    held = [(one.rule, one.text) for one in protections(rules, contract, now=now)]
    paper = paper_of(details.snapshot, profile.relations, rules, end=contract.end, today=now.date())
    held += [(rule, says) for line in paper for rule, _colon, says in [line.partition(": ")]]
    return Explained(contract.id, contract.number, leaves_of(details.snapshot, profile.relations), held)
