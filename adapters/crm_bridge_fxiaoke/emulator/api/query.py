"""Queries: filters, orders, pages, totals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_bridge_fxiaoke.emulator.api.operators import OPERATORS, empty
from crm_bridge_fxiaoke.emulator.call import Call, as_bool, as_int
from crm_bridge_fxiaoke.emulator.envelope import WireError, missing
from crm_bridge_fxiaoke.emulator.state.present import View, constants
from crm_bridge_fxiaoke.emulator.state.schema import NUMERIC, PERSONS, Field, ObjectSchema
from crm_bridge_fxiaoke.emulator.state.state import SYSTEM_USER, Record, Table, World

Predicate = Callable[[Record], bool]
DAY = 86_400_000
CHINA_MS = 8 * 3_600_000
MAX_OFFSET = 10_000


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter: field, operator, comparable values."""

    field: str
    operator: str
    values: tuple[Any, ...]
    test: Predicate


@dataclass(frozen=True, slots=True)
class Query:
    """A query as understood."""

    conditions: tuple[Condition, ...]
    orders: tuple[tuple[str, bool], ...]
    limit: int
    offset: int
    projection: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page and, where wanted, how many there are in all."""

    rows: list[Record]
    total: int


def read_query(view: View, schema: ObjectSchema, info: Mapping[str, Any]) -> Query:
    """Read `search_query_info`; missing parts have defaults, unknown keys do not matter."""
    switches = view.world.switches
    limit = as_int(info.get("limit"), "limit", 20) or 20
    offset = as_int(info.get("offset"), "offset", 0)
    if limit < 0 or offset < 0 or (limit > switches.max_query_limit and switches.over_limit == "error"):
        raise WireError(32000, "limit out of range", f"limit 不能超过{switches.max_query_limit}")
    if offset > MAX_OFFSET:
        raise WireError(10013, "offset out of range 10000", "offset 不能超过10000")
    if switches.multiple_of_limit and offset % limit and offset % min(limit, switches.max_query_limit):
        raise WireError(32000, "offset must be a multiple of limit", "offset 必须是 limit 的整数倍")
    return Query(
        tuple(_condition(view, schema, item) for item in _maps(info, "filters")),
        tuple(_orders(_maps(info, "orders"))),
        min(limit, switches.max_query_limit),
        offset,
        tuple(str(name) for name in info.get("fieldProjection") or ()),
    )


def wanted_total(world: World, call: Call) -> str:
    """Return which total the three switches of a request ask for: exact, zero or estimate."""
    explicit = call.data.get("find_explicit_total_num")
    number = str(call.body.get("returnTotalNum", ""))
    if (explicit is not None and not as_bool(explicit, True)) or number == "3":
        return "zero"
    if explicit is not None or number == "1" or call.flag("need_return_count_num"):
        return "exact"
    return "estimate" if number == "2" else world.switches.total_by_default


def run(world: World, table: Table, query: Query, total: str) -> Page:
    """Answer a query from the search index, which may lag behind the records."""
    rows = _matching(world, table, query)
    by_id = not query.orders or query.orders[0] == ("_id", True)
    end = query.offset + query.limit
    if by_id and total == "zero":
        found = []
        for row in rows:
            found.append(row)
            if len(found) == end:
                break
        return Page(found[query.offset :], 0)
    found = list(rows)
    if not by_id:
        found = _sorted(table.schema, found, query.orders)
    count = {"exact": len(found), "zero": 0, "estimate": -(-len(found) // 50) * 50}[total]
    return Page(found[query.offset : end], count)


def _matching(world: World, table: Table, query: Query) -> Iterator[Record]:
    if table.schema.name in world.switches.hidden_objects:
        return
    overlay = _lagging(world, table)
    switch = world.switches.query_invalid_rows
    filtered = any(item.field == "life_status" for item in query.conditions)
    voided = switch == "returned" or (switch == "with_filter" and filtered)
    tests = [item.test for item in query.conditions]
    for key in _candidates(table, query.conditions, overlay):
        row = overlay[key] if key in overlay else table.rows.get(key)
        if row is None or key in world.hidden or (not voided and row["life_status"] == "invalid"):
            continue
        if all(test(row) for test in tests):
            yield row


def _lagging(world: World, table: Table) -> dict[str, Record | None]:
    since = world.elapsed() - world.switches.index_lag
    while table.past and table.past[0][0] <= since:
        table.past.popleft()
    overlay: dict[str, Record | None] = {}
    for _time, key, old in table.past:
        overlay.setdefault(key, old)
    return overlay


def _candidates(table: Table, conditions: Iterable[Condition], overlay: Mapping[str, Any]) -> Sequence[str]:
    if overlay:
        return sorted({*table.ids, *overlay})
    best: Sequence[str] = table.ids
    for item in conditions:
        if item.field == "_id" and item.operator in ("IN", "EQ"):
            return sorted({str(value) for value in item.values if str(value) in table.rows})
        if item.field == "_id" and item.operator in ("GT", "GTE"):
            best = _shorter(best, table.after(str(item.values[0]), inclusive=item.operator == "GTE"))
        elif item.field in table.indexed and item.operator in ("IN", "EQ"):
            best = _shorter(best, table.having(item.field, [str(value) for value in item.values]))
    return best


def _shorter(one: Sequence[str], other: Sequence[str]) -> Sequence[str]:
    return other if len(other) < len(one) else one


def _maps(info: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = info.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise missing(name)
    return value


def _orders(items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, bool]]:
    for item in items:
        if "fieldName" in item:  # a misspelt key is an unknown key: the order is simply not applied
            yield str(item["fieldName"]), as_bool(item.get("isAsc"), True)


def _condition(view: View, schema: ObjectSchema, item: Mapping[str, Any]) -> Condition:
    name, operator = item.get("field_name"), str(item.get("operator", "")).upper()
    field = schema.fields.get(str(name))
    values = item.get("field_values")
    if not name or (field is None and name not in constants(schema)):
        raise WireError(32000, f"field_name {name} is not exist", "字段不存在")
    if not isinstance(values, list):
        if operator in ("IS", "ISN") and values is None:
            values = []
        else:
            raise missing("field_values")
    return _compile(view, schema, field or Field(str(name), "", "text"), operator, values)


def _compile(view: View, schema: ObjectSchema, field: Field, operator: str, values: list[Any]) -> Condition:
    make = OPERATORS.get(operator)
    name = field.name
    if make is None:
        if view.world.switches.unknown_operator == "error":
            raise WireError(32000, f"operator {operator} is not supported", "参数不合法")
        return Condition(name, operator, (), lambda _row: True)
    if not values and operator not in ("IS", "ISN"):
        raise missing("field_values")
    read = _reader(view, field)
    known = tuple(read(value) for value in values) if operator not in ("IS", "ISN") else ()
    if operator in ("BETWEEN", "NBETWEEN") and len(known) != 2:
        raise missing("field_values")
    test = make(known)
    stored = _stored(field, constants(schema).get(name))
    return Condition(name, operator, known, lambda row: test(stored(row)))


def _reader(view: View, field: Field) -> Callable[[Any], Any]:
    if field.type == "date":
        return lambda value: _number(value, lambda ms: (ms + CHINA_MS) // DAY)
    if field.type in NUMERIC:
        return lambda value: _number(value, lambda number: number)
    if field.type == "true_or_false":
        return lambda value: str(value).lower()
    if field.type in PERSONS and view.open_ids:
        ids = {person.open_id: person.id for person in view.world.employees.values()}
        # An employee id means nobody in the old style, but the system user is called alike in both.
        return lambda value: ids.get(str(value), str(value) if str(value) == SYSTEM_USER else "nobody")
    return lambda value: "" if value is None else str(value)


def _number(value: Any, shape: Callable[[Decimal], Decimal]) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise missing("field_values")
    return shape(number)


def _stored(field: Field, fixed: object) -> Callable[[Record], Any]:
    name = field.name
    if field.type == "date":
        return lambda row: None if row.get(name) is None else (Decimal(str(row[name])) + CHINA_MS) // DAY
    if field.type in NUMERIC:
        return lambda row: None if row.get(name) in (None, "") else Decimal(str(row[name]))
    if field.type == "true_or_false":
        return lambda row: None if row.get(name) is None else str(row[name]).lower()
    return lambda row: row.get(name, fixed)


def _sorted(schema: ObjectSchema, rows: list[Record], orders: Sequence[tuple[str, bool]]) -> list[Record]:
    for name, ascending in reversed(orders):
        numeric = name in schema.fields and schema.fields[name].type in NUMERIC

        def key(row: Record, name: str = name, numeric: bool = numeric) -> tuple[bool, Any]:
            value = row.get(name)
            filled = not empty(value)
            return filled, (Decimal(str(value)) if numeric else str(value)) if filled else (
                Decimal() if numeric else ""
            )

        rows = sorted(rows, key=key, reverse=not ascending)
    return rows
