"""The first generation of paths (V1), translated into the second one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm_bridge_fxiaoke.emulator.api import objects, reading, removing, writing
from crm_bridge_fxiaoke.emulator.call import Call, as_bool, need_text
from crm_bridge_fxiaoke.emulator.envelope import business, missing
from crm_bridge_fxiaoke.emulator.state.state import World


def object_list(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/object/list`."""
    listed = objects.listing(world, call)["data"]["objects"]
    return {
        "objects": [
            {"api_name": item["describeApiName"], "display_name": item["describeDisplayName"]} for item in listed
        ]
    }


def describe(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/object/describe`."""
    return {"objectDesc": objects.describe(world, call)["data"]["describe"]}


def search(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/data/query`: the old `searchQuery` shape, `totalNumber` and `datas` at the top level."""
    ask = call.body.get("searchQuery")
    if not isinstance(ask, dict):
        raise missing("searchQuery")
    projection = ask.get("dataProjection")
    fields = projection.get("fieldNames") if isinstance(projection, dict) else None
    info = {
        "limit": ask.get("limit"),
        "offset": ask.get("offset"),
        "filters": _filters(ask),
        "orders": [
            {"fieldName": item.get("field"), "isAsc": as_bool(item.get("ascending"), True)}
            for item in ask.get("orders") or []
        ],
        "fieldProjection": fields or [],
    }
    page = reading.search(world, _call(call, search_query_info=info))["data"]
    return {"totalNumber": page["total"], "datas": page["dataList"]}


def get(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/data/get`."""
    return reading.get(world, _call(call, objectDataId=need_text(call.body, "dataId")))


def create(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/data/create`: the fields stand in `data`."""
    return writing.create(world, _call(call, object_data=_named(call)))


def update(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/data/update`."""
    return writing.update(world, _call(call, object_data=_named(call) | {"_id": need_text(call.body, "dataId")}))


def drop(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/data/drop`: void one record."""
    return removing.invalid(world, _call(call, object_data_id=need_text(call.body, "dataId")))


def delete(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/data/delete`: one voided record."""
    return removing.delete(world, _call(call, idList=[need_text(call.body, "dataId")]))


def change_owner(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/data/changeOwner`."""
    owners = call.body.get("ownerId")
    change = {"objectDataId": need_text(call.body, "dataId"), "ownerId": owners}
    return writing.change_owner(world, _call(call, dataList=[change]))


def function(world: World, call: Call) -> dict[str, Any]:
    """Answer `/cgi/crm/v2/special/function`; the tenant deployed one: BatchRemove__c {objectApiName, ids, purge}."""
    if call.text("api_name") != "BatchRemove__c":
        raise business("函数不存在")
    values = {
        item["name"]: item.get("value")
        for item in call.data.get("parameters") or []
        if isinstance(item, dict) and "name" in item
    }
    given = values.get("inputData")
    ask: Mapping[str, Any] = given if isinstance(given, dict) else values
    ids = ask.get("ids")
    if not isinstance(ids, list) or len(ids) > 300:
        raise missing("ids")
    batch = {"dataObjectApiName": ask.get("objectApiName"), "idList": ids}
    family = "custom/v2" if str(batch["dataObjectApiName"]).endswith("__c") else "v2"
    path = f"/cgi/crm/{family}/data/invalid"  # a function reaches every object: it has no paths
    inner = replace(call, path=path, body={**call.body, "data": batch})
    removing.invalid_many(world, inner)
    if as_bool(ask.get("purge")):
        removing.delete(world, inner)
    return {"data": {"functionResult": {"success": True, "count": len(ids)}}}


def _call(call: Call, **data: Any) -> Call:
    return replace(call, body={**call.body, "data": {"dataObjectApiName": call.body.get("apiName"), **data}})


def _named(call: Call) -> dict[str, Any]:
    return {**call.data, "dataObjectApiName": call.body.get("apiName")}


def _filters(ask: Mapping[str, Any]) -> list[dict[str, Any]]:
    filters = []
    for group in ask.get("conditions") or []:
        for name, value in (group.get("conditions") or {}).items():
            operator = "IN" if isinstance(value, list) else "EQ"
            filters.append(_filter(name, operator, value if isinstance(value, list) else [value]))
    for item in ask.get("rangeConditions") or []:
        for key, operator in (("from", "GTE"), ("to", "LTE")):
            if item.get(key) is not None:
                filters.append(_filter(item.get("fieldName"), operator, [item[key]]))
    return filters


def _filter(name: Any, operator: str, values: list[Any]) -> dict[str, Any]:
    return {"field_name": name, "operator": operator, "field_values": values}
