"""The grammar of COQL: text to a query tree, errors as Zoho words them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from crm_bridge_zoho.emulator.answers import ApiError

FUNCTIONS = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG"})
_Item = TypeVar("_Item")
_TOKEN = re.compile(
    r"""(?P<blank>\s+)|(?P<string>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")|(?P<quoted>`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"""
    r"""|(?P<name>[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)|(?P<sign>!=|<=|>=|[=<>(),\#])""",
    re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")
_WORDS = frozenset(
    {"select", "from", "where", "and", "or", "group", "order", "by", "limit", "offset", "as", "in", "not", "like"}
    | {"between", "is", "null", "true", "false", "having", "join", "on", "union", "asc", "desc", "distinct", "case"}
    | {"when", "then", "else", "end", "exists", "all", "any", "external", "table", "column", "index", "key", "primary"}
    | {"references", "check", "default", "set", "values", "insert", "update", "delete", "create", "drop", "alter"}
)
"""Words of SQL: a column of such a name, in whatever case, is taken in quotes only."""


@dataclass(frozen=True, slots=True)
class Column:
    """A selected column: a field, a path over lookups, or an aggregate of one."""

    name: str
    function: str = ""
    alias: str = ""

    @property
    def text(self) -> str:
        """The column as it was written."""
        return f"{self.function}({self.name})" if self.function else self.name


Literal = str | int | Decimal | bool


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `inner` is the sub-query of an `in`."""

    column: str
    operator: str
    values: tuple[Literal, ...] = ()
    inner: Query | None = None


@dataclass(frozen=True, slots=True)
class Both:
    """Two criteria joined by `and` or `or`."""

    joint: str
    left: Criteria
    right: Criteria


Criteria = Condition | Both


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query."""

    columns: tuple[Column, ...]
    module: str
    view: str
    where: Criteria
    group: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    """Columns with True for descending."""
    limit: int = 200
    offset: int = 0


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Query:
    """Read a query."""
    reader = _Reader(_tokens(text))
    query = reader.query()
    if not reader.ended():
        raise reader.wrong()
    return query


def conditions(where: Criteria) -> list[Condition]:
    """Return the comparisons of criteria from left to right."""
    if isinstance(where, Condition):
        return [where]
    return [*conditions(where.left), *conditions(where.right)]


def syntax_error(near: str, at: int = 0) -> ApiError:
    """Say near which word the text stops making sense."""
    details = {"line": 1, "column": at + 1, "near": near}
    return ApiError("SYNTAX_ERROR", "error occured while parsing the query", details)


def _missing(clause: str) -> ApiError:
    return ApiError("SYNTAX_ERROR", "missing clause", {"clause": clause})


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise syntax_error(text[at : at + 12].split(" ")[0], at)
        if match.lastgroup != "blank":
            found.append(_Token(str(match.lastgroup), match.group(), at))
        at = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def ended(self) -> bool:
        return self._at >= len(self._tokens)

    def wrong(self) -> ApiError:
        token = self._tokens[min(self._at, len(self._tokens) - 1)] if self._tokens else _Token("", "", 0)
        return syntax_error(token.text, token.at)

    def query(self) -> Query:
        if not self._word("select"):
            raise self.wrong()
        columns = self._list(self._column)
        if not self._word("from"):
            raise _missing("from") if self.ended() or self._peek("where") else self.wrong()
        module = self._name()
        view = self._take("number").text if self._sign("#") else ""
        if not self._word("where"):
            raise _missing("where")
        where = self._criteria()
        group = self._list(self._name) if self._phrase("group", "by") else ()
        order = self._list(self._ordering) if self._phrase("order", "by") else ()
        limit, offset = self._window()
        return Query(columns, module, view, where, group, order, limit, offset)

    def _window(self) -> tuple[int, int]:
        limit, offset = 200, 0
        if self._word("limit"):
            limit = self._count()
            if self._sign(","):
                offset, limit = limit, self._count()
        if self._word("offset"):
            offset = self._count()
        return limit, offset

    def _column(self) -> Column:
        name = self._name()
        function = ""
        if name.upper() in FUNCTIONS and self._sign("("):
            if name not in FUNCTIONS:
                raise self.wrong()  # function names are upper case
            function, name = name, self._name()
            self._expect(")")
        alias = ""
        if self._word("as"):
            alias = self._text() if self._kind("string") else self._name()
        return Column(name, function, alias)

    def _ordering(self) -> tuple[str, bool]:
        column = self._column()
        descending = self._word("desc")
        if not descending:
            self._word("asc")
        return column.text, descending

    def _criteria(self) -> Criteria:
        left = self._operand()
        for joint in ("and", "or"):
            if self._word(joint):
                return Both(joint, left, self._operand())
        return left

    def _operand(self) -> Criteria:
        if self._sign("("):
            inner = self._criteria()
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Condition:
        column = self._name()
        if self._word("is"):
            operator = "is not null" if self._word("not") else "is null"
            self._need("null")
            return Condition(column, operator)
        prefix = "not " if self._word("not") else ""
        if self._word("in"):
            return self._membership(column, f"{prefix}in")
        if self._word("between"):
            low = self._value()
            self._need("and")
            return Condition(column, f"{prefix}between", (low, self._value()))
        if self._word("like"):
            return Condition(column, f"{prefix}like", (self._value(),))
        if prefix or not self._kind("sign") or self._tokens[self._at].text in "(),#":
            raise self.wrong()
        return Condition(column, self._take("sign").text, (self._value(),))

    def _membership(self, column: str, operator: str) -> Condition:
        self._expect("(")
        if self._peek("select"):
            inner = self.query()
            self._expect(")")
            return Condition(column, operator, (), inner)
        values = self._list(self._value)
        self._expect(")")
        return Condition(column, operator, values)

    def _value(self) -> Literal:
        if self._kind("string"):
            return self._text()
        if self._kind("number"):
            text = self._take("number").text
            return Decimal(text) if "." in text else int(text)
        for word, value in (("true", True), ("false", False)):
            if self._word(word):
                return value
        raise self.wrong()

    def _text(self) -> str:
        told = self._take("string").text
        return re.sub(rf"\\(.)|{told[0]}(?={told[0]})", r"\1", told[1:-1], flags=re.DOTALL)

    def _count(self) -> int:
        text = self._take("number").text
        if not text.isdigit():
            raise self.wrong()
        return int(text)

    def _list(self, item: Callable[[], _Item]) -> tuple[_Item, ...]:
        found = [item()]
        while self._sign(","):
            found.append(item())
        return tuple(found)

    def _name(self) -> str:
        if self._kind("name") and self._tokens[self._at].text.lower() not in _WORDS:
            return self._take("name").text
        # Where a column is expected, what stands in quotes is its name.
        for kind in ("quoted", "string"):
            if self._kind(kind) and _NAME.fullmatch(self._tokens[self._at].text[1:-1]):
                return self._take(kind).text[1:-1]
        raise self.wrong()

    def _take(self, kind: str) -> _Token:
        if not self._kind(kind):
            raise self.wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _kind(self, kind: str) -> bool:
        return not self.ended() and self._tokens[self._at].kind == kind

    def _peek(self, word: str) -> bool:
        return self._kind("name") and self._tokens[self._at].text.lower() == word

    def _word(self, word: str) -> bool:
        found = self._peek(word)
        self._at += found
        return found

    def _phrase(self, first: str, second: str) -> bool:
        if self._word(first):
            self._need(second)
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._word(word):
            raise self.wrong()

    def _sign(self, sign: str) -> bool:
        found = self._kind("sign") and self._tokens[self._at].text == sign
        self._at += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise self.wrong()
