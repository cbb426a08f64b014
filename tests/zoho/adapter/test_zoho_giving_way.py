"""What an org no longer takes does not keep a contract away, and no attempt makes a second copy."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.reasons import Reason
from crm_bridge.spi.adapter import Restored, RestoreItem, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse
from tests.zoho.adapter.test_zoho_refused_writes import gone_with_copy

MARK = "crm-bridge-00112233445566778899"


def values_of(item: RestoreItem) -> dict[str, Any]:
    assert item.snapshot is not None
    value = json.loads(item.snapshot.record)
    return dict(value[0] if isinstance(value, list) else value)


def cells(zoho: Any, told: Restored) -> dict[str, Any]:
    assert told.new_ref is not None, told
    return dict(zoho.control("record", id=told.new_ref.id)["record"])


def back(adapter: Any, item: RestoreItem, **changes: Any) -> Restored:
    told: list[Restored] = list(adapter.bring_back(Route.RECREATE, [replace(item, marker=MARK, **changes)]))
    return told[0]


def test_a_contract_whose_owner_has_left_comes_back_and_says_so(zoho: Any) -> None:
    adapter, item = gone_with_copy(zoho)
    zoho.control("leave", id=values_of(item)["Owner"]["id"])
    told = back(adapter, item)
    assert told.verdict is Verdict.DONE
    assert cells(zoho, told)["Owner"]["id"] == zoho.emulator.org.me
    assert any("not an active user" in one and "--owner" in one for one in told.lost)


def test_the_owner_that_was_named_gets_the_contract_of_one_who_has_left(zoho: Any) -> None:
    adapter, item = gone_with_copy(zoho)
    left = values_of(item)["Owner"]["id"]
    heir = next(one for one in zoho.emulator.org.users if one not in (left, zoho.emulator.org.me))
    zoho.control("leave", id=left)
    assert cells(zoho, back(adapter, item, owner=heir))["Owner"]["id"] == heir


def test_a_named_owner_who_has_left_too_is_not_replaced_by_anybody(zoho: Any) -> None:
    adapter, item = gone_with_copy(zoho)
    left = values_of(item)["Owner"]["id"]
    zoho.control("leave", id=left)
    before = zoho.ids()
    assert back(adapter, item, owner=left).verdict is Verdict.NOT_DONE
    assert zoho.ids() == before


def test_an_owner_who_is_still_there_stays_whoever_was_named(zoho: Any) -> None:
    adapter, item = gone_with_copy(zoho)
    owner = values_of(item)["Owner"]["id"]
    heir = next(one for one in zoho.emulator.org.users if one != owner)
    assert cells(zoho, back(adapter, item, owner=heir))["Owner"]["id"] == owner


def test_everything_at_once_that_the_org_refuses_is_left_out_and_named(zoho: Any) -> None:
    adapter, item = gone_with_copy(zoho)
    saved = values_of(item)
    org = zoho.emulator.org
    org.tables["Accounts"].drop(saved["Account"]["id"])
    zoho.control("leave", id=saved["Owner"]["id"])
    zoho.control("rule", field="Contract_Status", retire=saved["Contract_Status"])
    zoho.control("edit", id=zoho.ids()[0], field="Contract_Number", value=saved["Contract_Number"])
    told = back(adapter, item)
    now = cells(zoho, told)
    assert (now["Account"], now["Contract_Status"], now["Contract_Number"]) == (None, None, None)
    assert (now["Name"], now["End_Date"]) == (saved["Name"], saved["End_Date"])
    named = {one.partition(":")[0] for one in told.lost}
    assert {"Contract Owner", "Account", "Contract Status", "Contract Number"} <= named


def test_a_cell_of_a_row_that_is_refused_costs_that_cell_alone(zoho: Any) -> None:
    adapter, item = gone_with_copy(zoho)
    rows = values_of(item).get("Contract_Lines") or []
    assert rows
    zoho.control("rule", module="Contract_Lines", field="Product", retire="every choice")
    told = back(adapter, item)
    assert len(cells(zoho, told)["Contract_Lines"]) == len(rows)
    assert any(one.startswith("Contract Lines.Product") for one in told.lost)


@pytest.mark.parametrize("unique", [False, True])
def test_a_field_that_must_have_a_value_gets_one_that_tells_what_it_is(zoho: Any, *, unique: bool) -> None:
    adapter, item = gone_with_copy(zoho)
    saved = values_of(item)
    zoho.control("rule", field="Contract_Number", mandatory=True)
    if unique:
        zoho.control("edit", id=zoho.ids()[0], field="Contract_Number", value=saved["Contract_Number"])
    else:
        item = without(item, "Contract_Number")
    told = back(adapter, item)
    number = cells(zoho, told)["Contract_Number"]
    assert number == (f"{saved['Contract_Number']} (778899)" if unique else "- (778899)")
    assert any(one.startswith("Contract Number") for one in told.lost)


def without(item: RestoreItem, name: str) -> RestoreItem:
    assert item.snapshot is not None
    value = json.loads(item.snapshot.record)
    (value[0] if isinstance(value, list) else value).pop(name)
    parts = tuple(replace(one, raw=one.raw.replace(f'"{name}"'.encode(), b'"_"')) for one in item.snapshot.parts)
    return replace(item, snapshot=replace(item.snapshot, record=json.dumps(value).encode(), parts=parts))


def lose_the_answer(zoho: Any) -> None:
    """Insert, and answer with an error page: the record is there, and nobody was told."""

    def intercept(request: WireRequest) -> WireResponse | None:
        if request.method != "POST" or not request.path.endswith("/Contracts"):
            return None
        zoho.intercept = lambda _request: None
        zoho.emulator.handle(request)
        return WireResponse(502, (("content-type", "text/html"),), b"<html>Bad gateway</html>")

    zoho.intercept = intercept


KINDS: dict[str, Any] = {
    "a default in an empty field": lambda zoho: zoho.control("rule", field="Email", default="crm@example.com"),
    "trimmed texts": lambda zoho: zoho.control("switch", name="trim_texts", value=True),
    "nothing else": lambda zoho: None,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_copy_of_a_lost_answer_is_found_whatever_the_org_does_to_values(zoho: Any, kind: str) -> None:
    adapter, item = gone_with_copy(zoho)
    assert item.snapshot is not None
    if kind == "trimmed texts":
        padded = json.loads(item.snapshot.record)
        (padded[0] if isinstance(padded, list) else padded)["Name"] += "  "
        item = replace(item, snapshot=replace(item.snapshot, record=json.dumps(padded).encode()))
    KINDS[kind](zoho)
    since = zoho.clock.now() - timedelta(minutes=5)
    lose_the_answer(zoho)
    assert back(adapter, item).verdict is Verdict.UNKNOWN
    count = len(zoho.ids())
    told = back(adapter, item, look_first=True, since=since)
    assert (told.verdict, len(zoho.ids())) == (Verdict.DONE, count)


def test_a_record_of_ours_with_the_same_number_and_other_values_is_asked_about(zoho: Any) -> None:
    adapter, item = gone_with_copy(zoho)
    since = zoho.clock.now() - timedelta(minutes=5)
    lose_the_answer(zoho)
    back(adapter, item)
    made = max(zoho.ids(), key=int)
    zoho.control("edit", id=made, field="Contract_Value", value=1)
    count = len(zoho.ids())
    told = back(adapter, item, look_first=True, since=since)
    assert (told.verdict, told.reason, len(zoho.ids())) == (Verdict.UNKNOWN, Reason.POSSIBLE_COPY, count)
    assert made in told.message


def test_a_borrowed_text_field_carries_the_mark_until_the_copy_is_whole(zoho: Any) -> None:
    from crm_bridge_zoho.emulator.state.schema import Field

    module = zoho.emulator.org.modules["Contracts"]
    module.fields["Remark"] = Field("Remark", "Remark", id="554023000000999999")
    adapter, item = gone_with_copy(zoho)
    lose_the_answer(zoho)
    back(adapter, item)
    made = max(zoho.ids(), key=int)
    assert zoho.control("record", id=made)["record"]["Remark"] == MARK
    # Nothing that the mark finds has to be compared: here a function of the org has changed the amount.
    zoho.control("edit", id=made, field="Contract_Value", value=1)
    told = back(adapter, item, look_first=True, since=zoho.clock.now())
    assert told.new_ref is not None
    assert told.new_ref.id == made
    assert cells(zoho, told)["Remark"] is None


def test_notes_are_looked_for_on_every_page(zoho: Any) -> None:
    from crm_bridge.domain.contract import ContractRef
    from crm_bridge_zoho.restoring.related_items import RelatedItemsWriter

    adapter = zoho.connect()
    notes = [{"Note_Title": f"T{number}", "Note_Content": f"c{number}"} for number in range(230)]
    belongings = RelatedItemsWriter(adapter.client, ContractRef("Contracts", zoho.ids()[0]))
    before = len(belongings.notes())
    assert belongings.put_notes(notes, look_first=False) == []
    assert belongings.put_notes(notes, look_first=True) == []
    assert len(belongings.notes()) == before + 230
