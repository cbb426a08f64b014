"""The SDK's samples that read: records, search, COQL, related records, timeline, counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from zohocrmsdk.src.com.zoho.crm.api.coql import BodyWrapper, CoqlOperations
from zohocrmsdk.src.com.zoho.crm.api.coql import ResponseWrapper as CoqlRows
from zohocrmsdk.src.com.zoho.crm.api.get_related_records_count import (
    BodyWrapper as CountBody,
)
from zohocrmsdk.src.com.zoho.crm.api.get_related_records_count import (
    GetRelatedRecordCount,
    GetRelatedRecordsCountOperations,
    RelatedList,
)
from zohocrmsdk.src.com.zoho.crm.api.record import (
    APIException,
    CountWrapper,
    GetFullDataForRichTextParam,
    GetRecordParam,
    GetRecordsHeader,
    GetRecordsParam,
    GetRecordUsingExternalIDHeader,
    RecordCountParam,
    RecordOperations,
    ResponseWrapper,
    SearchRecordsParam,
)
from zohocrmsdk.src.com.zoho.crm.api.related_records import (
    GetRelatedRecordsParam,
    RelatedRecordsOperations,
)
from zohocrmsdk.src.com.zoho.crm.api.related_records import ResponseWrapper as RelatedRows
from zohocrmsdk.src.com.zoho.crm.api.timelines import GetTimelinesParam, TimelinesOperations
from zohocrmsdk.src.com.zoho.crm.api.timelines import ResponseWrapper as TimelineRows

from .conftest import body, headers, params


def test_signing_in_asks_for_a_token_the_user_and_the_org(sdk: Any) -> None:
    asked = [f"{one.method} {one.path}" for one in sdk.emulator.ledger()]
    assert asked == ["POST /oauth/v2/token", "GET /crm/v8/users", "GET /crm/v8/org"]


def test_get_records_reads_the_fields_of_every_module_that_lookups_reach(sdk: Any) -> None:
    asked = params({GetRecordsParam.fields: "Name,Account,Contract_Value,End_Date", GetRecordsParam.per_page: 5})
    rows = body(RecordOperations("Contracts").get_records(asked, headers({})))
    assert isinstance(rows, ResponseWrapper)
    assert [row.get_id() for row in rows.get_data()] == sdk.ids()[:-6:-1]
    assert rows.get_data()[0].get_key_value("Account").get_key_value("name")
    assert rows.get_info().get_more_records() is True
    metadata = [one.query for one in sdk.emulator.ledger() if one.path == "/crm/v8/settings/fields"]
    assert metadata == [
        f"module={name}" for name in ("Contracts", "Accounts", "Contract_Lines", "Contracts_X_Contacts", "Contacts")
    ]


def test_get_records_goes_on_by_page_token(sdk: Any) -> None:
    seen: list[int] = []
    pairs: dict[Any, Any] = {GetRecordsParam.fields: "Name", GetRecordsParam.per_page: 20}
    for _page in range(2):
        rows = body(RecordOperations("Contracts").get_records(params(pairs), headers({})))
        seen += [row.get_id() for row in rows.get_data()]
        pairs[GetRecordsParam.page_token] = rows.get_info().get_next_page_token()
    assert seen == sdk.ids()[::-1]
    assert pairs[GetRecordsParam.page_token] is None


def test_get_records_answers_304_when_nothing_changed_since(sdk: Any) -> None:
    since = headers({GetRecordsHeader.if_modified_since: datetime(2026, 8, 2, tzinfo=UTC)})
    asked = params({GetRecordsParam.fields: "Name"})
    assert body(RecordOperations("Contracts").get_records(asked, since), 304) is None


def test_get_record_shows_rows_links_files_and_people(sdk: Any) -> None:
    record = body(RecordOperations("Contracts").get_record(sdk.ids()[0])).get_data()[0]
    lines = record.get_key_value("Contract_Lines")
    assert {type(line.get_key_value("Quantity")) for line in lines} == {int}
    assert record.get_key_value("Contacts")[0].get_key_value("Contacts").get_id()
    assert record.get_key_value("Signed_Copy")[0].get_file_name__s() == "signed.pdf"
    assert record.get_key_value("Owner").get_email().endswith("@zylker.example")
    assert record.get_key_value("Legacy_Key") == 9_007_199_254_740_993


def test_get_record_with_fields_shows_those_alone(sdk: Any) -> None:
    asked = params({GetRecordParam.fields: "Name"})
    record = body(RecordOperations("Contracts").get_record(sdk.ids()[0], asked)).get_data()[0]
    assert sorted(record.get_key_values()) == ["Name", "id"]


def test_a_record_that_is_not_there_is_no_content(sdk: Any) -> None:
    assert body(RecordOperations("Contracts").get_record(554023000000099002), 204) is None


def test_a_record_is_found_by_its_external_id(sdk: Any) -> None:
    named = headers({GetRecordUsingExternalIDHeader.x_external: "Contracts.External_Id"})
    rows = body(RecordOperations("Contracts").get_record_using_external_id("x-3", None, named))
    assert rows.get_data()[0].get_id() == sdk.ids()[3]


def test_rich_text_comes_whole(sdk: Any) -> None:
    asked = params({GetFullDataForRichTextParam.fields: "Terms"})
    rows = body(RecordOperations("Contracts").get_full_data_for_rich_text(sdk.ids()[0], asked))
    assert len(rows.get_data()[0].get_key_value("Terms")) > 500


def test_compressed_answers_are_read(sdk: Any) -> None:
    sdk.emulator.control("switch", {"name": "gzip", "value": True})
    record = body(RecordOperations("Contracts").get_record(sdk.ids()[0])).get_data()[0]
    assert record.get_id() == sdk.ids()[0]


def test_a_token_that_was_ended_is_an_exception_object(sdk: Any) -> None:
    sdk.emulator.control("expire_tokens", {})
    refused = body(CoqlOperations().get_records(_all_names()), 401)
    assert refused.get_code().get_value() == "INVALID_TOKEN"


def _all_names() -> Any:
    query = BodyWrapper()
    query.set_select_query("select Name from Contracts where id is not null")
    return query


def test_a_wrong_module_is_an_exception_object(sdk: Any) -> None:
    refused = body(RecordOperations("No_Such").delete_record(1), 400)
    assert isinstance(refused, APIException)
    assert refused.get_code().get_value() == "INVALID_MODULE"
    assert refused.get_status().get_value() == "error"


def test_search_by_criteria_word_and_email(sdk: Any) -> None:
    operations = RecordOperations("Contracts")
    number = "HT-2026-0001"
    sdk.emulator.control("edit", {"id": str(sdk.ids()[0]), "field": "Contract_Number", "value": number})
    sdk.emulator.control("edit", {"id": str(sdk.ids()[1]), "field": "Email", "value": "a@b.example"})
    criteria = f"((Contract_Number:starts_with:HT-2026)and(Contract_Number:equals:{number}))"
    for pairs, wanted in (
        ({SearchRecordsParam.criteria: criteria}, sdk.ids()[0]),
        ({SearchRecordsParam.word: number}, sdk.ids()[0]),
        ({SearchRecordsParam.email: "a@b.example"}, sdk.ids()[1]),
    ):
        rows = body(operations.search_records(params(pairs), headers({})))
        assert isinstance(rows, ResponseWrapper)
        assert [row.get_id() for row in rows.get_data()] == [wanted]


def test_search_criteria_keep_commas_and_brackets(sdk: Any) -> None:
    sdk.emulator.control("edit", {"id": str(sdk.ids()[0]), "field": "Name", "value": "Burns, B (old)"})
    asked = params({SearchRecordsParam.criteria: r"((Name:equals:Burns\, B \(old\))and(id:in:" + f"{sdk.ids()[0]}))"})
    rows = body(RecordOperations("Contracts").search_records(asked, headers({})))
    assert [row.get_key_value("Name") for row in rows.get_data()] == ["Burns, B (old)"]


def test_a_search_without_hits_is_no_content(sdk: Any) -> None:
    asked = params({SearchRecordsParam.word: "nothing-like-this"})
    assert body(RecordOperations("Contracts").search_records(asked, headers({})), 204) is None


def test_count_of_records(sdk: Any) -> None:
    counted = body(RecordOperations("Contracts").record_count(params({RecordCountParam.word: "HT-"})))
    assert isinstance(counted, CountWrapper)
    assert int(counted.get_count()) == 30


def test_coql_rows_are_records(sdk: Any) -> None:
    query = BodyWrapper()
    query.set_select_query(
        "select Name, Contract_Value, Account.Account_Name from Contracts where id is not null limit 0, 5"
    )
    rows = body(CoqlOperations().get_records(query))
    assert isinstance(rows, CoqlRows)
    assert [row.get_id() for row in rows.get_data()] == sdk.ids()[:5]
    assert rows.get_info().get_more_records() is True


def test_coql_mistakes_are_exception_objects(sdk: Any) -> None:
    query = BodyWrapper()
    query.set_select_query("select No_Such from Contracts where id is not null")
    refused = body(CoqlOperations().get_records(query), 400)
    assert refused.get_code().get_value() == "INVALID_QUERY"


def test_related_records_of_three_kinds(sdk: Any) -> None:
    first = sdk.ids()[0]
    for name, column in (("Payments", "Name"), ("Contacts3", "Last_Name"), ("Milestones4", "Name")):
        asked = params({GetRelatedRecordsParam.fields: column})
        rows = body(RelatedRecordsOperations(name, "Contracts").get_related_records(first, asked, headers({})))
        assert isinstance(rows, RelatedRows)
        assert all(row.get_key_value(column) for row in rows.get_data())
    assert "GET /crm/v8/settings/related_lists" in sdk.paths()


def test_counts_of_related_records(sdk: Any) -> None:
    asked, one, notes = CountBody(), GetRelatedRecordCount(), RelatedList()
    listed = sdk.emulator.org.modules["Contracts"].related[0]
    notes.set_api_name(listed.api_name)
    notes.set_id(int(listed.id))
    one.set_related_list(notes)
    asked.set_get_related_records_count([one])
    answer = body(GetRelatedRecordsCountOperations(sdk.ids()[0], "Contracts").get_related_records_count(asked))
    assert [each.get_count() for each in answer.get_get_related_records_count()] == [1]


def test_timeline_of_a_record(sdk: Any) -> None:
    first = sdk.ids()[0]
    sdk.emulator.control("edit", {"id": str(first), "field": "End_Date", "value": "2030-01-31"})
    asked = params({GetTimelinesParam.per_page: "10"})
    lines = body(TimelinesOperations().get_timelines("Contracts", str(first), asked))
    assert isinstance(lines, TimelineRows)
    newest = lines.get_timeline()[0]
    assert newest.get_action() == "updated"
    assert newest.get_field_history()[0].get_value().get_new() == "2030-01-31"
