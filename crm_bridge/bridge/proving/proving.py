"""Proving a connection: the reading part, the writing part once somebody agreed to it, cleaning up after a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crm_bridge.bridge.proving.cleaning import Cleaning, label_field
from crm_bridge.bridge.proving.journey import COUNT, ProvingJourney
from crm_bridge.bridge.proving.proof import Proof, ProvingPlan
from crm_bridge.bridge.proving.proof_record import unfinished
from crm_bridge.bridge.proving.prover import Prover
from crm_bridge.errors import ConfirmationError, CrmBridgeError, GuardError, JournalBusyError, NothingMatchedError
from crm_bridge.i18n import _
from crm_bridge.pipeline.planning.policing import refuse_problem
from crm_bridge.spi.proving import ProvingStage

if TYPE_CHECKING:
    from crm_bridge.bridge.bridge import Bridge
    from crm_bridge.bridge.connection import Connection
    from crm_bridge.domain.snapshot import Snapshot

_HARMLESS = ("sandbox", "developer")
"""Environments that are meant for trying out; what a CRM does not tell counts as production."""
Confirmed = Callable[[ProvingPlan], str] | str | None


def prove(bridge: Bridge, crm: Connection, *, confirm: Confirmed, template: str, production: bool) -> Proof:
    """Do the reading part and, with `confirm`, the writing part."""
    prover = Prover(bridge, crm)
    if confirm is None:
        prover.look(ProvingStage.READING)
        return prover.proof()
    plan = _plan(crm, template=template, production=production)
    _check_phrase(plan, confirm(plan) if callable(confirm) else confirm)
    journey = ProvingJourney(prover, _copied(crm, template) if template else None)
    journey.go(production=production)
    return prover.proof(journey.steps, left=journey.left)


def _plan(crm: Connection, *, template: str, production: bool) -> ProvingPlan:
    """Return what will be done; GuardError where it must not be, before anything is asked."""
    context, profile = crm.context, crm.profile()
    refuse_problem(context)
    label_field(profile.fields)
    if not context.facts.facts:
        raise GuardError(
            _("nothing was observed on {name} in the last 90 days").format(name=crm.name),
            reason="not_read",
            hint=_("do the reading part first: `crm-bridge prove {name}`").format(name=crm.name),
        )
    if profile.environment not in _HARMLESS and not production:
        raise GuardError(
            _("{name} is no sandbox as far as the CRM tells ({environment})").format(
                name=crm.name, environment=profile.environment
            ),
            reason="production",
            hint=_("prove a sandbox, or say --production if contracts may be created and purged here"),
        )
    if context.rules.min_age_days:
        raise GuardError(
            _("the policy protects contracts that are younger than {days} days: ours could not be removed").format(
                days=context.rules.min_age_days
            ),
            reason="protected",
            hint=_("set min_age_days = 0 for this connection while it is proven"),
        )
    said = production and profile.environment not in _HARMLESS
    return ProvingPlan(
        crm.name, profile.org_id, profile.org_name, profile.environment, profile.module, COUNT, template, said
    )


def _check_phrase(plan: ProvingPlan, typed: str) -> None:
    if " ".join(typed.split()) != plan.phrase:
        raise ConfirmationError(
            _("not confirmed; nothing was created"),
            reason="wrong_confirmation",
            hint=_("the phrase is: {phrase}").format(phrase=plan.phrase),
        )


def _copied(crm: Connection, template: str) -> Snapshot:
    contract = crm.get(template)
    from crm_bridge.domain.snapshot import Snapshot

    (copy,) = crm.context.adapter.snapshot([contract.ref])
    if not isinstance(copy, Snapshot):
        raise NothingMatchedError(copy.message, reason=copy.reason)
    return copy


def clean(bridge: Bridge, crm: Connection) -> tuple[int, int]:
    """Remove what interrupted proofs created; return how many there were, and how many contracts are left.

    A proof that is still going on is left alone.
    """
    prover, left = Prover(bridge, crm), 0
    records = unfinished(crm.context)
    for record in records:
        try:
            with record.working(crm.context):
                left += Cleaning(prover, record).clean()
        except JournalBusyError:
            continue
        except CrmBridgeError as problem:
            bridge.warn(problem.message)
            left += len(record.made) + len(record.open)
    return len(records), left
