"""What tests and rehearsals can make happen at the CRM."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm_bridge.spi.emulator import LoadedContract, LoadedValue


def test_a_hidden_record_is_nowhere_to_be_seen_but_lives(zoho: Any) -> None:
    one = zoho.contracts()[0]
    zoho.control("hide", id=one)
    assert zoho.get(f"/Contracts/{one}").status == 204
    assert zoho.coql(f"select Name from Contracts where id = '{one}'").status == 204
    assert zoho.get("/settings/recycle_bin", ids=one).status == 204
    assert zoho.delete("/Contracts", ids=one).json["data"][0]["code"] == "INVALID_DATA"
    assert zoho.control("record", id=one)["place"] == "live"
    zoho.control("hide", id=one, on=False)
    assert zoho.get(f"/Contracts/{one}").status == 200


def test_other_people_edit_delete_restore_and_purge(zoho: Any) -> None:
    one = zoho.contracts()[0]
    zoho.control("edit", id=one, field="Contract_Value", value="10.50", actor="王伟")
    shown = zoho.get(f"/Contracts/{one}").json["data"][0]
    assert (shown["Contract_Value"], shown["Modified_By"]["name"]) == (10.5, "王伟")
    zoho.control("delete", id=one)
    assert zoho.control("record", id=one)["place"] == "bin"
    zoho.control("restore", id=one)
    assert zoho.control("record", id=one)["place"] == "live"
    zoho.control("delete", id=one)
    zoho.control("purge", id=one)
    assert zoho.control("record", id=one)["place"] == "gone"


def test_a_restore_waits_while_a_unique_value_is_taken(zoho: Any) -> None:
    one, two = zoho.contracts()[1:3]
    number = zoho.get(f"/Contracts/{one}").json["data"][0]["Contract_Number"]
    zoho.control("delete", id=one)
    zoho.control("edit", id=two, field="Contract_Number", value=number)
    assert "error" in zoho.control("restore", id=one)
    reply = zoho.post(f"/settings/recycle_bin/{one}/actions/restore")
    assert (reply.status, reply.json["code"]) == (400, "DUPLICATE_DATA")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("no_such", {}),
        ("edit", {"id": "1", "field": "Name", "value": "x"}),
        ("restore", {"id": "1"}),
        ("purge", {"id": "1"}),
        ("hide", {"id": "1", "on": False}),
        ("switch", {"name": "no_such", "value": 1}),
        ("switch", {"name": "retry_after", "value": "soon"}),
        ("scopes", {"list": "all"}),
    ],
)
def test_commands_that_cannot_be_carried_out_say_why(zoho: Any, command: str, arguments: dict[str, Any]) -> None:
    assert zoho.control(command, **arguments)["error"]


def test_rows_of_an_export_replace_the_seed(zoho: Any) -> None:
    values: dict[str, LoadedValue] = {
        "number": "A-1",
        "customer": "海天科技",
        "amount": Decimal("1200.50"),
        "end": date(2026, 12, 31),
    }
    assert zoho.emulator.load([LoadedContract(2, values, {"Sonderfeld": "x"})], ["Sonderfeld"]) == []
    record = zoho.get(f"/Contracts/{zoho.contracts()[0]}").json["data"][0]
    assert (record["Contract_Number"], record["Account"]["name"], record["End_Date"], record["Sonderfeld"]) == (
        "A-1", "海天科技", "2026-12-31", "x",
    )  # fmt: skip
