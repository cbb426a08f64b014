"""Criteria of bulk read: groups of comparisons, turned into the tests that queries use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_bridge_zoho.emulator.answers import ApiError
from crm_bridge_zoho.emulator.queries.coql_match import Test, compile_criteria
from crm_bridge_zoho.emulator.queries.coql_text import Condition
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import Module

MOST = 25
MOST_VALUES = 200
_OPERATORS = {
    "equal": "=", "not_equal": "!=", "in": "in", "not_in": "not in", "less_than": "<", "less_equal": "<=",
    "greater_than": ">", "greater_equal": ">=", "contains": "like", "not_contains": "not like", "starts_with": "like",
    "ends_with": "like", "between": "between", "not_between": "not between",
}  # fmt: skip
_PATTERNS = {"contains": "%{}%", "not_contains": "%{}%", "starts_with": "{}%", "ends_with": "%{}"}
_EMPTY = "${EMPTY}"


def compile_group(org: Org, module: Module, criteria: Any) -> Test:
    """Return the test for a comparison or a group of them, 25 at most."""
    if _count(criteria) > MOST:
        raise ApiError("CRITERIA_LIMIT_EXCEEDED", "criteria limit exceeded", {"limit": MOST}, wrap="data")
    return _compile(org, module, criteria)


def _count(criteria: Any) -> int:
    group = criteria.get("group") if isinstance(criteria, Mapping) else None
    return sum(map(_count, group)) if isinstance(group, list) else 1


def _compile(org: Org, module: Module, criteria: Any) -> Test:
    if not isinstance(criteria, Mapping):
        raise ApiError("INVALID_CRITERIA", "invalid criteria", {}, wrap="data")
    group = criteria.get("group")
    if not isinstance(group, list):
        return _comparison(org, module, criteria)
    operator = str(criteria.get("group_operator", "")).lower()
    if operator not in {"and", "or"}:
        raise ApiError("GROUP_OPERATOR_NOT_SUPPORTED", "group operator not supported", {"supported": ["and", "or"]})
    tests = [_compile(org, module, each) for each in group]
    join = all if operator == "and" else any
    return lambda record: join(test(record) for test in tests)


def _comparison(org: Org, module: Module, criteria: Mapping[str, Any]) -> Test:
    field = criteria.get("field")
    name = str(field.get("api_name") if isinstance(field, Mapping) else criteria.get("api_name"))
    comparator, value = str(criteria.get("comparator")), criteria.get("value")
    if comparator not in _OPERATORS:
        details = {"api_name": name, "comparator": comparator}
        raise ApiError("FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED", "comparator not supported", details)
    if value == _EMPTY:
        operator = "is null" if comparator == "equal" else "is not null"
        return compile_criteria(org, module, Condition(name, operator))
    values = [_literal(each) for each in (value if isinstance(value, list) else [value])]
    if len(values) > MOST_VALUES:
        raise ApiError("VALUE_LIMIT_EXCEEDED_IN_CRITERIA", "value limit exceeded", {"limit": MOST_VALUES}, wrap="data")
    pattern = _PATTERNS.get(comparator)
    if pattern:
        values = [pattern.format(each) for each in values]
    try:
        return compile_criteria(org, module, Condition(name, _OPERATORS[comparator], tuple(values)))
    except ApiError as wrong:
        details = {"api_name": name, "comparator": comparator}
        text = "field and comparator or value in criteria are not compatible"
        code = "FIELD_IN_CRITERIA_NOT_SUPPORTED" if "." not in name and name not in module.fields else ""
        code = code or "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED"
        raise ApiError(code, text, details) from wrong


def _literal(value: Any) -> Any:
    return value if isinstance(value, str | int | bool) else str(value)
