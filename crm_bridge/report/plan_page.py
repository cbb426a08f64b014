"""A plan as a page for the person who reviews it: what, by which rule, the figures, the extremes, every contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

from crm_bridge.bridge.card import card_rows
from crm_bridge.bridge.plan_result import Plan
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.money import money
from crm_bridge.domain.planning.plan import PlanHead
from crm_bridge.i18n import _, ngettext
from crm_bridge.pipeline.planning.outliers import outliers
from crm_bridge.report.charts import Bar, Drill, bars
from crm_bridge.report.markup import Markup, both, tag
from crm_bridge.report.page import HtmlColumn, HtmlPage, facts
from crm_bridge.report.plan_figures import PlanFigures, first_ones

_OUTLIERS = 1000
STATUS, AMOUNT, START, OWNER = 3, 4, 5, 7
"""Columns of the table that charts choose rows by."""


def write_plan_page(plan: Plan, output: BinaryIO) -> None:
    """Write the page of a plan, streamed; texts of the CRM are escaped."""
    head = plan.head
    figures = PlanFigures.of(plan)
    with HtmlPage(output, title=both(lambda: _title(plan))) as page:
        page.add(tag("p", both(lambda: _("A plan for review. Nothing was sent, and this page sends nothing."))))
        page.add(facts([*_in_both(lambda: card_rows(plan)), *_origin(plan)]))
        page.add(tag("h2", both(lambda: _("Figures"))), tag("div", *_charts(figures), class_="charts"))
        page.add(*_extremes(both(lambda: _("Largest amounts")), figures.largest))
        page.add(*_extremes(both(lambda: _("Created last")), figures.newest))
        edges = [(one.label or one.name, both(one.text)) for one in plan.notes.along.edges]
        page.add(tag("h2", both(lambda: _("What hangs on these contracts"))), facts(edges))
        page.add(*_outliers(plan))
        page.add(tag("h2", both(lambda: _("Every contract"))))
        page.table(_columns(), map(_row, plan), caption=f"{head.connection}: {plan.count:,}")


def _title(plan: Plan) -> str:
    words = ngettext(
        "Deletion of {count} contract from {name}", "Deletion of {count} contracts from {name}", plan.count
    )
    return words.format(count=f"{plan.count:,}", name=plan.head.connection)


def _in_both(rows: Callable[[], list[tuple[str, str]]]) -> Iterator[tuple[Markup, Markup]]:
    """Yield labels and values in every language."""
    for at in range(len(rows())):
        yield both(lambda at=at: rows()[at][0]), both(lambda at=at: rows()[at][1])  # type: ignore[misc]


def _origin(plan: Plan) -> Iterator[tuple[Markup, object]]:
    head = plan.head
    yield both(lambda: _("made by")), both(lambda: made_by(head))
    yield both(lambda: _("rule, without its values")), tag("code", head.rule)
    yield both(lambda: _("digest")), tag("code", plan.digest)


def made_by(head: PlanHead) -> str:
    """Return who or what made a plan."""
    told = _("{author}, at a terminal") if head.origin == "person" else _("a program of {author}")
    return told.format(author=head.author)


def _charts(figures: PlanFigures) -> Iterator[Markup]:
    yield bars(both(lambda: _("By status")), _bars(figures.statuses, STATUS))
    yield bars(both(lambda: _("By owner")), _bars(figures.owners, OWNER))
    yield bars(both(lambda: _("By year of the start")), _bars(figures.years, START, begins=True))
    yield bars(both(lambda: _("By amount")), list(_amount_bars(figures)))


def _bars(counts: Counter[str], column: int, *, begins: bool = False) -> list[Bar]:
    told, others = first_ones(counts)
    if begins:
        told = sorted(told)
    drawn = [
        Bar(
            value or both(lambda: _("(none)")),
            count,
            drill=Drill(column, "begins" if begins and value else "equals", value),
        )
        for value, count in told
    ]
    return [*drawn, *([Bar(both(lambda: _("all others")), others)] if others else [])]


def _amount_bars(figures: PlanFigures) -> Iterator[Bar]:
    for (currency, digits), count in sorted(figures.amounts.items()):
        low, high = Decimal(10) ** (digits - 1) if digits else None, Decimal(10) ** digits if digits else Decimal(1)
        label = f"{currency} {low:,} – {high:,}" if low is not None else f"{currency} < {high:,}"
        yield Bar(label, count, drill=Drill(AMOUNT, "within", f"{currency} {'' if low is None else low}..{high}"))


def _extremes(title: Markup, contracts: Iterable[Contract]) -> Iterator[Markup]:
    rows = [
        tag(
            "tr",
            *(tag("td", cell, class_="number" if at == AMOUNT else None) for at, cell in enumerate(_row(one)[:-1])),
        )
        for one in contracts
    ]
    if rows:
        heads = (tag("th", column.label, scope="col") for column in _columns()[:-1])
        table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="rows")
        yield tag("details", tag("summary", title), tag("div", table, class_="wide"))


def _outliers(plan: Plan) -> Iterator[Markup]:
    """Yield the contracts that are not like the others, with the reasons; of very many, the first."""
    rows = [
        tag(
            "tr",
            *(tag("td", cell) for cell in (one.contract.number or one.contract.id, one.contract.customer)),
            tag("td", both(one.text)),
            tag("td", both(lambda: _("acknowledged")) if one.acknowledged else ""),
        )
        for one in islice(outliers(plan.file), _OUTLIERS)
    ]
    if rows:
        yield tag("h2", both(lambda: _("Not like the others")))
        names = (_columns()[0].label, _columns()[2].label, both(lambda: _("Why")), "")
        heads = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
        yield tag("div", tag("table", heads, tag("tbody", *rows), class_="rows"), class_="wide")


def _columns() -> list[HtmlColumn]:
    return [
        HtmlColumn(both(lambda: _("Number"))),
        HtmlColumn(both(lambda: _("Title"))),
        HtmlColumn(both(lambda: _("Customer"))),
        HtmlColumn(both(lambda: _("Status"))),
        HtmlColumn(both(lambda: _("Amount")), number=True),
        HtmlColumn(both(lambda: _("Start"))),
        HtmlColumn(both(lambda: _("End"))),
        HtmlColumn(both(lambda: _("Owner"))),
        HtmlColumn(both(lambda: _("Created"))),
        HtmlColumn(both(lambda: _("Id"))),
    ]


def _row(one: Contract) -> tuple[object, ...]:
    created = one.created.date() if one.created else None
    worth = money(one.amount, one.currency)
    return (one.number, one.title, one.customer, one.status, worth, one.start, one.end, one.owner, created, one.id)
