"""What is said before a plan is made: scopes, rights, states, credits, and how many calls the edition bears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.domain.contract import RecordState
from crm_bridge.spi.adapter import Query
from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.module.editions import concurrency_of
from crm_bridge_zoho.module.record_states import FIRST
from crm_bridge_zoho.signing_in.scopes import SCOPES

STATES = Query(states=True)


def warned(zoho: Any) -> str:
    return "\n".join(zoho.connect().whoami().warnings)


def found(adapter: Any, query: Query = STATES) -> dict[str, RecordState]:
    return {one.id: one.state for page in adapter.find(query).pages for one in page.contracts}


def test_the_scopes_that_login_asks_for_leave_nothing_out(zoho: Any) -> None:
    zoho.control("scopes", list=list(SCOPES))
    assert "scope" not in warned(zoho)


@pytest.mark.parametrize(
    ("narrow", "lacking"),
    [
        ("ZohoCRM.modules.READ", ["modules.custom.DELETE", "modules.custom.CREATE", "modules.notes.CREATE"]),
        ("ZohoCRM.modules.custom.ALL", ["modules.notes.READ", "modules.attachments.READ"]),
        ("ZohoCRM.modules.Contracts.ALL", ["modules.notes.READ"]),
    ],
)
def test_a_narrower_scope_names_what_it_does_not_allow(zoho: Any, narrow: str, lacking: list[str]) -> None:
    zoho.control("scopes", list=[one for one in SCOPES if not one.startswith("ZohoCRM.modules")] + [narrow])
    told = warned(zoho)
    assert [name for name in lacking if f"ZohoCRM.{name}" not in told] == []


def test_without_the_scope_to_delete_a_plan_is_refused_and_says_which_scope(zoho: Any) -> None:
    zoho.control("scopes", list=[*(one for one in SCOPES if "modules" not in one), "ZohoCRM.modules.READ"])
    profile = zoho.connect().whoami()
    assert profile.may[Step.TRASH] is Support.ABSENT
    assert "ZohoCRM.modules.custom.DELETE" in profile.why[Step.TRASH]
    assert "crm-bridge login" in profile.why[Step.TRASH]


def test_a_bin_that_may_only_be_read_forbids_the_purge_alone(zoho: Any) -> None:
    settings = ["ZohoCRM.settings.READ", "ZohoCRM.settings.recycle_bin.UPDATE"]
    zoho.control("scopes", list=[one for one in SCOPES if one != "ZohoCRM.settings.ALL"] + settings)
    profile = zoho.connect().whoami()
    assert (profile.may[Step.TRASH], profile.may[Step.PURGE]) == (Support.FULL, Support.ABSENT)


@pytest.mark.parametrize(
    ("right", "may"),
    [
        ("delete", (Support.ABSENT, Support.ABSENT)),
        ("mass_delete", (Support.FULL, Support.FULL)),
        ("recycle_bin", (Support.FULL, Support.ABSENT)),
    ],
)
def test_every_right_of_the_profile_is_read(zoho: Any, right: str, may: tuple[Support, Support]) -> None:
    zoho.control("profile", **{right: False})
    profile = zoho.connect().whoami()
    assert (profile.may[Step.TRASH], profile.may[Step.PURGE]) == may
    assert bool(profile.warnings) == (right != "delete")


def test_a_module_whose_delete_is_switched_off_forbids_it_for_everybody(zoho: Any) -> None:
    zoho.control("switch", name="contracts_deletable", value=False)
    assert zoho.connect().whoami().may[Step.TRASH] is Support.ABSENT


@pytest.mark.parametrize(
    ("command", "arguments", "state"),
    [
        ("lock", {}, RecordState.LOCKED),
        ("approval", {"state": "approval_process_pending"}, RecordState.IN_APPROVAL),
        ("approval", {"state": "review_process_rejected"}, RecordState.IN_APPROVAL),
        ("blueprint", {}, RecordState.IN_PROCESS),
        ("merge", {}, RecordState.IN_PROCESS),
        ("sharing", {}, RecordState.READ_ONLY),
    ],
)
def test_a_plan_sees_where_a_contract_stands(
    zoho: Any, command: str, arguments: dict[str, str], state: RecordState
) -> None:
    held = zoho.ids()[7]
    zoho.control(command, id=held, **arguments)
    states = found(zoho.connect())
    assert {key: one for key, one in states.items() if one is not RecordState.NORMAL} == {held: state}


def test_a_listing_without_a_plan_spends_no_call_on_states(zoho: Any) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    start = len(zoho.calls())
    found(adapter, Query())
    plain = len(zoho.calls()) - start
    found(adapter)
    assert len(zoho.calls()) - start - plain == plain + 1


def test_states_of_a_large_plan_are_looked_up_for_its_first_contracts_and_that_is_said(
    make_zoho: Callable[..., Any],
) -> None:
    zoho = make_zoho(count=FIRST + 40, plain=True)
    ids = zoho.ids()
    for at in (0, FIRST - 1, FIRST):
        zoho.control("approval", id=ids[at])
    search = zoho.connect().find(STATES)
    states = {one.id: one.state for page in search.pages for one in page.contracts}
    assert [states[ids[at]] for at in (0, FIRST - 1, FIRST)] == [*[RecordState.IN_APPROVAL] * 2, RecordState.NORMAL]
    assert [str(FIRST) in remark for remark in search.remarks] == [True]


def test_states_that_zoho_does_not_show_are_said_and_stop_no_plan(zoho: Any) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    refused = WireResponse.of_json({"code": "INVALID_DATA", "details": {}, "message": "no", "status": "error"}, 400)
    zoho.intercept = lambda request: refused if request.path == "/crm/v8/Contracts" else None
    search = adapter.find(Query(ids=(zoho.ids()[0],), states=True))
    assert [len(page.contracts) for page in search.pages] == [1, 0]
    assert len(list(search.remarks)) == 1


@pytest.mark.parametrize(
    ("edition", "calls"),
    [
        ("free", 5),
        ("standard", 10),
        ("professional", 15),
        ("Enterprise", 20),
        ("zoho_one", 20),
        ("ultimate", 25),
        ("CRM Plus", 25),
        ("something new", None),
    ],
)
def test_an_edition_bounds_the_calls_at_once(edition: str, calls: int | None) -> None:
    assert concurrency_of(edition) == calls


@pytest.mark.parametrize(("edition", "wanted", "allowed"), [("free", 30, 5), ("ultimate", 30, 25), ("free", 3, 3)])
def test_no_setting_goes_beyond_the_edition(zoho: Any, edition: str, wanted: int, allowed: int) -> None:
    zoho.emulator.switches.edition = edition
    zoho.in_flight = wanted
    assert zoho.connect().whoami().limits.calls_in_flight == allowed


def test_the_connection_may_say_another_edition_than_the_licence(zoho: Any) -> None:
    zoho.in_flight = 30
    assert zoho.connect(edition="standard").whoami().limits.calls_in_flight == 10
