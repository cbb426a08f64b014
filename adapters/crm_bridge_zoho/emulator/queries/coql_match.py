"""Which records fit COQL criteria: columns resolved over lookups, operators by type, shortcuts by id."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_bridge_zoho.emulator.answers import ApiError
from crm_bridge_zoho.emulator.queries.coql_text import Both, Condition, Criteria, Literal
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import NUMBERS, PEOPLE_TYPES, Field, Module
from crm_bridge_zoho.emulator.state.store import Record
from crm_bridge_zoho.emulator.state.times import instant, is_date
from crm_bridge_zoho.emulator.state.values import stored

Test = Callable[[Record], bool]
ID = Field("id", "Record Id", "id", custom=False, read_only=True)
CHILD_MODULES = frozenset({"Notes", "Attachments"})

_EQUALITY = frozenset({"=", "!=", "in", "not in", "is null", "is not null"})
_ORDERED = _EQUALITY | {"<", ">", "<=", ">=", "between", "not between"}
_TEXT = _EQUALITY | {"like", "not like"}
_BY_TYPE = {
    "picklist": _TEXT, "multiselectpicklist": _EQUALITY | {"like"},
    "boolean": frozenset({"=", "!=", "is null", "is not null"}),
    "lookup": _EQUALITY, "ownerlookup": _EQUALITY, "userlookup": _EQUALITY, "id": _ORDERED, "date": _ORDERED,
    "datetime": _ORDERED, **dict.fromkeys(NUMBERS, _ORDERED),
    **dict.fromkeys(("text", "email", "phone", "website", "autonumber"), _TEXT),
}  # fmt: skip
_UNSUPPORTED = frozenset({"textarea", "fileupload", "imageupload", "subform", "multiselectlookup", "multiuserlookup"})


@dataclass(frozen=True, slots=True)
class Path:
    """A column: the lookups to follow, and the field at the end."""

    text: str
    steps: tuple[Field, ...]
    field: Field

    def value(self, org: Org, record: Record) -> Any:
        """Return the stored value; a lookup whose target is not live is empty."""
        target = self.owner(org, record)
        if target is None:
            return None
        value = target.id if self.field is ID else stored(target, self.field)
        if self.field.data_type == "lookup" and value is not None and value not in org.tables[self.field.target].rows:
            return None
        return value

    def owner(self, org: Org, record: Record) -> Record | None:
        """Return the record at the end of the lookups."""
        target: Record | None = record
        for step in self.steps:
            key = target.cells.get(step.api_name) if target else None
            target = org.tables[step.target].get(key) if key else None
        return target


def invalid_query(column: str, message: str = "column given seems to be invalid", **details: Any) -> ApiError:
    """A column, operator or value that the query cannot have."""
    return ApiError("INVALID_QUERY", message, {**details, "column_name": column})


def resolve(org: Org, module: Module, text: str) -> Path:
    """Find a column; every step but the last is a lookup."""
    *steps, last = text.split(".")
    here, followed = module, []
    for step in steps:
        field = here.fields.get(step)
        if field is None or field.data_type != "lookup" or field.target not in org.modules:
            raise invalid_query(text)
        if not org.shows_module(field.target):
            raise invalid_query(text)
        followed.append(field)
        here = org.modules[field.target]
    found = ID if last == "id" else here.fields.get(last)
    if found is None and last == "Parent_Id" and here.api_name in CHILD_MODULES:
        found = Field("Parent_Id", "Parent", "lookup", target=org.contract_module, custom=False)
    refused = org.hides(here.api_name, last) and org.switches.hidden_fields_described != "ordinary"
    if found is None or refused:
        raise invalid_query(text)
    return Path(text, tuple(followed), found)


def compile_criteria(org: Org, module: Module, where: Criteria) -> Test:
    """Return the test that a record passes when it fits."""
    if isinstance(where, Both):
        left, right = compile_criteria(org, module, where.left), compile_criteria(org, module, where.right)
        if where.joint == "and":
            return lambda record: left(record) and right(record)
        return lambda record: left(record) or right(record)
    return _compile_condition(org, resolve(org, module, where.column), where)


def _compile_condition(org: Org, path: Path, condition: Condition) -> Test:
    kind = path.field.holds
    if kind in _UNSUPPORTED:
        raise invalid_query(path.text, "data type not supported", data_type=kind)
    if condition.operator not in _BY_TYPE.get(kind, _TEXT):
        reason = "the operator is not supported"
        raise invalid_query(path.text, "invalid query formed", reason=reason, operator=condition.operator)
    check = _check(org, path, condition)

    def test(record: Record) -> bool:
        return check(path.value(org, record))

    return test


def _check(org: Org, path: Path, condition: Condition) -> Callable[[Any], bool]:
    operator = condition.operator
    if operator.startswith("is"):
        return (lambda value: value is None) if operator == "is null" else (lambda value: value is not None)
    if operator.endswith("like"):
        pattern = _like(path, condition)
        if operator == "like":
            return lambda value: value is not None and pattern.fullmatch(_text(value)) is not None
        return lambda value: value is not None and pattern.fullmatch(_text(value)) is None
    wanted = [cast(path, value) for value in condition.values]
    fold = org.switches.coql_ignores_case and path.field.holds in {"text", "picklist", "email", "phone", "website"}
    if fold:
        wanted = [_fold(value) for value in wanted]
    if operator in {"=", "!=", "in", "not in"}:
        return _equality(operator, set(wanted), fold=fold)
    return _order(path, operator, wanted)


def _equality(operator: str, wanted: set[Any], *, fold: bool) -> Callable[[Any], bool]:
    negated = operator in {"!=", "not in"}

    def check(value: Any) -> bool:
        if value is None:
            return False
        if isinstance(value, list):
            hit = ";".join(value) in wanted or any(item in wanted for item in value)
        else:
            hit = (_fold(value) if fold else value) in wanted
        return hit != negated

    return check


def _order(path: Path, operator: str, wanted: list[Any]) -> Callable[[Any], bool]:
    number = path.field is ID
    first = int(wanted[0]) if number else wanted[0]
    last = int(wanted[-1]) if number else wanted[-1]
    tests: dict[str, Callable[[Any], bool]] = {
        "<": lambda value: value < first,
        "<=": lambda value: value <= first,
        ">": lambda value: value > first,
        ">=": lambda value: value >= first,
        "between": lambda value: first <= value <= last,
        "not between": lambda value: not first <= value <= last,
    }
    test = tests[operator]
    return lambda value: value is not None and test(int(value) if number else value)


def _like(path: Path, condition: Condition) -> re.Pattern[str]:
    value = condition.values[0]
    if not isinstance(value, str):
        raise misfit(path)
    enclosed = value.startswith("%") and value.endswith("%") and len(value) > 1
    if condition.operator == "not like" and not enclosed:
        raise invalid_query(path.text, "invalid query formed", reason="not like needs %value%", operator="not like")
    text = ".*".join(re.escape(part) for part in value.split("%"))
    return re.compile(text, re.IGNORECASE | re.DOTALL)


def cast(path: Path, value: Literal) -> Any:
    """Return a literal in stored form for the column."""
    kind = path.field.holds
    if kind == "boolean":
        if isinstance(value, bool) or value in ("true", "false"):
            return value in (True, "true")
    elif isinstance(value, bool):
        raise misfit(path)
    elif kind in {"id", "lookup"} or kind in PEOPLE_TYPES:
        if str(value).isdigit():
            return str(value)
    elif kind in NUMBERS:
        if (number := _number(value)) is not None:
            return number
    elif isinstance(value, str):
        return _cast_text(path, kind, value)
    raise misfit(path)


def _cast_text(path: Path, kind: str, value: str) -> Any:
    if kind == "date":
        if is_date(value[:10]):
            return value[:10]
        raise misfit(path)
    if kind == "datetime":
        moment = instant(value)
        if moment is None:
            raise misfit(path)
        return moment
    return value


def misfit(path: Path) -> ApiError:
    """Refuse a value that the column cannot have."""
    return invalid_query(
        path.text, "value given seems to be invalid for the column", expected_data_type=path.field.holds
    )


def _number(value: Any) -> Decimal | int | None:
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            return None
    return value if isinstance(value, int | Decimal) else None


def _text(value: Any) -> str:
    return ";".join(value) if isinstance(value, list) else str(value)


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def shortlist(org: Org, module: Module, where: Criteria) -> set[str] | None:
    """Return the only ids that can fit, where the criteria name ids or indexed lookups; None if any may."""
    if isinstance(where, Both):
        left, right = shortlist(org, module, where.left), shortlist(org, module, where.right)
        if where.joint == "or":
            return None if left is None or right is None else left | right
        return right if left is None else (left if right is None else left & right)
    if where.operator not in {"=", "in"} or where.inner is not None:
        return None
    if where.column == "id":
        return {str(value) for value in where.values}
    table = org.tables[module.api_name]
    if table.indexes(where.column):
        return {record.id for value in where.values for record in table.linked(where.column, str(value))}
    return None


def bounds(where: Criteria) -> tuple[int, int]:
    """Return the lowest and highest id that can fit."""
    if isinstance(where, Both):
        left, right = bounds(where.left), bounds(where.right)
        if where.joint == "and":
            return max(left[0], right[0]), min(left[1], right[1])
        return min(left[0], right[0]), max(left[1], right[1])
    low, high = 0, 10**20
    if where.column == "id" and where.values and all(str(value).isdigit() for value in where.values):
        first, last = int(str(where.values[0])), int(str(where.values[-1]))
        steps = {">": (first + 1, high), ">=": (first, high), "<": (low, first - 1), "<=": (low, first)}
        return steps.get(where.operator, (first, last) if where.operator == "between" else (low, high))
    return low, high
