"""A review as one HTML file: charts that choose rows, every contract, and each run with what its receipt says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import BinaryIO, Literal

from crm_bridge.domain.outcome_words import OUTCOME_WORDS
from crm_bridge.i18n import N_, _
from crm_bridge.report.charts import Bar, Drill, bars
from crm_bridge.report.markup import Markup, both, joined, tag, text
from crm_bridge.report.page import HtmlColumn, HtmlPage, facts
from crm_bridge.report.review.table import COLUMNS
from crm_bridge.report.review.values import TOPIC_WORDS, URGENT, Review, ReviewedRun, ReviewRow

MOST_ROWS = 20_000
"""Contracts in the page; of more, those that are not removed, and the table as CSV has all."""
_SHOWN = ("number", "id", "outcome", "evidence", "reason", "started", "by", "connection", "amount", "currency", "run")
_REMOVED = "removed"
_TAG = re.compile(r"<[^>]*>")


def write_page(review: Review, rows: Callable[[], Iterator[ReviewRow]], output: BinaryIO) -> None:
    """Write a review as a page that needs no network."""
    with HtmlPage(output, title=_words(N_("Review of deletions"))) as page:
        page.add(facts(_facts(review)), _concerns(review), tag("div", *_charts(review), class_="charts"))
        page.add(tag("h2", _words(N_("Contracts"))))
        whole = sum(run.info.count for run in review.runs) <= MOST_ROWS
        chosen = (row for row in rows() if whole or row.outcome != _REMOVED)
        if not whole:
            page.add(tag("p", _words(N_("Only contracts that are not removed; `review -o FILE.csv` writes all."))))
        columns = [HtmlColumn(_words(COLUMNS[name]), number=name == "amount") for name in _SHOWN]
        page.table(columns, (_cells(row) for row in islice(chosen, MOST_ROWS)))
        page.add(tag("h2", _words(N_("Runs"))), *map(_run, review.runs))


def _words(message: str) -> Markup:
    return both(lambda: _(message))


def _facts(review: Review) -> Iterator[tuple[object, object]]:
    yield _words(N_("entries")), f"{review.first}-{review.last}"
    yield _words(N_("period")), f"{review.since[:16]} - {review.until[:16]} UTC"
    yield _words(N_("contracts")), _counts(review.outcomes)
    yield _words(N_("urgent points")), review.urgent
    if review.before:
        yield _words(N_("last sign-off")), f"{review.before.by}, {review.before.at[:16]} UTC"


def _counts(counts: Counter[str]) -> Markup:
    """Return `12 removed, 1 held`, and evidence likewise."""
    words = [joined(f"{count} ", _words(OUTCOME_WORDS.get(name, name))) for name, count in counts.most_common()]
    return joined(*(part for word in words for part in (", ", word)[word is words[0] :])) if words else text("-")


def _concerns(review: Review) -> Markup:
    """Return what deserves a look, what asks for a deed first."""
    ordered = sorted(review.concerns, key=lambda one: one.topic not in URGENT)
    lines = (
        tag(
            "p",
            tag("b", _words(TOPIC_WORDS[one.topic])),
            f" {one.count or ''} {one.connection} ",
            one.says,
            f" ({', '.join(one.ids)}) " if one.ids else " ",
            _link(one.run) if one.run else "",
            class_="warning" if one.topic in URGENT else None,
        )
        for one in ordered
    )
    return tag("section", tag("h2", _words(N_("Look at"))), *(lines if ordered else ("-",)))


def _charts(review: Review) -> Iterator[Markup]:
    runs = review.runs
    removed = [(run, run.outcomes[_REMOVED]) for run in runs]
    by_day, by_person = Counter[str](), Counter[str]()
    by_crm: Counter[str] = Counter()
    for run, count in removed:
        by_day[run.info.started[:10]] += count
        by_person[run.info.confirmed_by] += count
        by_crm[run.info.ref.connection] += count
    yield _chart(N_("Removed by day"), sorted(by_day.items()), "started", how="begins")
    yield _chart(N_("Removed by connection"), by_crm.most_common(), "connection")
    yield _chart(N_("Removed by person"), by_person.most_common(), "by")
    yield _chart(N_("Outcomes"), _sum(run.outcomes for run in runs).most_common(), "outcome")
    yield _chart(N_("Evidence of removals"), sorted(_sum(run.evidence for run in runs).items()), "evidence")
    money: dict[str, Decimal] = {}
    for run in runs:
        for currency, amount in run.money.items():
            money[currency] = money.get(currency, Decimal()) + amount
    place = _SHOWN.index("currency")
    items = [Bar(cur, float(sum_), f"{sum_:,.0f}", Drill(place, "equals", cur)) for cur, sum_ in sorted(money.items())]
    yield bars(_words(N_("Money removed, each currency by itself")), items)


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counters:
        total.update(one)
    return total


def _chart(
    title: str, items: Iterable[tuple[str, int]], column: str, how: Literal["equals", "begins"] = "equals"
) -> Markup:
    place, label = _SHOWN.index(column), _outcome if column == "outcome" else text
    drawn = ((label(name), size) for name, size in items)
    return bars(_words(title), [Bar(name, size, drill=Drill(place, how, _TAG.sub("", name))) for name, size in drawn])


def _outcome(name: str) -> Markup:
    return _words(OUTCOME_WORDS[name])


def _cells(row: ReviewRow) -> list[object]:
    values = [getattr(row, name) for name in _SHOWN[:-1]]
    values[_SHOWN.index("started")] = row.started[:16]
    values[_SHOWN.index("outcome")] = _outcome(row.outcome)
    return [*values, _link(row.run)]


def _link(run: str) -> Markup:
    return tag("a", run, href=f"#run-{run}")


def _run(run: ReviewedRun) -> Markup:
    """Return one run, folded: what its receipt says, and the command that shows it."""
    info = run.info
    pairs = (
        (_words(N_("plan")), tag("code", info.ref.plan)),
        (_words(N_("reason")), run.why or "-"),
        (_words(N_("confirmed")), f"{info.confirmed_by} ({info.confirmed_how})"),
        (_words(N_("CRM user")), run.crm_user),
        (_words(N_("organisation")), f"{info.system} {info.org} {info.module}"),
        (_words(N_("outcomes")), _counts(run.outcomes)),
        (_words(N_("evidence")), _counts(run.evidence)),
        (_words(N_("money")), ", ".join(f"{cur} {sum_:,.2f}" for cur, sum_ in sorted(run.money.items())) or "-"),
        (_words(N_("journal entries")), f"{info.start_seq}-{'' if info.end_seq is None else info.end_seq}"),
        (_words(N_("receipt")), tag("code", f"receipts/{info.id}.receipt.json")),
        (_words(N_("show it")), tag("code", f"crm-bridge receipt show receipts/{info.id}.receipt.json")),
    )
    summary = tag("summary", f"{info.id} · {info.ref.connection} · {info.started[:16]} · ", _counts(run.outcomes))
    return tag("details", summary, facts(pairs), id=f"run-{info.id}", open=True)
