"""The criteria of `/search`: `((Field:operator:value)and(...))` read into a test for records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crm_bridge_zoho.emulator.answers import ApiError
from crm_bridge_zoho.emulator.queries.coql_match import Path, Test, cast, resolve
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import NUMBERS, PEOPLE_TYPES, Module
from crm_bridge_zoho.emulator.state.store import Record

LONGEST = 3_000
MOST_CONDITIONS = 15
MOST_VALUES = 100

_EXACT = frozenset({"equals", "not_equal", "in"})
_TEXT = _EXACT | {"starts_with"}
_ORDERED = _EXACT | {"greater_equal", "greater_than", "less_equal", "less_than", "between"}
_OPERATORS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("text", "email", "phone", "website", "multiselectpicklist"), _TEXT),
    **dict.fromkeys(("picklist", "autonumber", "lookup", *PEOPLE_TYPES), _EXACT),
    **dict.fromkeys(("date", "datetime", "id", *NUMBERS), _ORDERED),
    "textarea": frozenset({"equals", "not_equal", "starts_with"}),
    "boolean": frozenset({"equals", "not_equal"}),
}
_LOOSE = frozenset({"text", "textarea", "email", "phone", "website"})
"""Types whose `equals` finds a part of the text: only picklists are compared exactly."""


def compile_search(org: Org, module: Module, text: str) -> Test:
    """Return the test that a record passes when it fits the criteria."""
    if len(text) > LONGEST:
        raise _broken("the criteria is too long")
    reader = _Reader(org, module, text.strip())
    test = reader.joined()
    if reader.at < len(reader.text):
        raise _broken()
    return test


@dataclass(slots=True)
class _Reader:
    """Reads from left to right; `at` is the next character."""

    org: Org
    module: Module
    text: str
    at: int = 0
    conditions: int = 0

    def joined(self) -> Test:
        """Read terms joined by `and` and `or`; `and` binds no tighter than `or`."""
        left = self._term()
        while joint := self._joint():
            left = _join(joint, left, self._term())
        return left

    def _joint(self) -> str:
        self._skip_blanks()
        rest = self.text[self.at : self.at + 4].lower()
        for joint in ("and", "or"):
            if rest.startswith(joint):
                self.at += len(joint)
                return joint
        return ""

    def _term(self) -> Test:
        self._skip_blanks()
        if not self.text.startswith("(", self.at):
            return self._condition(self._until_bracket())
        self.at += 1
        self._skip_blanks()
        nested = self.text.startswith("(", self.at)
        test = self.joined() if nested else self._condition(self._until_bracket())
        self._skip_blanks()
        if not self.text.startswith(")", self.at):
            raise _broken()
        self.at += 1
        return test

    def _until_bracket(self) -> str:
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] != ")":
            self.at += 2 if self.text[self.at] == "\\" else 1
        return self.text[begin : self.at]

    def _condition(self, text: str) -> Test:
        self.conditions += 1
        if self.conditions > MOST_CONDITIONS:
            text = f"no of criterium that can be given exceed the limit {MOST_CONDITIONS}"
            raise ApiError("CRITERIA_LIMIT_EXCEEDED", text)
        name, mark, rest = text.partition(":")
        operator, other, value = rest.partition(":")
        if not mark or not other:
            raise _broken()
        return _compile(self.org, self.module, name.strip(), operator.strip(), value)

    def _skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1


def _compile(org: Org, module: Module, name: str, operator: str, value: str) -> Test:
    if name != "id" and name not in module.fields:
        raise refused("the field is not available for search", name, operator)
    path = resolve(org, module, name)
    kind = path.field.holds
    if operator not in _OPERATORS.get(kind, frozenset()):
        raise refused("the operator is not supported", name, operator)
    wanted = _values(value) if operator in {"in", "between"} else [_unescaped(value)]
    if len(wanted) > MOST_VALUES or (operator == "between" and len(wanted) != 2):
        raise refused("the number of values is not supported", name, operator)
    check = _check(path, kind, operator, wanted)

    def test(record: Record) -> bool:
        return check(path.value(org, record))

    return test


def _check(path: Path, kind: str, operator: str, wanted: list[str]) -> Callable[[Any], bool]:
    if kind in _LOOSE:
        return _text_check(operator, [each.casefold() for each in wanted])
    if kind == "multiselectpicklist":
        return _choice_check(operator, wanted)
    try:
        values = [cast(path, each) for each in wanted]
    except ApiError:
        raise refused("the value does not fit the field", path.text, operator) from None
    first, last = values[0], values[-1]
    tests: dict[str, Callable[[Any], bool]] = {
        "equals": lambda value: value == first,
        "not_equal": lambda value: value != first,
        "in": lambda value: value in values,
        "greater_equal": lambda value: value >= first,
        "greater_than": lambda value: value > first,
        "less_equal": lambda value: value <= first,
        "less_than": lambda value: value < first,
        "between": lambda value: first <= value <= last,
    }
    test = tests[operator]
    return lambda value: value is not None and test(value)


def _text_check(operator: str, wanted: list[str]) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        if value is None:
            return operator == "not_equal"
        text = str(value).casefold()
        if operator == "starts_with":
            return text.startswith(wanted[0])
        if operator == "not_equal":
            return wanted[0] not in text
        return any(each in text for each in wanted)

    return check


def _choice_check(operator: str, wanted: list[str]) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        chosen = value or []
        if operator == "starts_with":
            return any(each.startswith(wanted[0]) for each in chosen)
        return any(each in chosen for each in wanted) != (operator == "not_equal")

    return check


def _values(text: str) -> list[str]:
    parts: list[str] = []
    part, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            part, at = part + text[at + 1], at + 2
        elif text[at] == ",":
            parts, part, at = [*parts, part], "", at + 1
        else:
            part, at = part + text[at], at + 1
    return [*parts, part]


def _unescaped(text: str) -> str:
    # An unescaped comma belongs to the value of a single comparison.
    return ",".join(_values(text))


def _join(joint: str, left: Test, right: Test) -> Test:
    if joint == "and":
        return lambda record: left(record) and right(record)
    return lambda record: left(record) or right(record)


def _broken(reason: str = "the brackets do not match") -> ApiError:
    return refused(reason, "criteria")


def refused(reason: str, name: str, operator: str = "") -> ApiError:
    """Refuse a search: the reason, and the field or parameter that it is about."""
    details = {"reason": reason, "api_name": name} | ({"operator": operator} if operator else {})
    return ApiError("INVALID_QUERY", "Invalid query formed", details)
