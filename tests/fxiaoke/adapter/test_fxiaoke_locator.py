"""Where contracts are: live, voided, waiting for an approval, gone, hidden, or not to be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.spi.adapter import LookDepth, Place, Query, RemoveOptions, Whereabouts
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from crm_bridge_fxiaoke.emulator import Switches

MODULE = "SaleContractObj"
ABSENT = "64b1113e87ec1c0001ffffff"


def ids(adapter: FxiaokeAdapter) -> list[str]:
    return [one.id for page in adapter.find(Query()).pages for one in page.contracts]


def see(adapter: FxiaokeAdapter, *record_ids: str, look: LookDepth = LookDepth.EVERYWHERE) -> list[Whereabouts]:
    places = adapter.locate([ContractRef(MODULE, one) for one in record_ids], look=look).places
    return [places[one] for one in record_ids]


def void(adapter: FxiaokeAdapter, *record_ids: str) -> None:
    adapter.remove(Step.TRASH, [ContractRef(MODULE, one) for one in record_ids], options=RemoveOptions())


@pytest.mark.parametrize("rows", ["returned", "with_filter", "omitted"])
def test_a_voided_contract_is_in_the_bin_however_queries_treat_voided_rows(mount: Any, rows: Any) -> None:
    adapter = mount(switches=Switches(query_invalid_rows=rows)).connect(assumptions={"query_invalid_rows": rows})
    first, second = ids(adapter)[:2]
    void(adapter, first)
    places = [one.place for one in see(adapter, first, second, ABSENT)]
    assert places == [Place.IN_BIN, Place.LIVE, Place.GONE]


def test_a_wrong_assumption_about_voided_rows_is_noticed(mount: Any) -> None:
    adapter = mount(switches=Switches(query_invalid_rows="with_filter")).connect()
    first = ids(adapter)[0]
    void(adapter, first)
    assert see(adapter, first)[0].place is Place.IN_BIN


def test_a_void_that_started_an_approval_is_pending_with_flow_and_person(mount: Any) -> None:
    rig = mount(switches=Switches(void_approval="starts"))
    adapter = rig.connect(auth="app_secret")
    first = ids(adapter)[0]
    void(adapter, first)
    [seen] = see(adapter, first)
    assert (seen.place, seen.note) == (Place.PENDING, "in approval: 合同作废审批, waiting for 1001")
    rig.emulator.control("approve", {"id": first})
    assert see(adapter, first)[0].place is Place.IN_BIN


def test_whom_to_ask_is_told_by_name_where_the_crm_gives_one(mount: Any) -> None:
    rig = mount(switches=Switches(void_approval="starts"))
    adapter = rig.connect()
    some = ids(adapter)[:2]
    for one in some:
        void(adapter, one)
    person = rig.emulator.world.employees["1001"]
    asked = f"in approval: 合同作废审批, waiting for {person.name} ({person.open_id})"
    assert [one.note for one in see(adapter, *some)] == [asked, asked]
    # The acting user is looked up by mobile; the approver once, however many contracts wait for him.
    assert rig.calls("/cgi/user/get") == 1


def test_a_rejected_approval_leaves_the_contract_live(mount: Any) -> None:
    rig = mount(switches=Switches(void_approval="starts"))
    adapter = rig.connect()
    first = ids(adapter)[0]
    void(adapter, first)
    rig.emulator.control("reject", {"id": first})
    assert see(adapter, first)[0].place is Place.LIVE


def test_approvals_are_not_looked_up_where_there_are_none(mount: Any) -> None:
    rig = mount(switches=Switches(void_approval="starts"))
    adapter = rig.connect(assumptions={"void_approval": "never"})
    first = ids(adapter)[0]
    void(adapter, first)
    assert see(adapter, first)[0].place is Place.LIVE
    assert rig.calls("/getInstanceInfoByObjectId") == 0


def test_an_approval_that_nobody_tells_about_is_still_pending(mount: Any) -> None:
    rig = mount(switches=Switches(void_approval="starts"))
    adapter = rig.connect()
    first = ids(adapter)[0]
    void(adapter, first)
    no = WireResponse.of_json({"errorCode": 15003, "errorMessage": "x"})
    rig.intercept = lambda request: no if "special" in request.path else None
    [seen] = see(adapter, first)
    assert (seen.place, seen.note) == (Place.PENDING, "in approval")


def test_a_hidden_contract_is_not_visible_instead_of_gone(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first = ids(adapter)[0]
    rig.emulator.control("hide", {"id": first})
    assert see(adapter, first)[0].place is Place.NOT_VISIBLE


def test_without_a_control_record_a_customer_shows_only_that_the_crm_answers(mount: Any) -> None:
    rig = mount(count=3)
    adapter = rig.connect()
    everything = ids(adapter)
    for one in everything:
        rig.emulator.control("delete", {"id": one, "purge": True})
    observation = adapter.locate([ContractRef(MODULE, one) for one in everything], look=LookDepth.EVERYWHERE)
    assert observation.control is None
    assert observation.stand_in is not None
    assert {(seen.place, seen.listed) for seen in observation.places.values()} == {(Place.GONE, False)}


def test_a_control_record_that_was_voided_is_replaced(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first = ids(adapter)[0]
    ref = ContractRef(MODULE, first)
    old = adapter.locate([ref], look=LookDepth.EVERYWHERE).control
    rig.emulator.control("delete", {"id": old})
    new = adapter.locate([ref], look=LookDepth.EVERYWHERE).control
    assert new not in (None, old, first)


def test_the_control_record_is_never_one_of_the_selection(mount: Any) -> None:
    adapter = mount(count=120).connect()
    everything = ids(adapter)
    selection = everything[-99:]
    control = adapter.locate([ContractRef(MODULE, one) for one in selection], look=LookDepth.EVERYWHERE).control
    assert control in everything[:-99]


def test_a_selection_of_all_the_newest_contracts_has_a_control_record_too(mount: Any) -> None:
    adapter = mount(count=350).connect()
    everything = ids(adapter)
    observation = adapter.locate([ContractRef(MODULE, one) for one in everything[-300:]], look=LookDepth.EVERYWHERE)
    assert observation.control in everything[:-300]
    assert {one.place for one in observation.places.values()} == {Place.LIVE}
    assert len(observation.places) == 300


def test_a_record_that_cannot_be_read_is_unreadable_not_absent(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    busy = WireResponse.of_json({"errorCode": -1, "errorMessage": "系统繁忙"})
    ids(adapter)
    rig.intercept = lambda request: busy if request.path.endswith("/get") else None
    assert see(adapter, ABSENT)[0].place is Place.UNREADABLE


@pytest.mark.parametrize("lag", [0.0, 5.0])
def test_a_lagging_index_is_believed_only_without_the_assumption_of_a_lag(mount: Any, lag: float) -> None:
    adapter = mount(switches=Switches(index_lag=5.0)).connect(assumptions={"index_lag": lag})
    first = ids(adapter)[0]
    void(adapter, first)
    assert see(adapter, first)[0].place is (Place.IN_BIN if lag else Place.LIVE)


def test_a_recovered_contract_is_live_in_spite_of_a_lagging_index(mount: Any) -> None:
    rig = mount(switches=Switches(index_lag=5.0))
    adapter = rig.connect(assumptions={"index_lag": 5.0})
    first = ids(adapter)[0]
    void(adapter, first)
    rig.clock.advance(6)
    from crm_bridge.domain.capabilities import Route
    from crm_bridge.spi.adapter import RestoreItem

    adapter.bring_back(Route.UNTRASH, [RestoreItem(ContractRef(MODULE, first), "m")])
    assert see(adapter, first)[0].place is Place.LIVE


@pytest.mark.parametrize("how", ["error", "empty"])
@pytest.mark.parametrize("assumed", ["either", "error", "empty"])
def test_an_absent_record_is_gone_where_the_answer_is_the_assumed_one(mount: Any, how: Any, assumed: str) -> None:
    adapter = mount(switches=Switches(absent_record=how)).connect(assumptions={"absent_record": assumed})
    place = see(adapter, ABSENT)[0].place
    assert place is (Place.GONE if assumed in ("either", how) else Place.UNREADABLE)


@pytest.mark.parametrize("days", [0, 30])
def test_the_bin_has_an_end_only_where_one_is_assumed(mount: Any, days: int) -> None:
    rig = mount()
    adapter = rig.connect(assumptions={"bin_days": days})
    first = ids(adapter)[0]
    void(adapter, first)
    until = see(adapter, first)[0].until
    assert (until - rig.clock.now()).days == 30 if days and until else until is None
    assert adapter.whoami().limits.bin_days == (days or None)


@pytest.mark.parametrize("looked", [False, True])
def test_details_that_did_not_follow_are_told_where_they_are_looked_for(mount: Any, looked: bool) -> None:
    adapter = mount(switches=Switches(cascade="none")).connect(assumptions={"verify_details": looked})
    first = ids(adapter)[0]
    void(adapter, first)
    assert see(adapter, first)[0].note == ("3 detail rows are still live" if looked else "")


def test_details_that_followed_need_no_note(mount: Any) -> None:
    adapter = mount().connect(assumptions={"verify_details": True})
    first = ids(adapter)[0]
    void(adapter, first)
    assert see(adapter, first)[0].note == ""


def test_records_that_we_purged_are_not_asked_for_by_id(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    some = ids(adapter)[:10]
    void(adapter, *some)
    see(adapter, *some)
    adapter.remove(Step.PURGE, [ContractRef(MODULE, one) for one in some], options=RemoveOptions())
    before = rig.calls()
    assert {one.place for one in see(adapter, *some)} == {Place.GONE}
    assert rig.calls() - before == 1


def test_a_look_asks_by_id_and_never_by_a_search(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first = ids(adapter)[0]
    heard: list[Any] = []

    def note(request: WireRequest) -> None:
        if request.path.endswith("/query"):
            heard.append(json.loads(request.body)["data"]["search_query_info"]["filters"][0])

    rig.intercept = note
    see(adapter, first, look=LookDepth.LIVE)
    assert [(one["field_name"], one["operator"]) for one in heard] == [("_id", "IN")]


@pytest.mark.parametrize(("editor", "told"), [("1000", None), ("FSUID_OTHER", "FSUID_OTHER"), ("-10000", None)])
def test_who_voided_is_told_only_in_ids_that_can_be_compared_with_ours(mount: Any, editor: str, told: Any) -> None:
    rig = mount()
    adapter = rig.connect(auth="corp_token")
    first = ids(adapter)[0]
    void(adapter, first)

    def other(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith("/query"):
            return None
        answer = json.loads(rig.emulator.handle(request).body)
        for row in answer["data"]["dataList"]:
            row["last_modified_by"] = [editor]
        return WireResponse.of_json(answer)

    rig.intercept = other
    assert see(adapter, first)[0].by == told
