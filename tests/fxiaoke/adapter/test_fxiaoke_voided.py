"""The list of voided contracts: who and when as the row says, and an honest no where queries leave them out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import NotAvailableError
from crm_bridge.spi.adapter import Query, RemoveOptions, Whereabouts
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from crm_bridge_fxiaoke.emulator import Switches


def live(adapter: FxiaokeAdapter) -> list[str]:
    return [one.id for page in adapter.find(Query()).pages for one in page.contracts]


def remove(adapter: FxiaokeAdapter, step: Step, *ids: str) -> None:
    module = adapter.whoami().module
    adapter.remove(step, [ContractRef(module, one) for one in ids], options=RemoveOptions())


def voided(rig: Any, adapter: FxiaokeAdapter, *, back: timedelta = timedelta(hours=1)) -> dict[str, Whereabouts]:
    pages = adapter.find(Query(deleted_since=rig.clock.now() - back)).pages
    return {one.ref.id: one for page in pages for one in page.deleted or ()}


@pytest.mark.parametrize("rows", ["returned", "with_filter"])
def test_ours_have_our_name_and_those_of_others_theirs(mount: Any, rows: Any) -> None:
    rig = mount(switches=Switches(query_invalid_rows=rows))
    adapter = rig.connect(assumptions={"query_invalid_rows": rows})
    ours, theirs = live(adapter)[:2]
    remove(adapter, Step.TRASH, ours)
    rig.emulator.control("delete", {"id": theirs})
    found = voided(rig, adapter)
    assert found.keys() == {ours, theirs}
    assert found[ours].by == adapter.whoami().user_id
    assert found[theirs].by != adapter.whoami().user_id


def test_what_was_voided_before_is_not_asked_for(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first, second = live(adapter)[:2]
    remove(adapter, Step.TRASH, first)
    rig.clock.advance(7200)
    remove(adapter, Step.TRASH, second)
    assert voided(rig, adapter).keys() == {second}


def test_what_came_back_or_was_deleted_after_its_void_is_not_listed_and_the_latter_is_said(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    back, gone = live(adapter)[:2]
    remove(adapter, Step.TRASH, back, gone)
    rig.emulator.control("restore", {"id": back})
    remove(adapter, Step.PURGE, gone)
    assert voided(rig, adapter) == {}
    remarks = adapter.find(Query(deleted_since=rig.clock.now())).remarks
    assert any("leaves nothing to read" in remark for remark in remarks)


def test_where_queries_leave_voided_contracts_out_the_list_is_said_to_be_missing(mount: Any) -> None:
    rig = mount(switches=Switches(query_invalid_rows="omitted"))
    adapter = rig.connect(assumptions={"query_invalid_rows": "omitted"})
    with pytest.raises(NotAvailableError) as raised:
        voided(rig, adapter)
    assert "audit log" in raised.value.hint
