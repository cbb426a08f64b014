"""How plans look: as JSON, and as the card that a person reads before confirming."""

from __future__ import annotations

from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from crm_bridge.cli.contract_view import money
from crm_bridge.cli.forecast_view import forecast_pairs
from crm_bridge.cli.output import Output
from crm_bridge.domain.capabilities import Support
from crm_bridge.domain.pace import Pace
from crm_bridge.domain.plan import Card, PlanHead
from crm_bridge.domain.plan_notes import PlanNotes
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.registry import load_adapter

if TYPE_CHECKING:
    from crm_bridge.bridge import Plan

PLAN = "crm-bridge.plan/1"
SHOWN = 10
"""Contracts that the card lists."""


def plan_json(plan: Plan, *, contracts: bool = False) -> dict[str, Any]:
    """Return a plan as JSON, its contracts only when asked for."""
    head = plan.head
    value: dict[str, Any] = {
        "digest": plan.digest,
        "count": plan.count,
        "phrase": plan.phrase,
        "file": str(plan.path),
        **{key: item for key, item in head.public().items() if key != "schema"},
        "where": head.where,
        "reason": head.reason,
        "amounts": {currency: str(amount) for currency, amount in plan.deletion_plan.totals.amounts.items()},
        "notes": _notes_json(plan.notes),
        "predicted": _predicted_json(plan),
    }
    if contracts:
        value["contracts"] = [{"id": item.id, **item.card.as_json()} for item in plan]
    return value


def _notes_json(notes: PlanNotes) -> dict[str, Any]:
    shown = {key: value for key, value in notes.as_json().items() if key not in ("predicted", "credits_left")}
    broken = [{**asdict(one), "message": one.text()} for one in notes.refusals]
    return {**shown, "pace": _pace_json(notes.pace), "refusals": broken}


def _predicted_json(plan: Plan) -> dict[str, Any] | None:
    predicted = plan.notes.predicted
    if predicted is None:
        return None
    return {"calls": predicted.calls, "credits": predicted.credits, "credits_left": plan.notes.credits_left}


def plan_card(plan: Plan, out: IO[str] | None = None) -> None:
    """Print the card that a person reads before confirming. Ids, counts and digests are ours, texts are escaped."""
    head = plan.head
    rows: list[tuple[str, object]] = [
        (_("connection"), f"{head.connection} ({head.environment}, {head.adapter}, {head.org})"),
        (_("module"), head.module),
        (_("step"), _("move to the CRM's bin") if head.step.value == "trash" else _("delete for good")),
        (_("contracts"), plan.count),
        (_("amount"), plan.deletion_plan.totals.money()),
        (_("selected by"), head.where),
        (_("reason"), head.reason or "-"),
        (_("automations"), _automations(head)),
        (_("also happens"), ", ".join(_(effect) for effect in head.side_effects) or "-"),
        (_("assumptions"), ", ".join(head.assumptions) or "-"),
        (_("valid until"), head.expires_at.isoformat(timespec="minutes")),
        (_("digest"), plan.digest),
    ]
    rows += forecast_pairs(head.forecast)
    rows += _noticed(plan)
    Output.pairs(rows, out=out)
    shown = [item for _index, item in zip(range(SHOWN), plan, strict=False)]
    columns = (_("number"), _("title"), _("customer"), _("status"), _("amount"), _("id"))
    Output.table(columns, [_card_row(item.id, item.card) for item in shown], out=out)
    if plan.count > len(shown):
        Output.text(_("... and {count} more").format(count=plan.count - len(shown)), out=out)


def _automations(head: PlanHead) -> str:
    if head.automations:
        return _("will run")
    try:
        off = load_adapter(head.adapter).capabilities.automations_off.support
    except UsageError:  # a plan may be read where its adapter is not installed
        off = Support.UNPROVEN
    return _("will run: this CRM cannot switch them off") if off is Support.ABSENT else _("off where the CRM allows it")


def _noticed(plan: Plan) -> list[tuple[str, object]]:
    notes = plan.notes
    found: list[tuple[str, object]] = []
    obstacles = (
        (_("locked"), notes.locked, Reason.LOCKED),
        (_("in approval"), notes.in_approval, Reason.IN_APPROVAL),
        (_("in a process"), notes.in_process, Reason.IN_PROCESS),
        (_("read-only for you"), notes.read_only, Reason.SHARING),
    )
    for label, count, reason in obstacles:
        if count:
            found.append((label, _("{count} will be left alone: {why}").format(count=count, why=with_help(reason))))
    if notes.predicted:
        left = "" if notes.credits_left is None else _(", {left} left today").format(left=notes.credits_left)
        told = _("about {calls} calls, {credits} credits{left}; files come on top")
        text = told.format(calls=notes.predicted.calls, credits=notes.predicted.credits, left=left)
        found.append((_("cost"), text))
    if notes.missing:
        found.append((_("not found"), ", ".join(notes.missing)))
    found += [(_("not readable"), line) for line in notes.unreadable]
    if notes.undecided:
        found.append((_("left out, not judged"), notes.undecided))
    found += [(_("warning"), warning) for warning in notes.warnings]
    found += [(_("cannot be carried out"), broken.text()) for broken in notes.refusals]
    if notes.pace:
        found.append((_("calls"), _pace(notes.pace)))
    return found


def with_help(reason: Reason) -> str:
    """Return a reason in words, and who can help."""
    return "; ".join(filter(None, (reason.words, reason.help)))


def _pace(pace: Pace) -> str:
    words = _("at least {calls}, in {seconds} s or more") if pace.seconds else _("at least {calls}")
    told = words.format(calls=f"{pace.calls:,}", seconds=f"{pace.seconds:,}")
    if pace.days < 2 or pace.calls_per_day is None:
        return told
    more = _("the CRM takes {count} a day: go on with `crm-bridge resume` for {days} days")
    return f"{told}; {more.format(count=f'{pace.calls_per_day:,}', days=pace.days)}"


def _pace_json(pace: Pace | None) -> dict[str, int | None] | None:
    if pace is None:
        return None
    return {"calls": pace.calls, "seconds": pace.seconds, "calls_per_day": pace.calls_per_day, "days": pace.days}


def _card_row(record_id: str, card: Card) -> tuple[object, ...]:
    return (card.number, card.title, card.customer, card.status, money(card.amount, card.currency), record_id)
