"""DELETE, mass delete and the recycle bin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest


def test_deleted_contracts_lie_in_the_bin_with_their_rows_notes_and_files(zoho: Any) -> None:
    first = zoho.contracts()[0]
    reply = zoho.delete("/Contracts", ids=first, wf_trigger="False")
    assert reply.status == 200
    assert reply.json == {
        "data": [{"code": "SUCCESS", "details": {"id": first}, "message": "record deleted", "status": "success"}]
    }
    kinds = {(effect.kind, effect.module) for effect in zoho.emulator.ledger()[-1].effects}
    assert kinds == {
        ("trashed", "Contracts"),
        ("trashed", "Contract_Lines"),
        ("trashed", "Notes"),
        ("trashed", "Attachments"),
        ("trashed", "Contracts_X_Contacts"),
    }


def test_a_restore_gives_back_everything_under_the_same_ids(zoho: Any) -> None:
    first = zoho.contracts()[0]
    before = zoho.get(f"/Contracts/{first}").json
    zoho.delete("/Contracts", ids=first)
    assert zoho.get(f"/Contracts/{first}").status == 204
    reply = zoho.post(f"/settings/recycle_bin/{first}/actions/restore")
    assert reply.json["recycle_bin"][0]["message"] == "record restored"
    assert zoho.get(f"/Contracts/{first}").json == before


def test_lookups_to_a_binned_contract_are_empty_until_it_comes_back(zoho: Any) -> None:
    first = zoho.contracts()[0]
    query = f"select Name, Contract from Payments where Contract = '{first}'"
    payments = zoho.coql(query).json["data"]
    zoho.delete("/Contracts", ids=first)
    assert zoho.coql(query).status == 204
    one = payments[0]["id"]
    assert zoho.get(f"/Payments/{one}").json["data"][0]["Contract"] is None
    related = zoho.get(f"/Contracts/deleted/{first}/Payments", fields="Name").json["data"]
    assert {row["id"] for row in related} == {row["id"] for row in payments}
    zoho.post("/settings/recycle_bin/actions/restore", {"ids": [first]})
    assert zoho.get(f"/Payments/{one}").json["data"][0]["Contract"]["id"] == first


def test_workflows_run_on_delete_unless_told_not_to(zoho: Any) -> None:
    one, two, three = zoho.contracts()[1:4]
    zoho.delete("/Contracts", ids=one)
    assert ("workflow", one) in zoho.effects()
    zoho.delete("/Contracts", ids=two, wf_trigger="false")
    assert ("workflow", two) not in zoho.effects()
    zoho.delete(f"/Contracts/{three}", wf_trigger="True")
    assert ("workflow", three) in zoho.effects()


def test_some_failures_are_207_and_only_failures_400(zoho: Any) -> None:
    one = zoho.contracts()[1]
    mixed = zoho.delete("/Contracts", ids=f"{one},554023000000099002")
    assert (mixed.status, [item["code"] for item in mixed.json["data"]]) == (207, ["SUCCESS", "INVALID_DATA"])
    again = zoho.delete("/Contracts", ids=one)
    assert again.status == 400
    assert again.json["data"][0] == {
        "code": "INVALID_DATA", "details": {"id": one}, "message": "record not deleted", "status": "error",
    }  # fmt: skip


def test_older_behaviour_answers_200_for_mixed_results(zoho: Any) -> None:
    zoho.switch("mixed_status", 200)
    assert zoho.delete("/Contracts", ids=f"{zoho.contracts()[1]},554023000000099002").status == 200


def test_the_single_form_fails_flat(zoho: Any) -> None:
    reply = zoho.delete("/Contracts/554023000000099002")
    assert reply.status == 400
    assert reply.json == {
        "code": "INVALID_DATA", "details": {"resource_path_index": 1}, "message": "record not deleted",
        "status": "error",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "REQUIRED_PARAM_MISSING"),
        ({"ids": "12,abc"}, "UNABLE_TO_PARSE_DATA_TYPE"),
        ({"ids": ",".join(str(554023000003700001 + n) for n in range(101))}, "LIMIT_EXCEEDED"),
        ({"ids": "554023000003700001", "wf_trigger": "maybe"}, "INVALID_DATA"),
    ],
)
def test_malformed_deletes_delete_nothing(zoho: Any, query: dict[str, str], code: str) -> None:
    reply = zoho.delete("/Contracts", **query)
    assert (reply.status, reply.json["code"]) == (400, code)
    assert len(zoho.contracts()) == 60


@pytest.mark.parametrize(
    ("command", "arguments", "code"),
    [
        ("lock", {}, "RECORD_LOCKED"),
        ("merge", {}, "RECORD_LOCKED"),
        ("approval", {"state": "approval_process_pending"}, "NOT_APPROVED"),
        ("approval", {"state": "review_process_pending"}, "NOT_REVIEWED"),
        ("approval", {"state": "zia_vision_validation"}, "RECORD_LOCKED"),
        ("blueprint", {"blocking": True}, "RECORD_IN_BLUEPRINT"),
        ("sharing", {}, "AUTHORIZATION_FAILED"),
    ],
)
def test_what_forbids_a_deletion_fails_that_record_alone(
    zoho: Any, command: str, arguments: dict[str, Any], code: str
) -> None:
    one, two = zoho.contracts()[1:3]
    zoho.control(command, id=one, **arguments)
    reply = zoho.delete("/Contracts", ids=f"{one},{two}")
    assert [item["code"] for item in reply.json["data"]] == [code, "SUCCESS"]


def test_a_profile_without_delete_is_refused_as_a_whole(zoho: Any) -> None:
    zoho.control("profile", delete=False)
    reply = zoho.delete("/Contracts", ids=zoho.contracts()[0])
    assert reply.status == 403
    assert reply.json["details"] == {"permissions": ["Crm_Implied_Delete_CustomModule3"]}


def test_mass_delete_takes_500_ids_as_numbers_or_strings(zoho: Any) -> None:
    ids = zoho.contracts()
    reply = zoho.post("/Contracts/actions/mass_delete", {"ids": [int(ids[0]), ids[1]]})
    assert [item["details"]["id"] for item in reply.json["data"]] == ids[:2]
    assert reply.json["data"][0]["message"] == "record is deleted"
    assert zoho.post("/Contracts/actions/mass_delete", {"ids": list(range(501))}).json["code"] == "LIMIT_EXCEEDED"


def test_the_status_of_a_mass_delete_needs_its_job(zoho: Any) -> None:
    assert zoho.get("/Contracts/actions/mass_delete").json["code"] == "MANDATORY_NOT_FOUND"
    assert zoho.get("/Contracts/actions/mass_delete", job_id="1").json["code"] == "INVALID_DATA"


def test_mass_delete_needs_a_right_of_its_own(zoho: Any) -> None:
    zoho.control("profile", mass_delete=False)
    reply = zoho.post("/Contracts/actions/mass_delete", {"ids": zoho.contracts()[:1]})
    assert (reply.status, reply.json["code"]) == (403, "NO_PERMISSION")


def test_mass_delete_results_can_come_shuffled(zoho: Any) -> None:
    zoho.switch("mass_delete_shuffled", True)
    ids = zoho.contracts()
    reply = zoho.post("/Contracts/actions/mass_delete", {"ids": ids})
    answered = [item["details"]["id"] for item in reply.json["data"]]
    assert answered != ids
    assert sorted(answered) == ids


def test_a_view_is_mass_deleted_by_a_job(zoho: Any) -> None:
    view = zoho.get("/settings/custom_views", module="Contracts").json["custom_views"][0]["id"]
    job = zoho.post("/Contracts/actions/mass_delete", {"cvid": view}).json["data"][0]["details"]["job_id"]
    assert zoho.get("/Contracts/actions/mass_delete", job_id=job).json["data"][0]["Status"] == "SCHEDULED"
    assert zoho.post("/Contracts/actions/mass_delete", {"cvid": view}).json["code"] == "ALREADY_SCHEDULED"
    zoho.clock.advance(5)
    assert zoho.get("/Contracts/actions/mass_delete", job_id=job).json["data"][0] == {
        "Status": "COMPLETED", "Total_Count": 60, "Deleted_Count": 60, "Failed_Count": 0,
    }  # fmt: skip
    assert zoho.post("/Contracts/actions/mass_delete", {"cvid": view}).json["code"] == "NO_RECORDS_FOUND"


def test_the_bin_names_the_actor_and_the_module(zoho: Any) -> None:
    one = zoho.contracts()[1]
    zoho.control("delete", id=one, actor="李娜")
    entry = zoho.get("/settings/recycle_bin", ids=one).json["recycle_bin"][0]
    assert entry["deleted_by"]["name"] == "李娜"
    assert entry["module"]["api_name"] == "Contracts"
    assert entry["deleted_time"] == "2026-08-03T11:00:00+02:00"


def test_the_bin_forgets_after_sixty_days_and_the_deleted_list_after_120_more(zoho: Any) -> None:
    one = zoho.contracts()[1]
    zoho.delete("/Contracts", ids=one)
    zoho.clock.advance(timedelta(days=61).total_seconds())
    zoho.sign_in()
    assert zoho.get(f"/settings/recycle_bin/{one}").status == 204
    assert zoho.get("/Contracts/deleted", type="permanent").json["data"][0]["id"] == one
    zoho.clock.advance(timedelta(days=121).total_seconds())
    zoho.sign_in()
    assert zoho.get("/Contracts/deleted").status == 204


def test_a_child_cannot_come_back_before_its_parent(zoho: Any) -> None:
    first = zoho.contracts()[0]
    note = zoho.get(f"/Contracts/{first}/Notes", fields="Note_Title").json["data"][0]["id"]
    zoho.delete("/Contracts", ids=first)
    reply = zoho.post(f"/settings/recycle_bin/{note}/actions/restore")
    assert (reply.status, reply.json["code"]) == (400, "CANNOT_RESTORE_WITHOUT_PARENT")


def test_large_restores_are_scheduled(zoho: Any) -> None:
    zoho.switch("job_delay", 10)
    ids = zoho.contracts()
    for start in range(0, 60, 20):
        zoho.delete("/Contracts", ids=",".join(ids[start : start + 20]))
    everything = {"restore_all_records": True}
    reply = zoho.post("/settings/recycle_bin/actions/restore", everything)
    assert (reply.status, reply.json["recycle_bin"][0]["code"]) == (202, "SCHEDULED")
    assert zoho.get("/settings/recycle_bin/actions/count").json == {"count": 60}
    zoho.clock.advance(11)
    assert zoho.get("/settings/recycle_bin/actions/count").json == {"count": 0}
    assert zoho.contracts() == ids


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "EXPECTED_FIELD_MISSING"), ({"ids": ["1"], "filters": {}}, "AMBIGUITY_DURING_PROCESSING")],
)
def test_a_restore_has_exactly_one_selector(zoho: Any, body: dict[str, Any], code: str) -> None:
    assert zoho.post("/settings/recycle_bin/actions/restore", body).json["code"] == code


def test_purged_records_are_gone_for_good(zoho: Any) -> None:
    one = zoho.contracts()[1]
    zoho.delete("/Contracts", ids=one)
    reply = zoho.delete("/settings/recycle_bin", ids=f"{one},554023000000099002")
    assert (reply.status, reply.json["recycle_bin"][0]["message"]) == (207, "record deleted")
    assert zoho.control("record", id=one)["place"] == "gone"
    assert zoho.get("/Contracts/deleted").json["data"][0]["type"] == "permanent"


def test_bin_filters_know_module_actor_and_time(zoho: Any) -> None:
    one, two = zoho.contracts()[1:3]
    zoho.delete("/Contracts", ids=one)
    zoho.control("delete", id=two, actor="李娜")
    mine = '{"group_operator":"AND","group":[{"field":{"api_name":"module"},"comparator":"equal","value":"Contracts"},'
    mine += '{"field":{"api_name":"deleted_by"},"comparator":"equal","value":[{"name":"Patricia Boyle"}]}]}'
    assert [e["id"] for e in zoho.get("/settings/recycle_bin", filters=mine).json["recycle_bin"]] == [one]
    either = mine.replace("AND", "OR")
    assert zoho.get("/settings/recycle_bin", filters=either).status == 403
