"""What a copy holds, and in how few calls: the module's metadata decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import PartKind, Snapshot, Unavailable
from crm_bridge.spi.adapter import RestoreItem
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.testing.copies import saved_fields
from crm_bridge_zoho.emulator.state.schema import Field

MODULE = "Contracts"


def copies(zoho: Any, ids: list[str]) -> list[Snapshot]:
    taken = zoho.connect().snapshot([ContractRef(MODULE, one) for one in ids])
    return [copy for copy in taken if isinstance(copy, Snapshot)]


def parts(copy: Snapshot, kind: PartKind) -> list[Any]:
    return [row for part in copy.parts if part.kind is kind for row in json.loads(part.raw)]


def test_a_module_without_rows_and_lists_is_copied_in_one_query_for_a_thousand(make_zoho: Callable[..., Any]) -> None:
    zoho = make_zoho(count=1000, plain=True)
    adapter = zoho.connect()
    adapter.whoami()
    start = len(zoho.calls())
    assert len(list(adapter.snapshot([ContractRef(MODULE, one) for one in zoho.ids()]))) == 1000
    assert [line.path for line in zoho.calls(start)] == ["/crm/v8/coql"]


def test_the_bytes_of_a_record_are_those_that_came_over_the_wire(zoho: Any) -> None:
    one = zoho.ids()[0]
    seen: list[bytes] = []
    answer = zoho.emulator.handle

    def listen(request: Any) -> Any:
        said = answer(request)
        seen.append(said.body)
        return said

    zoho.intercept = listen
    [copy] = copies(zoho, [one])
    assert any(copy.record in body for body in seen)
    assert all(any(part.raw.strip(b"[]") in body for body in seen) for part in copy.parts if part.kind is PartKind.NOTE)


def test_more_fields_than_a_query_selects_come_in_slices(make_zoho: Callable[..., Any]) -> None:
    zoho = make_zoho(count=12, plain=True)
    names = [f"Extra_{number:03d}" for number in range(120)]
    zoho.emulator.org.modules[MODULE].fields.update({name: Field(name, name) for name in names})
    one = zoho.ids()[0]
    for name in names:
        zoho.control("edit", id=one, field=name, value=f"value of {name}")
    adapter = zoho.connect()
    adapter.whoami()
    start = len(zoho.calls())
    [copy] = [c for c in adapter.snapshot([ContractRef(MODULE, one)]) if isinstance(c, Snapshot)]
    saved = saved_fields(copy)
    assert [name for name in names if saved.get(name) != f"value of {name}"] == []
    assert 3 <= sum(line.path == "/crm/v8/coql" for line in zoho.calls(start)) <= 4


def test_long_texts_are_copied_in_full(zoho: Any) -> None:
    one, text = zoho.ids()[0], "<p>合同条款</p>" * 200
    zoho.control("edit", id=one, field="Terms", value=text)
    [copy] = copies(zoho, [one])
    assert saved_fields(copy)["Terms"] == text


def test_rows_notes_links_and_files_are_part_of_the_copy(zoho: Any) -> None:
    taken = copies(zoho, zoho.ids()[:12])
    assert any(saved_fields(copy).get("Contract_Lines") for copy in taken)
    assert any(parts(copy, PartKind.NOTE) for copy in taken)
    files = [file for copy in taken for file in copy.attachments]
    assert {file.source for file in files} >= {"attachments", "Signed_Copy"}
    for file in files:
        assert len(b"".join(file.chunks())) == file.size


def test_records_that_point_at_a_contract_are_kept_as_module_id_and_field(zoho: Any) -> None:
    links = [link for copy in copies(zoho, zoho.ids()[:12]) for link in parts(copy, PartKind.LINK)]
    assert links
    for link in links:
        assert set(link) == {"module", "id", "field"}
        assert zoho.control("record", id=link["id"])["place"] == "live"


def test_lookups_of_other_modules_are_read_for_many_contracts_at_once(zoho: Any) -> None:
    start = len(zoho.calls())
    copies(zoho, zoho.ids())
    by_record = [line for line in zoho.calls(start) if "Milestones" in line.path or "Payments" in line.path]
    assert by_record == []


def test_a_contract_that_is_not_there_is_said_so_and_the_others_are_copied(zoho: Any) -> None:
    there, gone = zoho.ids()[:2]
    zoho.control("delete", id=gone)
    taken = list(zoho.connect().snapshot([ContractRef(MODULE, one) for one in (there, gone)]))
    assert [type(one) for one in taken] == [Snapshot, Unavailable]
    assert isinstance(taken[1], Unavailable)
    assert taken[1].gone


@pytest.mark.parametrize("code", ["INTERNAL_ERROR", "INVALID_DATA"])
def test_a_list_that_zoho_refuses_is_a_gap_with_its_name_and_trouble_leaves_no_copy(zoho: Any, code: str) -> None:
    from tests.zoho.adapter.catalogue import ROWS, wire

    one = zoho.ids()[0]
    zoho.intercept = lambda request: wire(code, ROWS[code]) if request.path.endswith(f"/{one}/Notes") else None
    [copy] = zoho.connect().snapshot([ContractRef(MODULE, one)])
    if code == "INVALID_DATA":
        assert isinstance(copy, Snapshot)
        assert [(gap.name, gap.file) for gap in copy.gaps] == [("Notes", False)]
        return
    assert isinstance(copy, Unavailable)
    assert not copy.gone


def test_a_file_without_bytes_is_never_saved_as_an_empty_one(zoho: Any) -> None:
    from crm_bridge.errors import MalformedAnswerError
    from crm_bridge.spi.emulator import WireResponse

    copy = next(one for one in copies(zoho, zoho.ids()) if one.attachments)
    zoho.intercept = lambda request: WireResponse(204) if "Attachments/" in request.path else None
    listed = next(file for file in copy.attachments if file.source == "attachments")
    with pytest.raises(MalformedAnswerError):
        list(listed.chunks())


def test_rows_that_zoho_cuts_at_two_hundred_are_read_to_the_end_and_come_back(zoho: Any) -> None:
    one = zoho.ids()[0]
    adapter = zoho.connect()
    tokens: list[str] = []
    zoho.intercept = lambda request: tokens.append(request.headers.get("authorization", ""))
    adapter.whoami()
    rows = [{"Product": f"row {number}", "Quantity": number} for number in range(450)]
    body = json.dumps({"data": [{"Contract_Lines": rows}]}).encode()
    said = zoho.emulator.handle(WireRequest("PUT", f"/crm/v8/{MODULE}/{one}", "", {"authorization": tokens[-1]}, body))
    assert said.status == 200, said.body
    [copy] = [found for found in adapter.snapshot([ContractRef(MODULE, one)]) if isinstance(found, Snapshot)]
    assert len(saved_fields(copy)["Contract_Lines"]) == 200
    kept = {row["Product"] for row in parts(copy, PartKind.DETAIL)}
    assert {row["Product"] for row in rows} <= kept
    for unique in ("Contract_Number", "External_Id"):
        zoho.control("edit", id=one, field=unique, value=f"no longer {unique}")
    [back] = adapter.bring_back(Route.RECREATE, [RestoreItem(copy.ref, "mark", copy)])
    assert back.new_ref is not None
    [again] = [found for found in adapter.snapshot([back.new_ref]) if isinstance(found, Snapshot)]
    assert {row["Product"] for row in parts(again, PartKind.DETAIL)} == kept


def test_a_contract_that_goes_before_its_long_texts_are_read_is_gone(zoho: Any) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    one = zoho.ids()[0]
    answer = zoho.emulator.handle

    def meddle(request: Any) -> Any:
        if request.path.endswith("fetch_full_data"):
            zoho.emulator.control("delete", {"id": one})
        return answer(request)

    zoho.intercept = meddle
    (copy,) = adapter.snapshot([ContractRef(MODULE, one)])
    assert one not in zoho.ids()
    assert isinstance(copy, Unavailable), copy
    assert copy.gone


@pytest.mark.parametrize("at", ["", "/Notes"])
def test_a_contract_that_goes_while_it_is_copied_is_gone_and_no_list_is_blamed(zoho: Any, at: str) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    one = zoho.ids()[0]
    answer = zoho.emulator.handle

    def meddle(request: Any) -> Any:
        if not request.path.endswith(f"/{one}{at}"):
            return answer(request)
        zoho.emulator.control("delete", {"id": one})
        # Of a list of a record that is not there Zoho's pages say both: nothing, and that the id is wrong.
        refusal = {"code": "INVALID_DATA", "details": {}, "message": "the id given seems to be invalid"}
        return WireResponse.of_json({**refusal, "status": "error"}, 400) if at else answer(request)

    zoho.intercept = meddle
    (copy,) = adapter.snapshot([ContractRef(MODULE, one)])
    assert isinstance(copy, Unavailable), copy
    assert copy.gone
