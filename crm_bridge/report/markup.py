"""Markup: HTML that is built of elements, in which every text is escaped and nothing can ask the network.

A text becomes part of a page in one way only: as a child or an attribute of `tag`, escaped. What is no `Markup` is
text, and two of them joined with `+` are text again, so that a slip escapes twice and never lets something through.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from crm_bridge.harmless import plain
from crm_bridge.i18n import LANGUAGES, speaking

_TAGS = frozenset(
    [
        *("a", "article", "b", "button", "caption", "code", "dd", "details", "div", "dl", "dt", "em", "figcaption"),
        *("figure", "footer", "h1", "h2", "h3", "header", "input", "label", "li", "main", "nav", "ol", "p", "section"),
        *("small", "span", "strong", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr"),
        *("ul", "svg", "g", "rect", "line", "polyline", "circle", "text", "title"),
    ]
)
_VOID = frozenset(["input"])
_SHAPES = frozenset(["rect", "line", "polyline"])
_ATTRIBUTES = frozenset(
    [
        *("id", "class", "lang", "title", "type", "name", "checked", "hidden", "open", "scope", "colspan", "rowspan"),
        *("role", "href", "datetime", "viewBox", "preserveAspectRatio", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy"),
        *("r", "width", "height", "points"),
    ]
)
LONGEST = 2000
"""Characters of one text."""


class Markup(str):
    """HTML that is safe as it stands. Made by `tag`, `joined` and `both` alone."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return a value as text of a page: what hides or turns the direction of writing becomes visible."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(plain("" if value is None else value, LONGEST)))


def joined(*parts: object) -> Markup:
    """Return parts one after the other, each escaped that is no markup."""
    return Markup("".join(map(text, parts)))


def tag(element: str, *children: object, **attributes: object) -> Markup:
    """Return one element. Raises ValueError for what could load, run, or leave the page.

    An attribute is written as Python allows: `class_`, `aria_label`, `data_value`; None and False leave it out.
    """
    if element not in _TAGS:
        raise ValueError(f"no element {element} in a report")
    opening = "".join([element, *(_attribute(name, value) for name, value in attributes.items())])
    if element in _VOID:
        return Markup(f"<{opening}>")
    if element in _SHAPES and not children:
        return Markup(f"<{opening}/>")
    return Markup(f"<{opening}>{joined(*children)}</{element}>")


def _attribute(name: str, value: object) -> str:
    written = name.rstrip("_").replace("_", "-")
    if written not in _ATTRIBUTES and not written.startswith(("aria-", "data-")):
        raise ValueError(f"no attribute {written} in a report")
    if written == "href" and not str(value).startswith("#"):
        raise ValueError("a report links to its own places alone")
    if value is None or value is False:
        return ""
    return f" {written}" if value is True else f' {written}="{text(value)}"'


def both(words: Callable[[], object]) -> Markup:
    """Return words in every language, of which the page shows one: `both(lambda: _("Status"))`."""
    told = {}
    for language in LANGUAGES:
        with speaking(language):
            told[language] = text(words())
    if len(set(told.values())) == 1:
        return told["en"]
    return joined(*(tag("span", words, lang=language.replace("_", "-")) for language, words in told.items()))
