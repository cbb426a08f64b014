"""Copies of contracts: the bytes that came, with lines, references, team and files; or no copy at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import PartKind, Snapshot, Unavailable
from crm_bridge.errors import CrmBridgeError
from crm_bridge.spi.adapter import Query
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from crm_bridge_fxiaoke.emulator import Switches

MODULE = "SaleContractObj"
STYLES = pytest.mark.parametrize("auth", ["corp_token", "app_secret"])


def refs(adapter: FxiaokeAdapter) -> list[ContractRef]:
    return [one.ref for page in adapter.find(Query()).pages for one in page.contracts]


def copy_of(adapter: FxiaokeAdapter, ref: ContractRef) -> Snapshot:
    found = next(iter(adapter.snapshot([ref])))
    assert isinstance(found, Snapshot)
    return found


def parts(copy: Snapshot, kind: PartKind) -> dict[str, Any]:
    return {part.name: json.loads(part.raw) for part in copy.parts if part.kind is kind}


def test_the_record_is_kept_as_the_bytes_that_came(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first = refs(adapter)[0]
    bodies: list[bytes] = []

    def keep(request: WireRequest) -> WireResponse | None:
        if request.path.endswith("/query"):
            answer: WireResponse = rig.emulator.handle(request)
            bodies.append(answer.body)
            return answer
        return None

    rig.intercept = keep
    copy = copy_of(adapter, first)
    assert copy.record in bodies[0]
    assert json.loads(copy.record)["_id"] == first.id


def test_lines_and_references_are_copied_with_who_refers_by_which_field(mount: Any) -> None:
    adapter = mount().connect()
    first = refs(adapter)[0]
    copy = copy_of(adapter, first)
    details, related = parts(copy, PartKind.DETAIL), parts(copy, PartKind.RELATED)
    assert [len(rows) for rows in details.values()] == [3]
    assert {name: len(rows) for name, rows in related.items()} == {"SalesOrderObj": 1, "PaymentObj": 2}
    links = parts(copy, PartKind.LINK)["references"]
    wanted = [[name, row["_id"], "sale_contract_id"] for name, rows in related.items() for row in rows]
    assert links == wanted


def test_each_contract_gets_its_own_lines(mount: Any) -> None:
    adapter = mount(count=130).connect()
    for copy in adapter.snapshot(refs(adapter)):
        assert isinstance(copy, Snapshot)
        rows = parts(copy, PartKind.DETAIL)["SaleContractLineObj"]
        assert [row["sale_contract_id"] for row in rows] == [copy.ref.id] * 3


@STYLES
def test_the_bytes_of_files_are_fetched_when_they_are_read(mount: Any, auth: str) -> None:
    rig = mount()
    adapter = rig.connect(auth=auth)
    copy = copy_of(adapter, refs(adapter)[0])
    [file] = copy.attachments
    assert rig.calls("/media/download") == 0
    assert (file.source, file.name, file.id.startswith("N_")) == ("attach__c", "HT-2025-0001 合同扫描件.pdf", True)
    content = b"".join(file.chunks())
    assert content.startswith(b"%PDF-1.4")
    assert len(content) == file.size


def test_a_file_that_is_refused_raises_instead_of_giving_the_refusal_as_bytes(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = copy_of(adapter, refs(adapter)[0])
    no = WireResponse.of_json({"errorCode": 50009, "errorMessage": "文件不存在或已过期"})
    rig.intercept = lambda request: no if request.path == "/media/download" else None
    with pytest.raises(CrmBridgeError):
        list(copy.attachments[0].chunks())


def test_a_file_that_is_json_itself_is_a_file(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    copy = copy_of(adapter, refs(adapter)[0])
    file = WireResponse(200, (("Content-Type", "application/json"),), b'{"clause": 1}')
    rig.intercept = lambda request: file if request.path == "/media/download" else None
    assert b"".join(copy.attachments[0].chunks()) == b'{"clause": 1}'


@pytest.mark.parametrize("by", ["query", "get"])
def test_the_team_is_copied_where_every_record_is_read_by_id(mount: Any, by: str) -> None:
    rig = mount(switches=Switches(list_rows="without_team"))
    adapter = rig.connect(assumptions={"snapshot_by": by})
    copy = copy_of(adapter, refs(adapter)[0])
    assert bool(parts(copy, PartKind.TEAM)) is (by == "get")
    assert rig.calls("/data/get") == (1 if by == "get" else 0)
    team = next(one for one in adapter.whoami().relations if one.name == "relevant_team")
    assert team.saved is (by == "get")


def test_long_texts_that_a_list_cuts_are_copied_whole_by_get(mount: Any) -> None:
    rig = mount(switches=Switches(list_rows="truncated"))
    adapter = rig.connect(assumptions={"snapshot_by": "get"})
    first = refs(adapter)[0]
    rig.emulator.control("edit", {"id": first.id, "field": "remark__c", "value": "长" * 900})
    copy = copy_of(adapter, first)
    assert len(json.loads(copy.record)["remark__c"]) == 500
    assert len(parts(copy, PartKind.EXTRA)["get"]["remark__c"]) == 900


def test_a_voided_a_deleted_and_a_hidden_contract_have_no_copy(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first, second, third, fourth = refs(adapter)[:4]
    rig.emulator.control("delete", {"id": first.id})
    rig.emulator.control("delete", {"id": second.id, "purge": True})
    rig.emulator.control("hide", {"id": third.id})
    found = {one.ref: one for one in adapter.snapshot([first, second, third, fourth])}
    said = [(one.reason, one.gone) for one in found.values() if isinstance(one, Unavailable)]
    assert said == [("in_bin", True), ("not_found", True), ("permission", False)]
    assert isinstance(found[fourth], Snapshot)


def test_without_what_hangs_on_it_a_copy_is_none(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    some = refs(adapter)[:2]
    no = WireResponse.of_json({"errorCode": 50009, "errorMessage": "无此操作的数据权限"})

    def refuse(request: WireRequest) -> WireResponse | None:
        return no if b"PaymentObj" in request.body and request.path.endswith("/query") else None

    rig.intercept = refuse
    found = list(adapter.snapshot(some))
    assert [one.reason for one in found if isinstance(one, Unavailable)] == ["related_unreadable"] * 2


def test_a_team_that_changes_alone_does_not_change_the_digest(mount: Any) -> None:
    rig = mount(switches=Switches(list_rows="full"))
    adapter = rig.connect()
    first = refs(adapter)[0]
    before = copy_of(adapter, first).digest
    rig.emulator.control("switch", {"name": "list_rows", "value": "without_team"})
    assert copy_of(adapter, first).digest == before


def test_a_customer_that_is_renamed_does_not_change_the_digest_but_an_edit_does(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    first = refs(adapter)[0]
    copy = copy_of(adapter, first)
    account = json.loads(copy.record)["account_id"]
    rig.emulator.control("edit", {"id": account, "field": "name", "value": "Renamed Ltd"})
    assert copy_of(adapter, first).digest == copy.digest
    rig.clock.advance(1)
    rig.emulator.control("edit", {"id": first.id, "field": "amount__c", "value": "1.00"})
    assert copy_of(adapter, first).digest != copy.digest


@STYLES
@pytest.mark.parametrize("by", ["media", "presigned"])
def test_files_come_by_the_assumed_way(mount: Any, auth: str, by: str) -> None:
    rig = mount()
    adapter = rig.connect(auth=auth, assumptions={"download_by": by})
    [file] = copy_of(adapter, refs(adapter)[0]).attachments
    assert len(b"".join(file.chunks())) == file.size
    assert rig.calls("/getPresignedUrl") == (1 if by == "presigned" else 0)


def test_a_signed_address_that_has_expired_is_refused(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect(assumptions={"download_by": "presigned"})
    [file] = copy_of(adapter, refs(adapter)[0]).attachments
    old = WireResponse.of_json({"success": False, "code": 400, "message": "签名已过期"})
    rig.intercept = lambda request: old if request.path.startswith("/filesvc/") else None
    with pytest.raises(CrmBridgeError):
        list(file.chunks())


def test_a_download_with_a_dead_token_is_replayed_with_a_new_one(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    [file] = copy_of(adapter, refs(adapter)[0]).attachments
    rig.emulator.control("expire_tokens", {})
    assert len(b"".join(file.chunks())) == file.size
