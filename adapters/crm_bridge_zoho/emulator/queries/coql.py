"""POST /coql: checks a query, runs it, shows its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import EMPTY, ApiError, Json, field_missing, invalid_data, ok
from crm_bridge_zoho.emulator.api.reading import shown_rows
from crm_bridge_zoho.emulator.call import NOT_IN_LISTS, Call
from crm_bridge_zoho.emulator.describing.metadata_fields import field_json
from crm_bridge_zoho.emulator.queries.coql_match import (
    CHILD_MODULES,
    ID,
    Path,
    bounds,
    compile_criteria,
    invalid_query,
    resolve,
    shortlist,
)
from crm_bridge_zoho.emulator.queries.coql_text import Both, Column, Condition, Criteria, Query, conditions, parse
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import ROW_TYPES, Module
from crm_bridge_zoho.emulator.state.store import Record
from crm_bridge_zoho.emulator.state.values import number, shown

MAX_CONDITIONS = 25
MAX_BASE_JOINS = 20


def coql(call: Call) -> WireResponse:
    """Answer a query: rows and `info`, or 204 when nothing fits."""
    body = call.object_body()
    text = body.get("select_query")
    if text is None:
        raise field_missing("select_query")
    if not isinstance(text, str):
        details = {"expected_data_type": "string", "api_name": "select_query", "json_path": "$.select_query"}
        raise invalid_data(details)
    query = parse(text)
    module = check(call, query)
    call.credits = 1 if query.limit <= 200 else (2 if query.limit <= 1000 else 3)
    rows, more = run(call, query, module)
    if not rows:
        return EMPTY
    answer: Json = {"data": rows, "info": {"count": len(rows), "more_records": more}}
    if "fields" in (body.get("include_meta") or ()):
        answer["fields"] = _meta(call.org, query, module)
    return ok(answer)


def check(call: Call, query: Query) -> Module:
    """Return the module of a query that keeps to the limits."""
    module = call.org.module(query.module)
    if (
        module is None
        or not call.org.shows_module(module.api_name)
        or not module.api_supported
        or (module.generated_type in NOT_IN_LISTS and not (module.is_subform and call.switches.coql_subforms))
        or (module.api_name in CHILD_MODULES and call.switches.children_in_queries == "no")
    ):
        raise ApiError("INVALID_MODULE", "the given module is not supported in api")
    if query.view:
        raise invalid_query(query.view, "the cvid given seems to be invalid")
    switches = call.switches
    _limit(query.limit, switches.coql_max_rows if call.version >= 4 else min(200, switches.coql_max_rows))
    _limit(query.offset + query.limit, switches.coql_max_offset if call.version >= 4 else 10_000)
    _limit(len(query.columns), switches.coql_max_columns)
    _limit(len(query.group), 4)
    _limit(len(query.order), 10)
    _limit(sum(bool(column.function) for column in query.columns), 5)
    found = conditions(query.where)
    _limit(len(found), MAX_CONDITIONS)
    for condition in found:
        if condition.operator.endswith("in") and condition.inner is None:
            _limit(len(condition.values), switches.coql_in_limit)
    _limit(len({c.name.rpartition(".")[0] for c in query.columns} - {""}), MAX_BASE_JOINS)
    _check_columns(call.org, query, module)
    return module


def _check_columns(org: Org, query: Query, module: Module) -> None:
    seen: set[str] = set()
    for column in query.columns:
        path = resolve(org, module, column.name)
        if path.field.data_type in ROW_TYPES | {"fileupload"}:
            raise invalid_query(column.name, "data type not supported", data_type=path.field.data_type)
        if column.text in seen:
            raise ApiError("DUPLICATE_DATA", "duplicate data", {"column_name": column.name})
        if column.alias and not column.alias.replace("_", "a").isalnum():
            raise ApiError("INVALID_ALIAS", "invalid alias", {"alias": column.alias, "column_name": column.name})
        seen.add(column.text)


def run(call: Call, query: Query, module: Module) -> tuple[list[Json], bool]:
    """Return the rows of a checked query, and whether there are more."""
    org = call.org
    where = _without_inner(call, query.where)
    found = iter(shown_rows(org, module, _matches(org, module, where, _id_order(query))))
    if module.api_name in CHILD_MODULES and call.switches.children_in_queries == "one":
        found = iter({record.cells["Parent_Id"]: record for record in found}.values())
    if query.group or any(column.function for column in query.columns):
        rows = _aggregate(org, query, module, found)
        window = rows[query.offset : query.offset + query.limit]
        return window, len(rows) > query.offset + query.limit
    if _id_order(query) is None:
        found = iter(_sorted(org, query, module, found))
    picked = list(islice(found, query.offset, query.offset + query.limit + 1))
    paths = [(column, resolve(org, module, column.name)) for column in query.columns]
    rows = [_row(call, record, paths) for record in picked[: query.limit]]
    return rows, len(picked) > query.limit


def _id_order(query: Query) -> bool | None:
    """Return True for descending, False for ascending order by id, None for another order."""
    if not query.order:
        return False
    return query.order[0][1] if query.order[0][0] == "id" else None


def _matches(org: Org, module: Module, where: Criteria, descending: bool | None) -> Iterator[Record]:
    fits = compile_criteria(org, module, where)
    table = org.tables[module.api_name]
    only = shortlist(org, module, where)
    if only is not None:
        live = sorted((key for key in only if key in table.rows), key=int, reverse=bool(descending))
        return (record for record in map(table.rows.__getitem__, live) if fits(record))
    low, high = bounds(where)
    return (record for record in table.scan(low, high, descending=bool(descending)) if fits(record))


def _sorted(org: Org, query: Query, module: Module, found: Iterator[Record]) -> list[Record]:
    records = list(found)
    aliases = {column.alias: column.name for column in query.columns if column.alias}
    for name, descending in reversed(query.order):
        path = resolve(org, module, aliases.get(name, name))
        records.sort(key=lambda record, path=path: _sort_key(org, path, record), reverse=descending)  # type: ignore[misc]
    return records


def _sort_key(org: Org, path: Path, record: Record) -> tuple[bool, Any]:
    value = path.value(org, record)
    if path.field.data_type == "lookup" and value is not None:
        value = org.display(org.tables[path.field.target].rows[value]) or ""
    if path.field is ID and value is not None:
        value = int(value)
    return (value is not None, value if value is not None else 0)


def _row(call: Call, record: Record, paths: list[tuple[Column, Path]]) -> Json:
    row: Json = {}
    for column, path in paths:
        if not path.steps and call.org.hides(record.module, column.name):
            continue
        row[column.alias or column.name] = _cell(call, record, path)
    row["id"] = record.id
    return row


def _cell(call: Call, record: Record, path: Path) -> Any:
    owner = path.owner(call.org, record)
    if owner is None:
        return None
    if path.field is ID:
        return owner.id
    value = shown(call.org, owner, path.field, cut=True)
    if isinstance(value, dict):
        target = path.field.target
        bare = call.version < 7 or call.switches.bare_lookups or not call.org.shows_module(target)
        names = ("id",) if bare else ("name", "id")
        return {name: value[name] for name in names}
    return value


def _aggregate(org: Org, query: Query, module: Module, found: Iterator[Record]) -> list[Json]:
    keys = [resolve(org, module, name) for name in query.group]
    groups: dict[str, list[Record]] = {} if keys else {"": []}
    for record in found:
        key = repr([path.value(org, record) for path in keys]) if keys else ""
        groups.setdefault(key, []).append(record)
    rows = [_group_row(org, query, module, members) for members in groups.values()]
    for name, descending in reversed(query.order):
        rows.sort(key=lambda row: (row.get(name) is not None, str(row.get(name))), reverse=descending)
    return rows


def _group_row(org: Org, query: Query, module: Module, members: list[Record]) -> Json:
    row: Json = {}
    for column in query.columns:
        path = resolve(org, module, column.name)
        name = column.alias or column.text
        if not column.function:
            row[name] = shown(org, members[0], path.field) if members and not path.steps else None
            continue
        values = [value for member in members if (value := path.value(org, member)) is not None]
        row[name] = _fold(column.function, values)
    return row


def _fold(function: str, values: list[Any]) -> Any:
    if function == "COUNT":
        return len(values)
    if not values:
        return None
    if function in {"MIN", "MAX"}:
        best = min(values) if function == "MIN" else max(values)
        return number(best) if isinstance(best, Decimal | int) else best
    total = sum((Decimal(value) for value in values), Decimal())
    return number(total if function == "SUM" else total / len(values))


def _without_inner(call: Call, where: Criteria) -> Criteria:
    """Replace sub-queries by the values they find."""
    if isinstance(where, Both):
        return replace(where, left=_without_inner(call, where.left), right=_without_inner(call, where.right))
    if where.inner is None:
        first = call.switches.children_in_queries == "first" and where.column == "Parent_Id"
        return replace(where, values=where.values[:1]) if first else where
    inner = where.inner
    column = inner.columns[0]
    rows, _more = run(call, inner, check(call, inner))
    cells = [row.get(column.alias or column.name) for row in rows]
    values = tuple(str(cell["id"] if isinstance(cell, dict) else cell) for cell in cells if cell is not None)
    return Condition(where.column, where.operator, values or ("0",))


def _limit(actual: int, limit: int) -> None:
    if actual > limit:
        raise ApiError("LIMIT_EXCEEDED", "limit exceeded", {"limit": str(limit)})


def _meta(org: Org, query: Query, module: Module) -> Json:
    paths = [resolve(org, module, column.name) for column in query.columns]
    return {path.text: field_json(org, module, path.field) for path in paths if path.field is not ID}


ROUTES = (Route("POST", "/crm/{v}/coql", coql, ("ZohoCRM.coql.READ", "ZohoCRM.modules.{module}.READ")),)
