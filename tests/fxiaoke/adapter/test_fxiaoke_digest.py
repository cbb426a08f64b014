"""Rows as they were recorded: what describes the query, the viewer or another record is no change of a contract."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.spi.adapter import LookDepth, Query
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator, Switches
from crm_bridge_fxiaoke.emulator.state.schema import Field

OBJECTS = ("SaleContractObj", "object_9Kx2p__c")


def planned(adapter: Any) -> dict[str, str]:
    return {one.ref.id: one.digest for page in adapter.find(Query()).pages for one in page.contracts}


def looked_up(adapter: Any, ids: list[str]) -> dict[str, str | None]:
    refs = [one.ref for page in adapter.find(Query()).pages for one in page.contracts if one.ref.id in ids]
    return {key: one.digest for key, one in adapter.locate(refs, look=LookDepth.LIVE).places.items()}


def saved(adapter: Any) -> dict[str, Snapshot]:
    refs = [one.ref for page in adapter.find(Query()).pages for one in page.contracts]
    return {one.ref.id: one for one in adapter.snapshot(refs) if isinstance(one, Snapshot)}


@pytest.mark.parametrize("labels", ["map", "list", "text"])
@pytest.mark.parametrize("auth", ["corp_token", "app_secret"])
@pytest.mark.parametrize("object_name", OBJECTS)
def test_find_gate_and_backup_see_one_content(mount: Any, labels: Any, auth: str, object_name: str) -> None:
    rig = mount(object_name=object_name, switches=Switches(person_labels=labels))
    adapter = rig.connect(auth=auth)
    digests = planned(adapter)
    assert len(digests) > 10
    assert looked_up(adapter, list(digests)) == digests
    assert {key: copy.digest for key, copy in saved(adapter).items()} == digests


def test_the_stand_in_moves_what_a_real_crm_moves_between_two_queries(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first, second = (
        {key: json.loads(copy.record) for key, copy in saved(adapter).items()},
        {key: json.loads(copy.record) for key, copy in saved(adapter).items()},
    )
    moved = {name for key, row in first.items() for name, value in row.items() if second[key][name] != value}
    assert moved == {"total_num", "searchAfterId", "attach__c"}
    assert all("signedUrl" in one["attach__c"][0] for one in first.values() if one.get("attach__c"))


def test_a_row_that_was_read_by_id_has_the_content_of_the_query(mount: Any) -> None:
    rig = mount(switches=Switches(list_rows="truncated"))
    adapter = rig.connect(assumptions={"snapshot_by": "get"})
    first = next(iter(planned(adapter)))
    rig.emulator.control("edit", {"id": first, "field": "remark__c", "value": "长" * 900})
    digest = planned(adapter)[first]
    row = adapter.records.get(adapter.whoami().module, first).values
    assert "details" in row
    assert adapter.whoami().content.digest(row) == digest


@pytest.mark.parametrize(
    ("type_", "before", "shown_as"),
    [
        ("currency", "1000.25", "1000.250000"),
        ("number", "7", "7.00"),
        ("employee_many", ["1000", "1001"], ["1001", "1000"]),
        ("select_many", ["a", "b"], ["b", "a"]),
        ("object_reference_many", ["x", "y"], ["y", "x"]),
    ],
)
def test_a_value_in_another_form_is_no_change(mount: Any, type_: str, before: object, shown_as: object) -> None:
    rig = mount()
    first = add_field(rig.emulator, type_, before)
    adapter = rig.connect()
    digest = planned(adapter)[first]
    set_value(rig.emulator, first, shown_as)
    assert looked_up(adapter, [first])[first] == digest
    set_value(rig.emulator, first, "another" if isinstance(before, str) else ["another"])
    assert looked_up(adapter, [first])[first] != digest


def add_field(emulator: FxiaokeEmulator, type_: str, value: object) -> str:
    table = emulator.world.tables[emulator.world.main_object]
    table.schema.fields["own__c"] = Field("own__c", "自定义", type_, target="AccountObj", origin="custom")
    first = table.ids[0]
    set_value(emulator, first, value)
    return first


def set_value(emulator: FxiaokeEmulator, key: str, value: object) -> None:
    table = emulator.world.tables[emulator.world.main_object]
    table.put({**table.rows[key], "own__c": value})
