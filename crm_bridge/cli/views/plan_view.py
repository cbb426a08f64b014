"""How plans look: as JSON, and as the card that a person reads before confirming."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from crm_bridge.bridge.card import card_rows, noticed, pace_text
from crm_bridge.bridge.way_back import full_pairs, full_rows
from crm_bridge.cli.options import shared, suggested
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import Column, amount, key, title
from crm_bridge.domain.money import counted, money
from crm_bridge.domain.planning.cost import Pace
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.planning.target import Card
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from crm_bridge.bridge import Plan
    from crm_bridge.domain.contract import Contract
    from crm_bridge.pipeline.planning.outliers import Outlier

PLAN = "crm-bridge.plan/1"


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
        "author": head.author,
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
    """Print the card that a person reads before confirming. Ids, counts and digests are ours, texts are escaped."""
    Output.pairs(card_rows(plan), out=out)


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
            *((label, text) for label, text in noticed(plan)),
            *_leaves(plan.notes),
            *((one.label or one.name, one.text()) for one in plan.notes.along.edges),
            *full_pairs(head.forecast),
        ]
    )
    columns = (_("from the bin"), _("from backup"), _("remark"), _("what"))
    Output.table(columns, full_rows(head.forecast))


def plan_table(plan: Plan, form: str = "") -> None:
    """Print every contract of a plan; in a file for others, with dates and owner too."""
    columns: tuple[Column, ...] = (
        key(_("number")),
        title(_("title")),
        title(_("customer")),
        title(_("status")),
        amount(_("amount")),
        *((key(_("start")), key(_("end")), title(_("owner")), key(_("created"))) if form else ()),
        key(_("id")),
    )
    footer = counted(plan.count, plan.deletion_plan.totals.amounts)
    Output.table(columns, (_plan_row(one, whole=bool(form)) for one in plan), footer=footer, form=form)


def plan_figures(plan: Plan, form: str) -> None:
    """Print what stands above the contracts in a ticket: the card and the figures."""
    from crm_bridge.report.plan_figures import PlanFigures, first_ones

    figures = PlanFigures.of(plan)
    Output.text(f"## {plan.phrase}\n")
    Output.table((_("what"), ""), [*card_rows(plan), (_("digest"), plan.digest)], form=form)
    for name, counts in ((_("status"), figures.statuses), (_("owner"), figures.owners), (_("year"), figures.years)):
        told, others = first_ones(counts)
        rows = [*told, *([(_("all others"), others)] if others else [])]
        Output.text("")
        Output.table((title(name), amount(_("contracts"))), rows, form=form)
    Output.text("")


def write_page(plan: Plan, output: Path | None, *, force: bool) -> None:
    """Write the page of a plan to a file, or where the results go."""
    from crm_bridge.files import replaced_file
    from crm_bridge.overwriting import check_replaceable
    from crm_bridge.report.page import is_page
    from crm_bridge.report.plan_page import write_plan_page

    if output is None:
        write_plan_page(plan, sys.stdout.buffer)
        return
    check_replaceable(output, is_page, force=force)
    with replaced_file(output) as file:
        write_plan_page(plan, file)
    Output.note(_("{count} contracts: {path}").format(count=plan.count, path=output))
    Output.note(_("This file is readable text, outside the vault: keep it, send it and delete it accordingly."))


def say_next(made: Plan) -> None:
    """Print what may be done with a plan next."""
    Output.note(
        _("Nothing was sent. Every contract: {command}").format(command=suggested("plan", "show", made.path, "--all"))
    )
    if made.notes.approvals:
        sharing = suggested("plan", "share", made.path, "--to", "…")
        Output.note(_("Have it approved: {command}").format(command=sharing))
    else:
        Output.note(_("Carry it out: {command}").format(command=suggested("apply", made.path)))


def outliers_table(found: Iterable[Outlier], form: str) -> None:
    """Print the outliers of a plan with their reasons."""
    if shared().as_json:
        for one in found:
            reasons = [{"rule": why.rule, "message": why.text()} for why in one.reasons]
            facts = {"id": one.contract.id, "number": one.contract.number, "acknowledged": one.acknowledged}
            Output(as_json=True).line("crm-bridge.outlier/1", {**facts, "reasons": reasons})
        return
    rows = ((one.contract.number, one.text(), _("yes") if one.acknowledged else "", one.contract.id) for one in found)
    Output.table((key(_("number")), _("not like the others"), _("acknowledged"), key(_("id"))), rows, form=form)


def _costs(plan: Plan) -> list[tuple[str, object]]:
    notes = plan.notes
    costs: list[tuple[str, object]] = []
    if notes.predicted:
        left = "" if notes.credits_left is None else _(", {left} left today").format(left=notes.credits_left)
        with_credits = _("about {calls} calls, {credits} credits{left}; what fills a list, and files, come on top")
        told = with_credits if notes.predicted.credits else _("about {calls} calls; long lists and files come on top")
        costs.append((_("cost"), told.format(calls=notes.predicted.calls, credits=notes.predicted.credits, left=left)))
    if notes.pace:
        costs.append((_("calls"), pace_text(notes.pace)))
    told = _("at most {count} contracts; after a crash they are settled by looking, never sent again unseen")
    costs.append((_("on the way at once"), told.format(count=notes.at_once)))
    return costs


def _leaves(notes: PlanNotes) -> Iterator[tuple[str, object]]:
    along, cap, label = notes.along, f"{notes.caps.max_leaves:,}", _("lines, notes, files")
    if along.counted is not None:
        told = _("at most {count} (all of the module), {cap} allowed") if along.at_most else _("{count}, {cap} allowed")
        yield label, told.format(count=f"{along.counted:,}", cap=cap)
    if along.uncounted or along.counted is None:
        lists = ", ".join(along.uncounted) or _("all of them")
        told = _("{lists}: counted when they are saved, before anything is deleted; {cap} allowed in all")
        yield label, told.format(lists=lists, cap=cap)


def _pace_json(pace: Pace | None) -> dict[str, int | None] | None:
    if pace is None:
        return None
    return {"calls": pace.calls, "seconds": pace.seconds, "calls_per_day": pace.calls_per_day, "days": pace.days}


def _plan_row(one: Contract, *, whole: bool) -> tuple[object, ...]:
    more = (one.start, one.end, one.owner, one.created.date() if one.created else None) if whole else ()
    return (one.number, one.title, one.customer, one.status, money(one.amount, one.currency), *more, one.id)
