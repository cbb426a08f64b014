"""Somebody else at the CRM, loaded CSVs, events, logs, and bad input."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.clock import ManualClock
from crm_bridge.spi.emulator import Emulator, LoadedContract, WireRequest
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe
from crm_bridge_fxiaoke.emulator.routing import ROUTES

CONTRACTS = [
    LoadedContract(
        2,
        {
            "id": "5f0c5f0c5f0c5f0c5f0c5f0c",
            "number": "HT-1",
            "title": "框架合同",
            "customer": "新客户",
            "status": "作废中",
            "amount": Decimal("12418.50"),
            "end": date(2026, 1, 31),
            "owner": "王伟",
        },
        {"内部备注": "保留"},
    ),
    LoadedContract(3, {"id": "7", "number": "HT-2", "customer": "新客户", "owner": "Somebody New"}, {}),
]


def test_the_emulator_fits_the_seam(emulator: FxiaokeEmulator) -> None:
    seam: Emulator = emulator
    settings_, secrets = seam.connection()
    assert settings_ == {
        "adapter": "fxiaoke",
        "base_url": "http://fx.test",
        "object": "SaleContractObj",
        "auth": "corp_token",
    }
    assert set(secrets) == {"app_id", "app_secret", "permanent_code", "operator_mobile", "operator_id"}
    assert list(seam.ready()) == [
        "base_url",
        "app_id",
        "app_secret",
        "permanent_code",
        "operator_mobile",
        "operator_id",
        "object",
    ]
    assert seam.ready()["operator_id"] == "1000"


def test_two_emulators_with_the_same_seed_are_the_same() -> None:
    one, two = (FxiaokeEmulator("http://fx.test", clock=ManualClock(), count=30) for _ in range(2))
    assert one.world.tables["SaleContractObj"].rows == two.world.tables["SaleContractObj"].rows
    assert one.ready() == two.ready()


def test_the_seed_has_lines_customers_orders_payments_and_files(old: Probe, emulator: FxiaokeEmulator) -> None:
    tables = emulator.world.tables
    assert len(tables["SaleContractLineObj"].rows) == 180
    assert len(tables["SalesOrderObj"].rows) == 15
    assert len(tables["PaymentObj"].rows) == 16
    assert len(tables["object_9Kx2p__c"].rows) == 50
    contract = old.query(limit=1)["data"]["dataList"][0]
    assert contract["account_id"] in tables["AccountObj"].rows
    assert contract["attach__c"][0]["filename"].endswith("合同扫描件.pdf")


def test_options_say_labels_and_send_values(old: Probe) -> None:
    described = old.call("/cgi/crm/v2/object/describe", apiName="SaleContractObj")["data"]["describe"]
    status = described["fields"]["status__c"]["options"]
    assert {"Draft", "Active", "Expired", "已归档"} <= {option["label"] for option in status}
    assert all(option["value"] != option["label"] for option in status)


@pytest.mark.parametrize(
    "body",
    [
        {"includeDetail": True, "apiName": "SaleContractObj"},
        {"includeDetail": True, "data": {"apiName": "SaleContractObj"}},
        {"data": {"apiName": "SaleContractObj", "includeDetail": True}},
    ],
)
def test_describe_takes_all_three_shapes(old: Probe, body: dict[str, Any]) -> None:
    answer = old.post("/cgi/crm/v2/object/describe", {**old.credentials()[0], **body})
    assert answer["data"]["describe"]["api_name"] == "SaleContractObj"


def test_a_csv_replaces_the_contracts_and_keeps_unknown_columns(old: Probe, emulator: FxiaokeEmulator) -> None:
    (remark,) = emulator.load(CONTRACTS, ["内部备注"])
    assert "line 3: 7" in remark
    first = old.data("get", objectDataId="5f0c5f0c5f0c5f0c5f0c5f0c")["data"]
    assert (first["name"], first["title__c"], first["amount__c"]) == ("HT-1", "框架合同", "12418.50")
    assert (first["account_id__r"], first["status__c__r"]) == ("新客户", "作废中")
    assert first["end_date__c"] == 1769788800000
    assert first["owner"] == [emulator.world.employees["1001"].open_id]
    described = old.call("/cgi/crm/v2/object/describe", apiName="SaleContractObj")["data"]["describe"]["fields"]
    extra = next(name for name, field in described.items() if field["label"] == "内部备注")
    assert (first[extra], extra[-3:]) == ("保留", "__c")
    assert old.query()["data"]["total"] == 2
    assert len(emulator.control("contracts", {})["ids"]) == 2


def test_loaded_contracts_can_be_removed(old: Probe, emulator: FxiaokeEmulator) -> None:
    emulator.load(CONTRACTS, ["内部备注"])
    for key in emulator.control("contracts", {})["ids"]:
        assert old.data("invalid", object_data_id=key)["errorCode"] == 0
        assert old.data("delete", idList=[key])["errorCode"] == 0


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("title", "x", ("title__c", "x")),
        ("合同金额", "1,000.5", ("amount__c", "1000.5")),
        ("amount__c", 12, ("amount__c", "12")),
        ("end", "2026-01-31", ("end_date__c", 1769788800000)),
        ("owner", "王伟", ("owner", ["1001"])),
        ("number", "HT-X", ("name", "HT-X")),
    ],
)
def test_somebody_edits_by_field_label_or_meaning(
    emulator: FxiaokeEmulator, ids: list[str], field: str, value: object, stored: tuple[str, object]
) -> None:
    before = emulator.control("record", {"id": ids[0]})["record"]
    emulator.control("edit", {"id": ids[0], "field": field, "value": value})
    after = emulator.control("record", {"id": ids[0]})["record"]
    assert after[stored[0]] == stored[1]
    assert after["version"] == before["version"] + 1
    assert after["last_modified_by"] == ["1001"]


def test_somebody_deletes_restores_and_purges(emulator: FxiaokeEmulator, ids: list[str]) -> None:
    emulator.control("delete", {"id": ids[0], "actor": "李娜"})
    told = emulator.control("record", {"id": ids[0]})
    assert (told["place"], told["deleted_by"]) == ("bin", "1002")
    assert told["deleted_time"] == emulator.world.now_ms()
    assert emulator.control("restore", {"id": ids[0]})["place"] == "live"
    assert emulator.control("delete", {"id": ids[0], "purge": True})["place"] == "gone"
    gone = emulator.control("record", {"id": ids[0]})
    assert (gone["place"], gone["deleted_by"], gone["record"]["_id"]) == ("gone", "1001", ids[0])


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("dance", {}),
        ("edit", {}),
        ("edit", {"id": "nope", "field": "title", "value": "x"}),
        ("record", {"id": "nope"}),
        ("restore", {"id": "nope"}),
        ("approve", {"id": "nope"}),
        ("advance", {"seconds": "soon"}),
        ("contracts", {"object": "nope"}),
    ],
)
def test_a_mistaken_command_is_an_answer(emulator: FxiaokeEmulator, command: str, arguments: dict[str, Any]) -> None:
    assert "error" in emulator.control(command, arguments)


def test_restoring_a_live_record_is_an_answer(emulator: FxiaokeEmulator, ids: list[str]) -> None:
    assert emulator.control("restore", {"id": ids[0]})["code"] == 50009


def test_expired_tokens_are_refused(old: Probe, emulator: FxiaokeEmulator) -> None:
    emulator.control("expire_tokens", {})
    assert old.query()["errorCode"] == 20016
    assert old.sign_in().query()["errorCode"] == 0


def test_an_event_is_signed_and_encrypted(
    old: Probe, emulator: FxiaokeEmulator, switch: Callable[..., None], ids: list[str]
) -> None:
    switch(events="all", cascade="none")
    old.data("invalid", object_data_id=ids[0])
    told = emulator.control("events", {"clear": True})
    event, key = told["events"][0], told["key"]
    parts = ("timestamp", "nonce", "messageId", "enterpriseAccount", "encryptedContent")
    text = "".join(str(event[name]) for name in parts) + key
    assert event["signature"] == hashlib.sha1(text.encode()).hexdigest()
    raw = base64.b64decode(key)
    decryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
    padded = decryptor.update(base64.b64decode(event["encryptedContent"])) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    plain = json.loads(unpadder.update(padded) + unpadder.finalize())
    assert plain == {"apiName": "SaleContractObj", "eventType": "invalid", "dataId": ids[0]}
    assert emulator.control("events", {})["events"] == []


def test_the_record_log_says_who_voided(old: Probe, emulator: FxiaokeEmulator, ids: list[str]) -> None:
    old.data("invalid", object_data_id=ids[0])
    data = {"apiName": "SaleContractObj", "objectId": ids[0], "operationalType": "system", "pageNumber": 1}
    told = old.call("/cgi/crm/v2/object/getNewLogInfoListForWeb", {**data, "pageSize": 200})["data"]
    assert told["pageInfo"]["pageCount"] == 1
    assert [(item["operationLabel"], item["userName"]) for item in told["modifyRecordList"]] == [
        ("作废", "Patricia Boyle")
    ]


def test_the_tenant_log_is_filtered_by_number(old: Probe, emulator: FxiaokeEmulator) -> None:
    account = emulator.world.tables["AccountObj"].ids[0]
    emulator.control("delete", {"id": account})
    data = {"pageNumber": 0, "pageSize": 100, "QueryInfo": {"FilterMainID": 2}}
    told = old.call("/cgi/crm/crmLog/query", data)["data"]
    assert [item["objectId"] for item in told["logs"]] == [account]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'"x"', b"[" * 100_000])
@pytest.mark.parametrize("path", ["/cgi/crm/v2/data/query", "/oauth2.0/token", "/media/upload"])
def test_a_body_that_is_no_object_is_answered(emulator: FxiaokeEmulator, path: str, body: bytes) -> None:
    response = emulator.handle(WireRequest("POST", path, "", {}, body))
    assert response.status == 200
    assert json.loads(response.body)["errorCode"] != 0


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
DATA_KEYS = ("dataObjectApiName", "objectDataId", "object_data_id", "idList", "object_data", "details", "Data", "paths")
OTHER_KEYS = ("search_query_info", "dataIds", "apiName", "filters", "limit", "offset", "orders", "parameters", "expire")
KEYS = st.sampled_from((*DATA_KEYS, *OTHER_KEYS))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(sorted(ROUTES)),
    data=st.dictionaries(KEYS, ODD, max_size=4),
    info=st.dictionaries(KEYS, ODD, max_size=4),
    top=st.dictionaries(KEYS, ODD, max_size=2),
)
def test_no_input_makes_it_raise(
    old: Probe, path: str, data: dict[str, Any], info: dict[str, Any], top: dict[str, Any]
) -> None:
    named = {"search_query_info": info, **data, "dataObjectApiName": "SaleContractObj"}
    response = old.raw(path, json.dumps({**top, **old.credentials()[0], "data": named}).encode())
    assert response.status == 200
