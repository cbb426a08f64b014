"""How plans look: as JSON, and as the card that a person reads before confirming."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from crm_bridge.cli.contract_view import counted, money
from crm_bridge.cli.forecast_view import forecast_columns, forecast_pairs, forecast_table, way_back_pairs
from crm_bridge.cli.output import Output, plain
from crm_bridge.cli.tables import amount, cut, key, title
from crm_bridge.domain.capabilities import Support
from crm_bridge.domain.pace import Pace
from crm_bridge.domain.plan import Card, PlanHead
from crm_bridge.domain.plan_notes import PlanNotes
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _, ngettext
from crm_bridge.registry import load_adapter

if TYPE_CHECKING:
    from crm_bridge.bridge import Plan
    from crm_bridge.domain.contract import Contract

PLAN = "crm-bridge.plan/1"
_NAMED = 3
"""Contracts that the card names."""
_NAME = 16
"""Cells of a title or customer on the card: both stay on its line."""
_EACH = 5
"""Lines of one kind that the card shows before it counts them."""


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
        value["contracts"] = [{"id": item.id, **Card.of(item).as_json()} for item in plan]
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
    """Print the card that a person reads before confirming. Ids, counts and digests are ours, texts are escaped.

    Every warning and every loss has its line; more than five of one kind are one line with their count.
    """
    head = plan.head
    rows: list[tuple[str, object]] = [
        (_("where"), f"{head.connection} ({head.environment}, {head.org})"),
        (_("what"), _what(plan)),
        *([(_("selected by"), head.where)] if plan.count > 1 else []),
        *([(_("reason"), head.reason)] if head.reason else []),
        (_("what happens"), _happens(head)),
        *way_back_pairs(head.forecast),
        *([(_("valid until"), head.expires_at.isoformat(timespec="minutes"))] if plan.count > 1 else []),
    ]
    Output.pairs([*rows, *_few(_noticed(plan))], out=out)


def _what(plan: Plan) -> str:
    """Return how many contracts and how much money, and by what a person recognises some of them."""
    if plan.count == 1:
        item = next(iter(plan))
        names = (cut(plain(name), _NAME) for name in (item.title, item.customer) if name)
        return ", ".join(filter(None, (item.number or item.id, money(item.amount, item.currency), *names)))
    named = ", ".join(item.number or item.id for item in islice(plan, _NAMED))
    more = ", …" if plan.count > _NAMED else ""
    return f"{counted(plan.count, plan.deletion_plan.totals.amounts)}: {named}{more}"


def _happens(head: PlanHead) -> str:
    step = _("into the CRM's bin") if head.step.value == "trash" else _("deleted for good")
    told = [step, _automations(head)]
    if head.side_effects:
        count = len(head.side_effects)
        told.append(ngettext("{count} side effect", "{count} side effects", count).format(count=count))
    return "; ".join(told)


def _few(rows: list[tuple[str, object]]) -> list[tuple[str, object]]:
    counts = Counter(label for label, _text in rows)
    kept = [row for row in rows if counts[row[0]] <= _EACH]
    many = _("{count} of them; all with `plan show FILE --details`")
    return kept + [(label, many.format(count=number)) for label, number in counts.items() if number > _EACH]


def plan_details(plan: Plan) -> None:
    """Print what the card leaves out: what was assumed, what it costs, and what each way back returns."""
    head = plan.head
    Output.pairs(
        [
            (_("digest"), plan.digest),
            (_("module"), f"{head.module} ({head.adapter})"),
            *((_("also happens"), _(effect)) for effect in head.side_effects),
            (_("made"), head.made_at.isoformat(timespec="minutes")),
            (_("assumptions"), ", ".join(head.assumptions) or "-"),
            *_costs(plan),
            *((label, text) for label, text in _noticed(plan)),
            _leaves(plan.notes),
            *forecast_pairs(head.forecast),
        ]
    )
    Output.table(forecast_columns(), forecast_table(head.forecast))


def plan_table(plan: Plan, form: str = "") -> None:
    """Print every contract of a plan."""
    columns = (
        key(_("number")),
        title(_("title")),
        title(_("customer")),
        title(_("status")),
        amount(_("amount")),
        key(_("id")),
    )
    footer = counted(plan.count, plan.deletion_plan.totals.amounts)
    Output.table(columns, map(_plan_row, plan), footer=footer, form=form)


def _automations(head: PlanHead) -> str:
    if head.automations:
        return _("automations run")
    try:
        off = load_adapter(head.adapter).capabilities.automations_off.support
    except UsageError:  # a plan may be read where its adapter is not installed
        off = Support.UNPROVEN
    return _("automations run") if off is Support.ABSENT else _("automations off where allowed")


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
    found += [(_("not found"), name) for name in notes.missing]
    found += [(_("not readable"), line) for line in notes.unreadable]
    found += _policy_rows(notes)
    if notes.undecided:
        found.append((_("left out, not judged"), notes.undecided))
    found += [(_("warning"), warning) for warning in notes.warnings]
    found += [(_("cannot be carried out"), broken.text()) for broken in notes.refusals]
    if notes.pace and notes.pace.days > 1:
        found.append((_("calls"), _pace(notes.pace)))
    return found


def _costs(plan: Plan) -> list[tuple[str, object]]:
    notes = plan.notes
    costs: list[tuple[str, object]] = []
    if notes.predicted:
        left = "" if notes.credits_left is None else _(", {left} left today").format(left=notes.credits_left)
        told = _("about {calls} calls, {credits} credits{left}; files come on top")
        costs.append((_("cost"), told.format(calls=notes.predicted.calls, credits=notes.predicted.credits, left=left)))
    if notes.pace:
        costs.append((_("calls"), _pace(notes.pace)))
    return costs


_PROTECTED_SHOWN = 10


def _policy_rows(notes: PlanNotes) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    if notes.protected_count:
        rows.append((_("protected"), _("{count} are left out by the policy").format(count=notes.protected_count)))
        rows += [("", line) for line in notes.protected[:_PROTECTED_SHOWN]]
    if notes.raised:
        rows.append((_("raised for this plan"), ", ".join(notes.raised)))
    rows += [(_("released"), line) for line in notes.released]
    if notes.noise:
        rows.append((_("changes that do not hold"), ", ".join(notes.noise)))
    rows += [
        (_("halts after"), _("{count} contracts, {money}, all verified").format(count=one.contracts, money=one.money))
        for one in notes.stages
    ]
    return rows


def _leaves(notes: PlanNotes) -> tuple[str, object]:
    leaves = _("at most {count}, counted when they are saved, before anything is deleted")
    return _("lines, notes, files"), leaves.format(count=f"{notes.caps.max_leaves:,}")


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


def _plan_row(one: Contract) -> tuple[object, ...]:
    return (one.number, one.title, one.customer, one.status, money(one.amount, one.currency), one.id)
