"""Page: one HTML file that needs nothing else. It is streamed, readable without its script, and asks no network.

A policy in the page itself (CSP) lets its own style and script run, known by their digests, and nothing be requested.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import TracebackType
from typing import BinaryIO, Self

from crm_bridge.i18n import N_, _, active_language
from crm_bridge.report.markup import Markup, both, tag, text
from crm_bridge.version import VERSION

_KIND = '<meta name="generator" content="crm-bridge">'
_LANGUAGE_NAMES: Mapping[str, str] = {"en": "English", "zh_CN": "简体中文"}
_HEAD = 2048
_FILTER_HELP = N_("Everything that is typed here must be in a row")


@dataclass(frozen=True, slots=True)
class HtmlColumn:
    """One column of a table of a page: its label, and whether it holds numbers."""

    label: object
    number: bool = False


class HtmlPage:
    """Writes a page part by part; memory does not grow with it.

    >>> with open("review.html", "wb") as file, HtmlPage(file, title="Review") as page:
    ...     page.add(tag("p", "<b> is text"))
    ...     page.table([HtmlColumn("Number")], [["HT-1"], ["HT-2"]])
    2
    """

    def __init__(self, output: BinaryIO, *, title: object) -> None:
        """Begin a page; `title` is text, or words in `both` languages."""
        self._output, self._title = output, title
        self._tables = 0

    def __enter__(self) -> Self:
        """Write everything up to the content."""
        style, script = _asset("page.css"), _asset("page.js")
        language = active_language()
        policy = (
            f"default-src 'none'; style-src '{_source(style)}'; script-src '{_source(script)}'; "
            "base-uri 'none'; form-action 'none'"
        )
        self._write(
            f'<!doctype html><html lang="{language.replace("_", "-")}"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">{_KIND}'
            '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
            f"<title>{_one_language(self._title)}</title><style>{style}</style></head><body>"
        )
        choices = (
            tag("label", tag("input", type="radio", name="language", id=one, checked=one == language), name)
            for one, name in _LANGUAGE_NAMES.items()
        )
        self.add(tag("nav", *choices, class_="languages"), tag("h1", self._title))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the end; a page whose writing failed gets none."""
        if error is None:
            self.add(tag("footer", f"crm-bridge {VERSION}"))
            self._write(f"<script>{_asset('page.js')}</script></body></html>\n")

    def add(self, *parts: object) -> None:
        """Write elements, or text."""
        for part in parts:
            self._write(text(part))

    def table(self, columns: Sequence[HtmlColumn], rows: Iterable[Sequence[object]], *, caption: object = "") -> int:
        """Write a table with a field that filters it, and return its number of rows.

        Charts with `drill` set the same filter; see `charts`. Without the script, the whole table is there.
        """
        self._tables += 1
        self.add(_filter(self._tables))
        heads = (tag("th", one.label, scope="col", class_="number" if one.number else None) for one in columns)
        self._write(f'<div class="wide"><table class="rows" id="rows{self._tables}">')
        self.add(tag("caption", caption) if caption else "", tag("thead", tag("tr", *heads)))
        # Closing tags of cells and rows may be left out (HTML, 13.1.2.4): of a large table they are a fifth.
        opening = ["<td class=number>" if one.number else "<td>" for one in columns]
        count, lines = 0, ["<tbody>"]
        for count, row in enumerate(rows, 1):
            lines += ("<tr>", *(f"{cell}{text(value)}" for cell, value in zip(opening, row, strict=True)), "\n")
            if not count % 500:
                self._write("".join(lines))
                lines = []
        self._write("".join([*lines, "</tbody></table></div>"]))
        return count

    def _write(self, content: str) -> None:
        self._output.write(content.encode("utf-8", "backslashreplace"))


def facts(pairs: Iterable[tuple[object, object]]) -> Markup:
    """Return labels and values as a list of definitions."""
    return tag("dl", *(tag("div", tag("dt", label), tag("dd", value)) for label, value in pairs))


def _filter(number: int) -> Markup:
    """Return the field that filters a table, what a chart has chosen, and how many rows are shown."""
    label = both(lambda: _("Filter"))
    field = tag("input", type="search", aria_label=_(_FILTER_HELP), data_rows=f"rows{number}")
    chosen = tag("button", type="button", hidden=True, class_="chosen", data_rows=f"rows{number}")
    shown = tag("span", class_="shown", role="status", data_rows=f"rows{number}")
    return tag("p", tag("label", label, " ", field), " ", chosen, " ", shown, class_="filter")


def _one_language(title: object) -> Markup:
    """Return a title for the window, which cannot change its language: without elements."""
    return text(title) if not isinstance(title, Markup) or "<" not in title else Markup("crm-bridge")


def is_page(file: BinaryIO) -> bool:
    """Return whether a file begins as pages that were written here do."""
    return _KIND.encode() in file.read(_HEAD)


@cache
def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _source(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
