"""Charts: bars and lines as inline SVG beside the numbers that they draw, so that nothing is only a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crm_bridge.i18n import _
from crm_bridge.report.markup import Markup, both, tag

_WIDTH, _HEIGHT, _EDGE = 640, 200, 8


@dataclass(frozen=True, slots=True)
class Drill:
    """The rows that a bar chooses: those whose cell in a column equals, begins with, or lies in a range `low..high`."""

    column: int
    how: Literal["equals", "begins", "within"]
    value: str
    table: int = 1
    """Which table of the page, from 1 on."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, its size, and the size as people read it."""

    label: object
    size: float
    shown: object = None
    """None: the size itself."""
    drill: Drill | None = None


def bars(title: object, items: Sequence[Bar]) -> Markup:
    """Return a bar chart: a table whose third column is drawn. Bars with `drill` filter a table when pressed."""
    most = max((item.size for item in items), default=0) or 1
    rows = (
        tag(
            "tr",
            tag("th", _label(item), scope="row"),
            tag("td", f"{item.size:,}" if item.shown is None else item.shown, class_="number"),
            tag("td", _bar(max(item.size, 0) / most)),
        )
        for item in items
    )
    return tag("figure", tag("figcaption", title), tag("table", tag("tbody", *rows), class_="bars"))


def _label(item: Bar) -> object:
    if item.drill is None:
        return item.label
    drill = item.drill
    return tag(
        "button",
        item.label,
        type="button",
        data_rows=f"rows{drill.table}",
        data_column=drill.column,
        data_how=drill.how,
        data_value=drill.value,
        aria_pressed="false",
    )


def _bar(share: float) -> Markup:
    width = max(share * 100, 0.5 if share else 0)
    shape = tag("rect", x=0, y=0, width=f"{width:.2f}", height=10)
    return tag("svg", shape, viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def lines(title: object, points: Sequence[tuple[object, float]]) -> Markup:
    """Return a line through sizes in their order, and below it the numbers, folded."""
    most = max((size for _label, size in points), default=0) or 1
    places = [
        (
            _EDGE + at * (_WIDTH - 2 * _EDGE) / max(len(points) - 1, 1),
            _HEIGHT - _EDGE - size / most * (_HEIGHT - 2 * _EDGE),
        )
        for at, (_label, size) in enumerate(points)
    ]
    dots = (
        tag("circle", tag("title", f"{label}: {size:,}"), cx=f"{x:.1f}", cy=f"{y:.1f}", r=4)
        for (x, y), (label, size) in zip(places, points, strict=True)
    )
    floor = tag("line", x1=0, x2=_WIDTH, y1=_HEIGHT - 1, y2=_HEIGHT - 1)
    path = tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places))
    drawn = tag("svg", floor, path, *dots, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", class_="lines", aria_hidden="true")
    rows = (tag("tr", tag("th", label, scope="row"), tag("td", f"{size:,}", class_="number")) for label, size in points)
    numbers = tag("details", tag("summary", both(lambda: _("Numbers"))), tag("table", tag("tbody", *rows)))
    return tag("figure", tag("figcaption", title), drawn, numbers)
