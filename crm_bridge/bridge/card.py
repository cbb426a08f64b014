"""The card of a plan: what a person reads before confirming it."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from crm_bridge.bridge.way_back import way_back_pairs
from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.domain.money import counted, money
from crm_bridge.domain.planning.cost import Pace
from crm_bridge.domain.planning.facts import FactCount
from crm_bridge.domain.planning.plan import PlanHead
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.planning.xray import RULES
from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import UsageError
from crm_bridge.harmless import cut, plain
from crm_bridge.i18n import _, ngettext
from crm_bridge.registry import load_adapter

if TYPE_CHECKING:
    from crm_bridge.bridge.plan_result import Plan

_NAMED = 3
"""Contracts that the card names."""
_NAME = 16
"""Cells of a title or customer on the card: both stay on its line."""
_EACH = 5
"""Lines of one kind that the card shows before it counts them."""
_LONGEST = 2000
"""Characters of one value."""
_PROTECTED_SHOWN = 10


def card_rows(plan: Plan) -> list[tuple[str, str]]:
    """Return the labels and values of the card, each value harmless on a terminal.

    Every warning and every loss has its line; more than five of one kind are one line with their count.
    """
    head = plan.head
    rows: list[tuple[str, str]] = [
        (_("where"), f"{head.connection} ({head.environment}, {head.org})"),
        (_("what"), _what(plan)),
        *([(_("selected by"), head.where)] if plan.count > 1 else []),
        *([(_("reason"), head.reason)] if head.reason else []),
        (_("what happens"), _happens(head)),
        *way_back_pairs(head.forecast),
        *([(_("tenant"), facts_text(head.facts))] if head.facts else []),
        *([(_("valid until"), head.expires_at.isoformat(timespec="minutes"))] if plan.count > 1 else []),
        *_few(noticed(plan)),
    ]
    return [(label, plain(text, _LONGEST)) for label, text in rows]


def card_text(plan: Plan) -> str:
    """Return the card as lines of plain text."""
    from rich.cells import cell_len

    rows = card_rows(plan)
    room = max(cell_len(label) for label, _text in rows) + 2
    return "\n".join(f"{label}{' ' * (room - cell_len(label))}{text}".rstrip() for label, text in rows)


def _what(plan: Plan) -> str:
    """Return how many contracts and how much money, and by what a person recognises some of them."""
    if plan.count == 1:
        item = next(iter(plan))
        names = (cut(plain(name), _NAME) for name in (item.title, item.customer) if name)
        return ", ".join(filter(None, (item.number or item.id, money(item.amount, item.currency), *names)))
    named = ", ".join(item.number or item.id for item in islice(plan, _NAMED))
    more = ", …" if plan.count > _NAMED else ""
    return f"{counted(plan.count, plan.deletion_plan.totals.amounts)}: {named}{more}"


def facts_text(facts: FactCount) -> str:
    """Return how much of what is not published was observed on the tenant, and when."""
    return _("{known} facts, {observed} observed on {on}").format(
        known=facts.known, observed=facts.observed, on=facts.on
    )


def _happens(head: PlanHead) -> str:
    final = _("PURGED: gone from the CRM for good, its bin included; only the backup is left")
    step = _("into the CRM's bin") if head.step is Step.TRASH else final
    told = [step, _automations(head)]
    if head.side_effects:
        count = len(head.side_effects)
        told.append(ngettext("{count} side effect", "{count} side effects", count).format(count=count))
    return "; ".join(told)


def _few(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    counts = Counter(label for label, _text in rows)
    kept = [row for row in rows if counts[row[0]] <= _EACH]
    many = _("{count} of them; all with `plan show FILE --details`")
    return kept + [(label, many.format(count=number)) for label, number in counts.items() if number > _EACH]


def _automations(head: PlanHead) -> str:
    if head.automations:
        return _("automations run")
    try:
        off = load_adapter(head.adapter).capabilities.automations_off.support
    except UsageError:  # a plan may be read where its adapter is not installed
        off = Support.UNPROVEN
    return _("automations run") if off is Support.ABSENT else _("automations off where allowed")


def noticed(plan: Plan) -> list[tuple[str, str]]:
    """Return what somebody should know about a plan before it is confirmed."""
    notes = plan.notes
    found: list[tuple[str, str]] = []
    obstacles = (
        (_("locked"), notes.locked, Reason.LOCKED),
        (_("in approval"), notes.in_approval, Reason.IN_APPROVAL),
        (_("in a process"), notes.in_process, Reason.IN_PROCESS),
        (_("read-only for you"), notes.read_only, Reason.SHARING),
    )
    for label, count, reason in obstacles:
        if count:
            found.append((label, _("{count} will be left alone: {why}").format(count=count, why=with_help(reason))))
    why = {one.id: one.text() for one in notes.absent}
    found += [(_("not found"), f"{name}: {why[name]}" if name in why else name) for name in notes.missing]
    found += [(_("not readable"), line) for line in notes.unreadable]
    found += _policy_rows(notes)
    if notes.undecided:
        found.append((_("left out, not judged"), str(notes.undecided)))
    found += [(_("warning"), warning) for warning in notes.warnings]
    found += [(_("cannot be carried out"), broken.text()) for broken in notes.refusals]
    if notes.pace and notes.pace.days > 1:
        found.append((_("calls"), pace_text(notes.pace)))
    return found


def _policy_rows(notes: PlanNotes) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if notes.protected_count:
        rows.append((_("protected"), _("{count} are left out by the policy").format(count=notes.protected_count)))
        rows += [("", line) for line in notes.protected[:_PROTECTED_SHOWN]]
    if notes.raised:
        rows.append((_("raised for this plan"), ", ".join(notes.raised)))
    rows += [(_("released"), line) for line in notes.released]
    if notes.unlike:
        told = ", ".join(f"{one.count:,} ({_(RULES[one.rule])})" for one in notes.unlike)
        rows.append((_("not like the others"), _("{counts}; see `plan outliers FILE`").format(counts=told)))
    if notes.acknowledged:
        rows.append((_("acknowledged"), ", ".join(notes.acknowledged)))
    if notes.dropped_count:
        rows.append((_("left out as outliers"), str(notes.dropped_count)))
    rows += [(_("needs an approval"), rule.text()) for rule in notes.approvals]
    if notes.noise:
        rows.append((_("changes that do not hold"), ", ".join(notes.noise)))
    rows += [
        (_("halts after"), _("{count} contracts, {money}, all verified").format(count=one.contracts, money=one.money))
        for one in notes.stages
    ]
    return rows


def with_help(reason: Reason) -> str:
    """Return a reason in words, and who can help."""
    return "; ".join(filter(None, (reason.words, reason.help)))


def pace_text(pace: Pace) -> str:
    """Return how many calls a plan takes at least, and how long they take."""
    words = _("at least {calls}, in {seconds} s or more") if pace.seconds else _("at least {calls}")
    told = words.format(calls=f"{pace.calls:,}", seconds=f"{pace.seconds:,}")
    if pace.days < 2 or pace.calls_per_day is None:
        return told
    more = _("the CRM takes {count} a day: go on with `crm-bridge resume` for {days} days")
    return f"{told}; {more.format(count=f'{pace.calls_per_day:,}', days=pace.days)}"
