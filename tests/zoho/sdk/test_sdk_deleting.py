"""The SDK's samples that delete: records, mass delete, deleted list, recycle bin."""

from __future__ import annotations

from typing import Any

from zohocrmsdk.src.com.zoho.crm.api.mass_delete_cvid import ActionWrapper as MassActions
from zohocrmsdk.src.com.zoho.crm.api.mass_delete_cvid import (
    CvidBodyWrapper,
    GetMassDeleteStatusParam,
    MassDeleteCvidOperations,
    RecordIdBodyWrapper,
)
from zohocrmsdk.src.com.zoho.crm.api.record import (
    ActionWrapper,
    APIException,
    DeletedRecordsWrapper,
    DeleteRecordParam,
    DeleteRecordsParam,
    DeleteRecordUsingExternalIDHeader,
    GetDeletedRecordsParam,
    RecordOperations,
    SuccessResponse,
)
from zohocrmsdk.src.com.zoho.crm.api.recycle_bin import (
    ActionWrapper as BinActions,
)
from zohocrmsdk.src.com.zoho.crm.api.recycle_bin import (
    DeleteRecycleBinRecordsParam,
    GetRecycleBinRecordsParam,
    RecycleBinOperations,
)
from zohocrmsdk.src.com.zoho.crm.api.recycle_bin import ResponseWrapper as BinRows

from .conftest import body, headers, params

ABSENT = 554023000000099002


def _delete(sdk: Any, *ids: int, status: int = 200) -> Any:
    asked = params({})
    for one in ids:
        asked.add(DeleteRecordsParam.ids, str(one))
    asked.add(DeleteRecordsParam.wf_trigger, False)
    return body(RecordOperations("Contracts").delete_records(asked, headers({})), status)


def test_delete_record_moves_it_to_the_bin(sdk: Any) -> None:
    first = sdk.ids()[0]
    asked = params({DeleteRecordParam.wf_trigger: False})
    done = body(RecordOperations("Contracts").delete_record(first, asked, headers({})))
    assert isinstance(done, ActionWrapper)
    assert [one.get_code().get_value() for one in done.get_data()] == ["SUCCESS"]
    assert sdk.place(first) == "bin"
    assert "workflow" not in {effect.kind for effect in sdk.emulator.ledger()[-1].effects}


def test_delete_records_needs_no_metadata(sdk: Any) -> None:
    one, two = sdk.ids()[:2]
    done = _delete(sdk, one, two)
    assert {type(each) for each in done.get_data()} == {SuccessResponse}
    assert [sdk.place(each) for each in (one, two)] == ["bin", "bin"]
    assert sdk.paths() == ["DELETE /crm/v8/Contracts"]


def test_delete_records_tells_each_failure(sdk: Any) -> None:
    one, two, three = sdk.ids()[:3]
    sdk.emulator.control("lock", {"id": str(two)})
    sdk.emulator.control("approval", {"id": str(three)})
    done = _delete(sdk, one, two, three, ABSENT, status=207)
    codes = [each.get_code().get_value() for each in done.get_data()]
    assert codes == ["SUCCESS", "RECORD_LOCKED", "NOT_APPROVED", "INVALID_DATA"]
    assert [isinstance(each, APIException) for each in done.get_data()] == [False, True, True, True]


def test_a_profile_without_the_right_is_one_exception(sdk: Any) -> None:
    sdk.emulator.control("profile", {"delete": False})
    refused = _delete(sdk, sdk.ids()[0], status=403)
    assert isinstance(refused, APIException)
    assert refused.get_code().get_value() == "NO_PERMISSION"


def test_a_record_is_deleted_by_its_external_id(sdk: Any) -> None:
    first = sdk.ids()[0]
    named = headers({DeleteRecordUsingExternalIDHeader.x_external: "Contracts.External_Id"})
    done = body(RecordOperations("Contracts").delete_record_using_external_id("x-0", None, named))
    assert done.get_data()[0].get_status().get_value() == "success"
    assert sdk.place(first) == "bin"


def test_mass_delete_sends_ids_as_numbers(sdk: Any) -> None:
    asked = RecordIdBodyWrapper()
    asked.set_ids([*sdk.ids()[:3], ABSENT])
    operations = MassDeleteCvidOperations("Contracts")
    done = body(operations.mass_delete_by_record_id(asked), 207)
    assert isinstance(done, MassActions)
    assert [one.get_code().get_value() for one in done.get_data()] == ["SUCCESS"] * 3 + ["INVALID_DATA"]
    assert len(sdk.ids()) == 27


def test_mass_delete_of_a_view_is_a_job(sdk: Any) -> None:
    view = sdk.emulator.org.modules["Contracts"].id
    asked = CvidBodyWrapper()
    asked.set_cvid(int(view) + 5_000_000_000)
    operations = MassDeleteCvidOperations("Contracts")
    done = body(operations.mass_delete_by_cvid(asked)).get_data()[0]
    job = done.get_details()["job_id"]
    sdk.clock.advance(5)
    status = body(operations.get_mass_delete_status(params({GetMassDeleteStatusParam.job_id: int(job)}))).get_data()[0]
    assert (status.get_status().get_value(), status.get_deleted_count()) == ("COMPLETED", 30)
    assert sdk.ids() == []


def test_deleted_records_are_listed_by_kind(sdk: Any) -> None:
    first, second = sdk.ids()[:2]
    _delete(sdk, first, second)
    RecycleBinOperations().delete_recyclebin_record(second)
    asked = params({GetDeletedRecordsParam.type: "all", GetDeletedRecordsParam.per_page: 10})
    rows = body(RecordOperations("Contracts").get_deleted_records(asked, headers({})))
    assert isinstance(rows, DeletedRecordsWrapper)
    kinds = {row.get_id(): row.get_type() for row in rows.get_data()}
    assert kinds == {first: "recycle", second: "permanent"}
    assert rows.get_info().get_count() == 2


def test_the_recycle_bin_shows_actor_module_and_time(sdk: Any) -> None:
    first = sdk.ids()[0]
    sdk.emulator.control("delete", {"id": str(first), "actor": "李娜"})
    asked = params({GetRecycleBinRecordsParam.sort_by: "deleted_time", GetRecycleBinRecordsParam.sort_order: "asc"})
    rows = body(RecycleBinOperations().get_recyclebin_records(asked))
    assert isinstance(rows, BinRows)
    entry = rows.get_recycle_bin()[0]
    assert entry.get_id() == first
    assert entry.get_deleted_by().get_name() == "李娜"
    assert entry.get_module().get_api_name() == "Contracts"
    assert entry.get_deleted_time().isoformat(timespec="seconds")[:10] == "2026-08-03"


def test_one_record_of_the_bin_by_its_id(sdk: Any) -> None:
    first = sdk.ids()[0]
    assert body(RecycleBinOperations().get_recyclebin_record(first), 204) is None
    _delete(sdk, first)
    found = body(RecycleBinOperations().get_recyclebin_record(first)).get_recycle_bin()
    assert [one.get_id() for one in found] == [first]


def test_purging_from_the_bin_is_final(sdk: Any) -> None:
    first, second = sdk.ids()[:2]
    _delete(sdk, first, second)
    asked = params({DeleteRecycleBinRecordsParam.ids: str(first)})
    done = body(RecycleBinOperations().delete_recyclebin_records(asked))
    assert isinstance(done, BinActions)
    assert done.get_recycle_bin()[0].get_message() == "record deleted"
    assert (sdk.place(first), sdk.place(second)) == ("gone", "bin")


def test_purging_by_filter_is_scheduled(sdk: Any) -> None:
    first = sdk.ids()[0]
    _delete(sdk, first)
    only = '{"field":{"api_name":"module"},"comparator":"equal","value":"Contracts"}'
    asked = params({DeleteRecycleBinRecordsParam.filters: only})
    done = body(RecycleBinOperations().delete_recyclebin_records(asked), 202)
    assert done.get_recycle_bin()[0].get_code().get_value() == "SCHEDULED"
    sdk.clock.advance(5)
    body(RecycleBinOperations().get_recyclebin_record(first), 204)
    assert sdk.place(first) == "gone"
