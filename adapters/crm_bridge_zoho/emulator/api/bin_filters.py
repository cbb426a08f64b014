"""Filters of the recycle bin: AND groups over module, name, actor and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_bridge_zoho.emulator.answers import ApiError
from crm_bridge_zoho.emulator.state.org import Binned, Org
from crm_bridge_zoho.emulator.state.times import instant

Fits = Callable[[Binned], bool]

_TEXT: dict[str, Callable[[str, str], bool]] = {
    "equal": lambda value, wanted: value == wanted,
    "not_equal": lambda value, wanted: value != wanted,
    "contains": lambda value, wanted: wanted in value,
    "not_contains": lambda value, wanted: wanted not in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
}
_TIME: dict[str, Callable[[int, int], bool]] = {
    "equal": lambda value, wanted: value == wanted,
    "not_equal": lambda value, wanted: value != wanted,
    "greater_than": lambda value, wanted: value > wanted,
    "less_than": lambda value, wanted: value < wanted,
}


def compile_filters(org: Org, filters: Any) -> Fits:
    """Return the test for filters as the API takes them."""
    if not isinstance(filters, dict):
        raise _invalid("The given filters seems to be invalid", 400)
    if "group" not in filters:
        return _single(org, filters)
    operator = filters.get("group_operator")
    if operator is None:
        raise ApiError("DEPENDENT_FIELD_MISSING", "dependent field missing", {"api_name": "group_operator"})
    if str(operator).upper() != "AND":
        raise _invalid("The given group operator not supported. Only 'AND' operator is supported", 403)
    if not isinstance(filters["group"], list) or not filters["group"]:
        raise _invalid("The given group seems to be invalid", 400)
    tests = [compile_filters(org, each) for each in filters["group"]]
    return lambda binned: all(test(binned) for test in tests)


def _single(org: Org, entry: dict[str, Any]) -> Fits:
    field = entry.get("field")
    name = field.get("api_name") if isinstance(field, dict) else None
    for key in ("field", "comparator", "value"):
        if key not in entry:
            raise ApiError("EXPECTED_DEPENDENT_FIELD_MISSING", "expected dependent field missing", {"api_name": key})
    comparator, value = str(entry["comparator"]), entry["value"]
    if name == "deleted_time":
        return _by_time(comparator, value)
    if name == "module" and comparator in {"equal", "not_equal"}:
        return _by_text(
            comparator, [value], lambda binned: [binned.record.module, org.modules[binned.record.module].id]
        )
    if name == "display_name" and comparator in _TEXT:
        return _by_text(comparator, [value], lambda binned: [org.display(binned.record) or ""])
    if name == "deleted_by" and comparator in _TEXT:
        people = value if isinstance(value, list) else [value]
        return _by_text(comparator, people, lambda binned: [binned.actor, org.users[binned.actor].full_name])
    if name in {"module", "display_name", "deleted_by"}:
        raise _invalid("The given comparator seems to be invalid", 403)
    raise _invalid("The given api_name seems to be invalid", 403)


def _by_time(comparator: str, value: Any) -> Fits:
    moment = instant(str(value))
    if comparator not in _TIME:
        raise _invalid("The given comparator seems to be invalid", 403)
    if moment is None:
        raise _invalid("The given value seems to be invalid", 400)
    test, wanted = _TIME[comparator], moment
    return lambda binned: test(binned.at, wanted)


def _by_text(comparator: str, values: list[Any], read: Callable[[Binned], list[str]]) -> Fits:
    wanted = [_plain(value) for value in values]
    test = _TEXT[comparator]
    join = all if comparator.startswith("not_") else any
    return lambda binned: join(test(value, each) for value in read(binned) for each in wanted)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("id") or value.get("api_name") or value.get("name") or "")
    return str(value)


def _invalid(message: str, status: int) -> ApiError:
    return ApiError("INVALID_DATA", message, {"param_name": "filters"}, status=status)
