"""Filter text to filter tree, and back: `status = "Expired" and amount < 1000`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from crm_bridge.domain.filters.rules import FIELDS, FieldRef, Op, nearest_field, problem
from crm_bridge.domain.filters.tokens import FilterToken, Form, tokens_of
from crm_bridge.domain.filters.tree import And, Compare, Everything, Filter, Literal, Not, Or
from crm_bridge.errors import FilterSyntaxError
from crm_bridge.i18n import _

MAX_LENGTH = 100_000  # characters: room for a list of some 4,000 ids
MAX_DEPTH = 50
MAX_CONDITIONS = 200

KEYWORDS = frozenset(
    ("and", "or", "not", "in", "is", "null", "empty", "between", "starts", "with", "true", "false", "everything")
)
_SYMBOLS: Mapping[str, Op] = {"==": Op.EQ, "<>": Op.NE, "≠": Op.NE, "≤": Op.LE, "≥": Op.GE} | {
    op.value: op for op in (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.CONTAINS, Op.NOT_CONTAINS)
}
_WORDS: Mapping[str, Op] = {
    "in": Op.IN,
    "between": Op.BETWEEN,
    "contains": Op.CONTAINS,
    "lacks": Op.NOT_CONTAINS,
}
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_BARE_NAME = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_.\u4e00-\u9fff]*")
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def parse_filter(text: str) -> Filter:
    """Return the tree that the text means. Raises FilterSyntaxError with the column at fault.

    >>> parse_filter('customer ~ "Acme"') == where.customer.contains("Acme")
    True
    """
    if len(text) > MAX_LENGTH:
        raise FilterSyntaxError(
            _("the filter is longer than {count} characters").format(count=MAX_LENGTH),
            text=text,
            column=MAX_LENGTH + 1,
            hint=_("give ids in a file instead of in the filter"),
        )
    return _Parser(text).whole()


def to_text(filter: Filter) -> str:  # noqa: A002 - the word of the domain
    """Return the text that `parse_filter` reads back as an equal tree (within its limits of size)."""
    match filter:
        case Everything():
            return "everything"
        case Compare():
            return _condition_text(filter)
        case Not(part):
            return f"not {_part_text(part)}"
        case And(parts):
            return " and ".join(_part_text(part) for part in parts)
        case Or(parts):
            return " or ".join(_part_text(part) for part in parts)


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._next = 0
        self._conditions = 0

    def whole(self) -> Filter:
        """Read the whole text as one filter."""
        if self._ended():
            raise self._error(_("the filter is empty"), hint=_("to mean every contract, write: everything"))
        tree = self._either(depth=0)
        if not self._ended():
            raise self._error(
                _("expected and, or, or the end of the filter, not {token}").format(token=self._shown(self._here)),
                hint=_("text with spaces goes in double quotes") if self._here.form is Form.WORD else "",
            )
        return tree

    def _either(self, depth: int) -> Filter:
        return self._joined("or", self._both, Or, depth)

    def _both(self, depth: int) -> Filter:
        return self._joined("and", self._negation, And, depth)

    def _joined(self, word: str, part: Callable[[int], Filter], node: type[And] | type[Or], depth: int) -> Filter:
        parts = [part(depth)]
        while self._take(word):
            parts.append(part(depth))
        return parts[0] if len(parts) == 1 else node(tuple(parts))

    def _negation(self, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise self._error(_("more than {count} levels of parentheses and not").format(count=MAX_DEPTH))
        if self._take("not"):
            return Not(self._negation(depth + 1))
        opening = self._here
        if not self._take("("):
            return self._condition()
        inner = self._either(depth + 1)
        if not self._take(")"):
            raise self._error(
                _("expected ) or and/or, not {token}").format(token=self._shown(self._here)),
                hint=_("the parenthesis at column {column} is still open").format(column=opening.column),
            )
        return inner

    def _condition(self) -> Filter:
        if self._take("everything"):
            return Everything()
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise self._error(
                _("more than {count} conditions").format(count=MAX_CONDITIONS),
                hint=_("use in (...) for a list of values"),
            )
        field = self._field()
        asked = self._here
        op = self._operator(field)
        literals, places = self._operands(op)
        found = problem(field, op, literals)
        if found is not None:
            raise self._error(found.message, asked if found.at is None else places[found.at], hint=found.hint)
        several = op in (Op.IN, Op.NOT_IN, Op.BETWEEN)
        return Compare(field, op, tuple(literals) if several else literals[0] if literals else None)

    def _field(self) -> FieldRef:
        token = self._here
        if token.form is Form.NAME and token.value:
            self._next += 1
            return FieldRef(token.value, vendor=True)
        if token.form is not Form.WORD or token.value.lower() in KEYWORDS:
            raise self._error(
                _("expected a field name, not {token}").format(token=self._shown(token)),
                hint=_("known fields: {names}; others in backquotes").format(names=", ".join(FIELDS)),
            )
        if token.value not in FIELDS and (meant := nearest_field(token.value)) is not None:
            raise self._error(
                _("unknown field {name}").format(name=token.value),
                hint=_("did you mean {meant}? A field of the CRM itself goes in backquotes: `{name}`").format(
                    meant=meant, name=token.value
                ),
            )
        self._next += 1
        return FieldRef(token.value, vendor=token.value not in FIELDS)

    def _operator(self, field: FieldRef) -> Op:
        token = self._here
        if token.form is Form.SYMBOL and token.value in _SYMBOLS:
            self._next += 1
            return _SYMBOLS[token.value]
        if self._take("is"):
            negated = self._take("not")
            self._expect("null", "empty")
            return Op.IS_NOT_NULL if negated else Op.IS_NULL
        if self._take("not"):
            self._expect("in")
            return Op.NOT_IN
        if self._take("starts"):
            self._expect("with")
            return Op.STARTS_WITH
        for word, op in _WORDS.items():
            if self._take(word):
                return op
        raise self._error(
            _("expected an operator after {field}, not {token}").format(field=field.name, token=self._shown(token)),
            hint=_(
                "one of = != < <= > >=, contains (~), lacks (!~), in (...), not in (...), between ... and ..., "
                "starts with, is null"
            ),
        )

    def _operands(self, op: Op) -> tuple[list[Literal], list[FilterToken]]:
        """Read as many literals as the operator takes, with the tokens they came from."""
        if op in (Op.IS_NULL, Op.IS_NOT_NULL):
            return [], []
        places = [self._here]
        if op in (Op.IN, Op.NOT_IN):
            self._expect("(")
            places = [self._here]
            literals = [self._literal()]
            while self._take(","):
                places.append(self._here)
                literals.append(self._literal())
            self._expect(")")
            return literals, places
        literals = [self._literal()]
        if op is Op.BETWEEN:
            self._expect("and")
            places.append(self._here)
            literals.append(self._literal())
        return literals, places

    def _literal(self) -> Literal:
        token = self._here
        if token.form is Form.TEXT:
            value: Literal = token.value
        elif token.form is Form.CHUNK:
            value = self._number_or_moment(token)
        elif token.says("true", "false"):
            value = token.value.lower() == "true"
        else:
            raise self._no_literal(token)
        self._next += 1
        return value

    def _number_or_moment(self, token: FilterToken) -> Literal:
        try:
            if _NUMBER.fullmatch(token.value):
                return Decimal(token.value)
            if _DAY.fullmatch(token.value):
                return date.fromisoformat(token.value)
            if _INSTANT.fullmatch(token.value):
                return datetime.fromisoformat(token.value.upper())
        except ValueError as wrong:
            raise self._error(
                _("there is no such date or time: {value}").format(value=token.value),
                hint=_("dates are written year-month-day, for example 2024-01-31"),
            ) from wrong
        raise self._error(
            _("{value} is neither a number, a date nor a date-time").format(value=token.value),
            hint=_(
                'for example 1000, 99.50, 2024-01-31, 2024-01-31T09:00:00+08:00; text goes in quotes: "{value}"'
            ).format(value=token.value),
        )

    def _no_literal(self, token: FilterToken) -> FilterSyntaxError:
        if token.says("null", "empty"):
            hint = _("to find empty fields, ask: is null")
        elif token.form is Form.WORD:
            hint = _('text goes in quotes: "{value}"').format(value=token.value)
        else:
            hint = _('for example "Expired", 1000, 2024-01-31, true')
        return self._error(_("expected a value, not {token}").format(token=self._shown(token)), hint=hint)

    @property
    def _here(self) -> FilterToken:
        return self._tokens[self._next]

    def _ended(self) -> bool:
        return self._here.form is Form.END

    def _take(self, *words: str) -> bool:
        """Step over the keyword or symbol if it is next."""
        if not self._here.says(*words):
            return False
        self._next += 1
        return True

    def _expect(self, *words: str) -> None:
        if not self._take(*words):
            raise self._error(
                _("expected {wanted}, not {token}").format(wanted=" / ".join(words), token=self._shown(self._here))
            )

    def _shown(self, token: FilterToken) -> str:
        if token.form is Form.END:
            return _("the end of the filter")
        return _quote(token.value, '"') if token.form is Form.TEXT else token.value

    def _error(self, message: str, token: FilterToken | None = None, *, hint: str = "") -> FilterSyntaxError:
        return FilterSyntaxError(message, text=self._text, column=(token or self._here).column, hint=hint)


def _part_text(part: Filter) -> str:
    """Return the text of a part; parentheses around and/or keep the tree's own shape."""
    return f"({to_text(part)})" if isinstance(part, And | Or) else to_text(part)


def _condition_text(condition: Compare) -> str:
    name = _name_text(condition.field)
    literals = [_literal_text(value) for value in condition.values]
    match condition.op:
        case Op.IS_NULL | Op.IS_NOT_NULL:
            return f"{name} {condition.op.value}"
        case Op.IN | Op.NOT_IN:
            return f"{name} {condition.op.value} ({', '.join(literals)})"
        case Op.BETWEEN:
            return f"{name} between {literals[0]} and {literals[1]}"
        case _other:
            return f"{name} {condition.op.value} {literals[0]}"


def _name_text(field: FieldRef) -> str:
    name = field.name
    if not field.vendor:
        return name
    plain = _BARE_NAME.fullmatch(name) and name.lower() not in KEYWORDS and nearest_field(name) is None
    return name if plain else _quote(name, "`")


def _literal_text(value: Literal) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case str():
            return _quote(value, '"')


def _quote(text: str, mark: str) -> str:
    return mark + "".join(_letter(letter, mark) for letter in text) + mark


def _letter(letter: str, mark: str) -> str:
    """Escape quotes, and characters that are not seen or turn the text around: what is shown is what is meant."""
    if letter in (mark, "\\"):
        return "\\" + letter
    if unicodedata.category(letter) in _INVISIBLE:
        return f"\\u{ord(letter):04x}" if ord(letter) <= 0xFFFF else f"\\U{ord(letter):08x}"
    return letter
