"""Every open question about the vendor is a switch of the connection; here, what each position makes the adapter do.

Questions whose switch is shown where its subject is tested are listed by the name of that test.
"""

from __future__ import annotations

import ast
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.filters.syntax import parse_filter
from crm_bridge.domain.filters.tree import matches
from crm_bridge.errors import CrmBridgeError, RateLimitedError, RequestRefusedError, SignInError
from crm_bridge.spi.adapter import LookDepth, Place, Query, RemoveOptions, RemoveResult, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.emulator import Switches
from crm_bridge_fxiaoke.module.questions import QUESTIONS
from crm_bridge_fxiaoke.settings import Assumptions

HERE = Path(__file__).parent
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "A-01": ("test_a_page_size_that_the_crm_cuts_down_loses_nothing",),
    "A-02": ("test_a_total_proves_completeness_only_where_it_is_exact",),
    "A-03": ("test_the_size_of_a_batch_is_an_assumption",),
    "A-04": ("test_how_ids_are_written_is_stated_or_left_to_the_vendor",),
    "A-05": ("test_every_call_carries_a_fresh_trace_id", "test_no_trace_id_is_sent_where_the_switch_says_so"),
    "A-06": ("test_a_voided_contract_is_in_the_bin_however_queries_treat_voided_rows",),
    "A-07": ("test_the_team_is_copied_where_every_record_is_read_by_id",),
    "A-08": ("test_a_lagging_index_is_believed_only_without_the_assumption_of_a_lag",),
    "A-09": ("test_an_absent_record_is_gone_where_the_answer_is_the_assumed_one",),
    "A-10": ("test_one_live_contract_in_a_batch_of_deletes_is_found_out",),
    "A-11": ("test_whether_an_ineffective_contract_may_be_voided_is_a_switch",),
    "A-13": (
        "test_an_approval_that_nobody_tells_about_is_still_pending",
        "test_approvals_are_not_looked_up_where_there_are_none",
    ),
    "A-14": (
        "test_details_that_stay_are_a_warning",
        "test_details_that_did_not_follow_are_told_where_they_are_looked_for",
    ),
    "A-16": (
        "test_the_paths_of_an_object_are_an_assumption",
        "test_many_are_voided_at_once_where_the_object_or_an_assumption_allows_it",
    ),
    "A-22": ("test_the_bin_has_an_end_only_where_one_is_assumed",),
    "A-23": ("test_files_come_by_the_assumed_way",),
    "A-24": (
        "test_details_can_be_created_one_by_one",
        "test_a_deleted_contract_comes_back_with_its_values_lines_and_files",
    ),
    "A-28": (
        "test_a_daily_quota_names_the_seconds_until_midnight_in_china",
        "test_a_quota_that_starts_anew_at_utc_midnight_is_a_switch",
    ),
}


def refuse(rig: Any, ending: str, code: int, text: str = "x") -> None:
    def answer(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith(ending):
            return None
        return WireResponse.of_json({"errorCode": code, "errorMessage": text, "traceId": "E-O.1"})

    rig.intercept = answer


def void_one(adapter: Any) -> RemoveResult:
    ref = next(one for page in adapter.find(Query()).pages for one in page.contracts).ref
    answers: list[RemoveResult] = adapter.remove(Step.TRASH, [ref], options=RemoveOptions())
    return answers[0]


def refusal_of_a_read(rig: Any, adapter: Any, code: int, text: str = "x") -> CrmBridgeError:
    adapter.whoami()
    refuse(rig, "/data/query", code, text)
    with pytest.raises(CrmBridgeError) as caught:
        list(adapter.find(Query()).pages)
    return caught.value


def test_there_are_30_questions_each_a_switch_of_the_stand_in_and_28_of_the_connection() -> None:
    assert [one.id for one in QUESTIONS] == [f"A-{number:02d}" for number in range(1, 31)]
    assert all(one.stand_in for one in QUESTIONS)
    assert [one.id for one in QUESTIONS if not one.settings] == ["A-29", "A-30"]
    assert [name for one in QUESTIONS for name in one.settings] == list(Assumptions.model_fields)
    switches = {item.name for item in fields(Switches)}
    assert {name for one in QUESTIONS for name in one.stand_in} <= switches


def test_the_defaults_of_the_table_are_those_of_the_settings() -> None:
    stated = Assumptions.model_validate({}).stated()
    assert list(stated) == [f"{q.id} {name}={value}" for q in QUESTIONS for name, value in q.settings.items()]


def test_every_question_has_a_test_here_or_where_its_subject_is_tested() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in HERE.glob("test_*.py")]
    names = {one.name for tree in trees for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    own = {f"A-{name[6:8]}" for name in names if name.startswith("test_a") and name[6:8].isdigit()}
    missing = {name for some in ELSEWHERE.values() for name in some} - names
    assert not missing
    # The other two have no setting: tests/protocol/test_places_must_be_proven.py has them.
    assert own | set(ELSEWHERE) == {one.id for one in QUESTIONS if one.settings}


@pytest.mark.parametrize(("denied", "halts"), [(50009, True), (20014, False), (15003, True)])
def test_a12_a_code_that_speaks_of_the_app_may_mean_one_record(mount: Any, denied: int, halts: bool) -> None:
    rig = mount(count=3, switches=Switches(denial_code=20014))
    adapter = rig.connect(assumptions={"denial_code": denied})
    rig.emulator.control("permission", {"invalid": False})
    answer = void_one(adapter)
    assert (answer.code, answer.reason, answer.halt) == ("20014", "permission", halts)


@pytest.mark.parametrize(
    ("assumed", "verdict", "reason"),
    [("refuse_delete", Verdict.NOT_DONE, "has_references"), ("all", Verdict.UNKNOWN, "vetoed")],
)
def test_a14_a_deletion_may_be_stopped_by_details_that_live(
    mount: Any, assumed: str, verdict: Verdict, reason: str
) -> None:
    rig = mount(count=5, switches=Switches(cascade="refuse_delete"))
    adapter = rig.connect(assumptions={"cascade": assumed})
    refs = [one.ref for page in adapter.find(Query()).pages for one in page.contracts][:3]
    adapter.remove(Step.TRASH, refs, options=RemoveOptions())
    world = rig.emulator.world
    line = next(row for _table, row in world.details_of(refs[0].module, refs[0].id))
    rig.emulator.control("restore", {"id": line["_id"]})
    answers = {one.ref.id: one for one in adapter.remove(Step.PURGE, refs, options=RemoveOptions())}
    first = answers[refs[0].id]
    assert (first.verdict, first.reason) == (verdict, reason)
    assert ("1 live detail" in first.hint) is (assumed == "refuse_delete")
    assert {answers[one.id].verdict for one in refs[1:]} == {Verdict.DONE}


@pytest.mark.parametrize(("assumed", "residual"), [("ignored", True), ("error", False)])
def test_a15_rows_of_an_operator_that_may_be_ignored_are_tested_again(mount: Any, assumed: str, residual: bool) -> None:
    rig = mount(count=30)
    adapter = rig.connect(assumptions={"unknown_operator": assumed})
    adapter.whoami()
    where = parse_filter('status = "Expired"')

    def unknown(request: WireRequest) -> WireResponse | None:
        """Make the condition one that this tenant has no word for."""
        body = json.loads(request.body) if request.path.endswith("/data/query") else {}
        sent = body.get("data", {}).get("search_query_info", {}).get("filters", [])
        if not any(one["field_name"] == "status__c" for one in sent):
            return None
        for one in sent:
            one["operator"] = "NEWER" if one["field_name"] == "status__c" else one["operator"]
        changed = json.dumps(body).encode()
        answer: WireResponse = rig.emulator.handle(
            WireRequest(request.method, request.path, request.query, request.headers, changed)
        )
        return answer

    rig.intercept = unknown
    search = adapter.find(Query(where=where))
    rows = [one for page in search.pages for one in page.contracts]
    assert len(rows) == 30  # it matched everything
    assert (search.residual == where) is residual
    kept = [one for one in rows if search.residual is None or matches(search.residual, one)]
    assert {one.status for one in kept} == {"Expired"} if residual else len(kept) == 30


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("assumed", [True, False])
def test_a17_details_may_be_described_with_their_contract(mount: Any, answered: bool, assumed: bool) -> None:
    rig = mount(count=3, switches=Switches(describe_details=answered))
    adapter = rig.connect(assumptions={"describe_details": assumed}, neighbours=["SalesOrderObj"])
    details = [one.name for one in adapter.whoami().relations if one.kind == "detail"]
    assert details == ["SaleContractLineObj"]
    # The contract and the neighbour; else everything that may be a detail is described as well.
    assert rig.calls("/object/describe") == (2 if assumed and answered else 5)


@pytest.mark.parametrize(("assumed", "amount"), [("recognised", "amount__c"), ("stated", None)])
def test_a18_fields_are_recognised_or_only_those_that_are_stated(mount: Any, assumed: str, amount: Any) -> None:
    profile = mount(count=3).connect(assumptions={"field_names": assumed}, fields={"title": "title__c"}).whoami()
    meanings = {one.meaning: one.name for one in profile.fields if one.meaning}
    assert (meanings.get("amount"), meanings["title"], meanings["number"]) == (amount, "title__c", "name")
    told = any("no field was recognised as amount" in line for line in profile.warnings)
    assert told is (amount is None)


def test_a18_a_tenants_own_names_are_recognised_by_their_labels(mount: Any) -> None:
    rig = mount(count=3, switches=Switches(field_names={"amount__c": "field_Zz81q__c"}))
    found = {one.meaning: one.name for one in rig.connect().whoami().fields}
    assert found["amount"] == "field_Zz81q__c"


@pytest.mark.parametrize(("assumed", "kind"), [(20017, RequestRefusedError), (10010, SignInError)])
def test_a19_a_missing_user_is_known_by_its_code(mount: Any, assumed: int, kind: type[CrmBridgeError]) -> None:
    rig = mount(count=3)
    error = refusal_of_a_read(rig, rig.connect(assumptions={"missing_user_code": assumed}), 10010)
    assert type(error) is kind


@pytest.mark.parametrize("code", [20017, 10010])
@pytest.mark.parametrize("assumed", [20017, 10010])
def test_a19_a_text_that_names_the_user_is_believed_whatever_the_code(mount: Any, assumed: int, code: int) -> None:
    rig = mount(count=3)
    adapter = rig.connect(assumptions={"missing_user_code": assumed})
    assert refusal_of_a_read(rig, adapter, code, "currentOpenUserId 不能为空").reason == "user"


@pytest.mark.parametrize(
    ("assumed", "code", "seconds"), [(30004, 30004, 20), (30004, 14001, 60), (14001, 14001, 20), (14001, 30004, 60)]
)
def test_a20_the_code_says_how_long_to_wait(mount: Any, assumed: int, code: int, seconds: int) -> None:
    rig = mount(count=3)
    adapter = rig.connect(assumptions={"over_rate_code": assumed})
    assert refusal_of_a_read(rig, adapter, code).retry_after == seconds


@pytest.mark.parametrize("assumed", [30004, 14001])
def test_a20_a_full_window_is_waited_for_and_the_reading_goes_on(mount: Any, assumed: Any) -> None:
    rig = mount(count=3, switches=Switches(over_rate_code=assumed))
    adapter = rig.connect(assumptions={"over_rate_code": assumed})
    adapter.whoami()
    rig.emulator.control("switch", {"name": "calls_per_window", "value": 1})
    began = rig.clock.monotonic()
    assert sum(len(page.contracts) for page in adapter.find(Query()).pages) == 3
    assert sum(len(page.contracts) for page in adapter.find(Query()).pages) == 3
    assert 20 <= rig.clock.monotonic() - began < 40


@pytest.mark.parametrize(
    ("assumed", "code", "seconds"), [(14001, 14001, 60), (14001, 30004, 20), (30004, 30004, 60), (30004, 14001, 20)]
)
def test_a20_the_code_of_the_token_call_says_how_long_to_wait(
    mount: Any, assumed: int, code: Any, seconds: int
) -> None:
    rig = mount(count=3, switches=Switches(over_token_rate_code=code, token_calls_per_minute=1))
    rig.connect(name="first").whoami()
    with pytest.raises(RateLimitedError) as caught:
        rig.connect(name="second", assumptions={"over_token_rate_code": assumed}).whoami()
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("code", [15003, 20022])
@pytest.mark.parametrize("assumed", [15003, 20022])
def test_a21_the_advice_names_the_allow_list_for_its_code(mount: Any, assumed: int, code: Any) -> None:
    rig = mount(count=3, switches=Switches(ip_allowed=False, ip_denied_code=code))
    with pytest.raises(CrmBridgeError) as caught:
        rig.connect(assumptions={"ip_denied_code": assumed}).whoami()
    assert caught.value.vendor_code == str(code)
    assert ("allow-list" in caught.value.hint) is (assumed == code)


@pytest.mark.parametrize(("assumed", "told"), [("off", ""), ("all", "every void,"), ("no_void", "every deletion and")])
def test_a25_the_plan_warns_of_subscribers(mount: Any, assumed: str, told: str) -> None:
    warnings = mount(count=3).connect(assumptions={"events": assumed}).whoami().warnings
    said = [line for line in warnings if "subscribers" in line]
    assert [line.startswith(told) for line in said] == ([True] if told else [])


@pytest.mark.parametrize(("assumed", "place"), [(True, Place.UNREADABLE), (False, Place.LIVE)])
def test_a26_a_row_that_says_deleted_and_is_not_voided(mount: Any, assumed: bool, place: Place) -> None:
    rig = mount(count=5)
    adapter = rig.connect(assumptions={"voided_is_deleted": assumed})
    ref = next(one for page in adapter.find(Query()).pages for one in page.contracts).ref
    rig.emulator.world.find(ref.id)[1]["is_deleted"] = True
    assert adapter.locate([ref], look=LookDepth.EVERYWHERE).places[ref.id].place is place


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("assumed", [True, False])
def test_a26_a_voided_row_is_in_the_bin_whatever_it_says(mount: Any, assumed: bool, says: bool) -> None:
    rig = mount(count=5, switches=Switches(voided_is_deleted=says))
    adapter = rig.connect(assumptions={"voided_is_deleted": assumed})
    ref = next(one for page in adapter.find(Query()).pages for one in page.contracts).ref
    adapter.remove(Step.TRASH, [ref], options=RemoveOptions())
    assert adapter.locate([ref], look=LookDepth.EVERYWHERE).places[ref.id].place is Place.IN_BIN


@pytest.mark.parametrize(
    ("scope", "whom"), [("tenant", "programs of the tenant"), ("app", "users of the app"), ("user", "acting user")]
)
def test_a27_a_refusal_for_its_rate_says_who_shares_the_window(mount: Any, scope: str, whom: str) -> None:
    rig = mount(count=3)
    adapter = rig.connect(assumptions={"rate_scope": scope})
    refuse(rig, "/invalid", 30004)
    assert whom in void_one(adapter).hint
