"""How a review is shown on a terminal: the period, its runs, what deserves a look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from crm_bridge.cli.terminal.tables import Column, amount, key
from crm_bridge.domain.outcome_words import OUTCOME_WORDS
from crm_bridge.i18n import _
from crm_bridge.report.review.values import TOPIC_WORDS, URGENT

if TYPE_CHECKING:
    from crm_bridge.report.review.values import Review

Table = tuple[Sequence[Column | str], Iterator[Sequence[object]]]
_IDS = 3


def facts(made: Review) -> list[tuple[str, object]]:
    """Return what is true of the whole review."""
    rows: list[tuple[str, object]] = [
        (_("entries"), f"{made.first}-{made.last}"),
        (_("period"), f"{made.since[:16]} - {made.until[:16]} UTC"),
        (_("contracts"), counts(made.outcomes) or "-"),
    ]
    if made.before:
        rows.append((_("last sign-off"), f"{made.before.by}, {made.before.at[:16]} UTC"))
    if not made.vault_checked:
        rows.append((_("backups"), _("not read again; --vault does")))
    return rows


def counts(outcomes: Mapping[str, int]) -> str:
    """Return `12 removed, 1 held`."""
    return ", ".join(f"{number} {_(OUTCOME_WORDS[outcome])}" for outcome, number in sorted(outcomes.items()) if number)


def run_rows(made: Review) -> Table:
    """Return the table of runs."""
    columns = (key(_("run")), key(_("connection")), key(_("started")), _("who"), _("why"), _("contracts"), _("money"))
    rows = (
        (
            run.info.id,
            run.info.ref.connection,
            run.info.started[:16],
            run.info.confirmed_by,
            run.why or "-",
            counts(run.outcomes),
            " + ".join(f"{currency} {sum_:,.0f}" for currency, sum_ in sorted(run.money.items())),
        )
        for run in made.runs
    )
    return columns, rows


def concern_rows(made: Review) -> Table:
    """Return the table of what deserves a look; what asks for a deed is marked."""
    columns = (_("look at"), amount(_("contracts")), key(_("connection")), _("what"), _("first ids"), key(_("run")))
    rows = (
        (
            f"{'! ' if one.topic in URGENT else ''}{_(TOPIC_WORDS[one.topic])}",
            one.count or "",
            one.connection,
            one.says,
            " ".join(one.ids[:_IDS]),
            one.run,
        )
        for one in made.concerns
    )
    return columns, rows
