"""Confirmations: what agrees to a plan fits only its digest, for as long as the plan is fresh."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_bridge.domain.moment import Moment
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.domain.planning.safety import refuse
from crm_bridge.errors import ConfirmationError
from crm_bridge.i18n import _


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
