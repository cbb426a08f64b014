"""Outliers of a plan: compared with the module in a few calls, and left out of it or acknowledged, never silently."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.where import where
from crm_bridge.domain.planning.plan_notes import InModule, PlanNotes
from crm_bridge.domain.planning.target import Target
from crm_bridge.domain.planning.xray import RULES, Oddity, Xray
from crm_bridge.errors import GuardError, NothingMatchedError, UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.entries import RUN_START
from crm_bridge.pipeline.planning.plan_file import PlanFile, open_plan
from crm_bridge.pipeline.planning.plan_writer import PlanWriter, plan_made
from crm_bridge.pipeline.planning.policing import count_where
from crm_bridge.spi.adapter import Query

CALLS = 20
"""Most calls that comparing a selection with its module may cost."""
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Outlier:
    """A contract of a plan that is not like the others, why, and whether somebody acknowledged that."""

    contract: Contract
    reasons: tuple[Oddity, ...]
    acknowledged: bool

    def text(self) -> str:
        """Return the reasons in words."""
        return "; ".join(one.text() for one in self.reasons)


def in_module(context: RunContext, xray: Xray) -> tuple[InModule, ...]:
    """Count in the whole module what is rare in a selection: statuses and owners, the most frequent first."""
    asked = [(rule, value) for rule in ("status", "owner") for value in xray.odd_values(rule) if value][: CALLS - 1]
    fields = {"status": where.status, "owner": where.owner}
    found = []
    for rule, value in asked:
        count = count_where(context, Query(where=fields[rule] == value, count_only=True))
        if count is not None:
            found.append(InModule(rule, value, count))
    return tuple(found)


def xray_of(file: PlanFile) -> Xray:
    """Return what is usual in a plan, from the plan alone."""
    xray = Xray()
    for target in file.targets():
        xray.take(target.contract())
    return xray.finish()


def outliers(file: PlanFile) -> Iterator[Outlier]:
    """Yield the contracts of a plan that are not like the others, in its order."""
    xray, notes = xray_of(file), file.plan.notes
    known = set(notes.acknowledged)
    counts = {(one.rule, one.value): one.count for one in notes.in_module}
    for target in file.targets() if xray.unlike else ():
        contract = target.contract()
        found = xray.reasons(contract)
        if reasons := tuple(replace(one, in_module=counts.get((one.rule, one.value))) for one in found):
            seen = contract.id in known or all(one.rule in known for one in reasons)
            yield Outlier(contract, reasons, seen)


def revise_plan(
    file: PlanFile,
    journal: Journal,
    head_id: str,
    *,
    drop: Sequence[str],
    keep: Sequence[str],
    output: Path,
    randomness: random.Random,
) -> PlanFile:
    """Write a plan without some outliers, or with some acknowledged: by rule, id or number. Nothing is asked.

    It is as old as the plan it comes from, and another plan: it has to be confirmed, and approved, itself.
    Raises UsageError for what names no outlier, GuardError, NothingMatchedError.
    """
    if run := next(journal.entries(plan=file.plan.digest, op=RUN_START), None):
        raise GuardError(_("this plan was already begun in run {run}").format(run=run.run), reason="plan_used")
    found = [*outliers(file)]
    dropped, kept = _chosen(found, drop), _chosen(found, keep)
    head = replace(file.plan.head, id=head_id)
    xray, gone = Xray(), {one.contract.id for one in dropped}
    with PlanWriter(output, head, journal=journal, randomness=randomness) as writer:
        for target in file.targets():
            if target.ref.id not in gone:
                writer.add(Target(target.ref, target.digest, target.card))
                xray.take(target.contract())
        if not writer.totals.count:
            raise NothingMatchedError(_("no contract would be left in the plan"))
        acknowledged = dict.fromkeys([*file.plan.notes.acknowledged, *_names(keep, kept)])
        plan = writer.finish(_notes(file.plan.notes, xray.finish(), dropped, tuple(acknowledged)))
    journal.append([plan_made(journal, plan, revises=file.plan.digest)])
    return open_plan(output, journal=journal, digest=plan.digest)


def _chosen(found: Sequence[Outlier], words: Sequence[str]) -> list[Outlier]:
    chosen: dict[str, Outlier] = {}
    for word in words:
        named = [
            one
            for one in found
            if word in (one.contract.id, one.contract.number) or any(reason.rule == word for reason in one.reasons)
        ]
        if not named:
            raise UsageError(
                _("{word} names no outlier of this plan").format(word=word),
                reason="no_outlier",
                hint=_("name an id, a number, or one of: {rules}").format(rules=", ".join(RULES)),
            )
        chosen.update({one.contract.id: one for one in named})
    return [*chosen.values()]


def _names(words: Sequence[str], chosen: Sequence[Outlier]) -> Iterator[str]:
    """Yield rules as they are, and contracts by id."""
    yield from (word for word in words if word in RULES)
    yield from (one.contract.id for one in chosen if one.contract.id in words or one.contract.number in words)


def _notes(notes: PlanNotes, xray: Xray, dropped: Sequence[Outlier], acknowledged: tuple[str, ...]) -> PlanNotes:
    lines = (f"{one.contract.label} ({one.contract.id}): {one.text()}" for one in dropped)
    return replace(
        notes,
        unlike=xray.unlike,
        acknowledged=acknowledged,
        dropped=(*notes.dropped, *lines)[:_SHOWN],
        dropped_count=notes.dropped_count + len(dropped),
        along=replace(notes.along, at_most=notes.along.at_most or bool(dropped)),
    )
