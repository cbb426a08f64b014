"""Rows of subforms come from queries that prove themselves; a copy holds the same however it was read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge_zoho.emulator.control.adding import line

MODULE, LINES, COUNT = "Contracts", "Contract_Lines", 120
MakeZoho = Callable[..., Any]


@pytest.fixture
def lined(make_zoho: MakeZoho) -> Any:
    """A module whose only field that needs a read by id is a subform."""
    zoho = make_zoho(count=COUNT)
    module = zoho.emulator.org.modules[MODULE]
    for name in ("Signed_Copy", "Contacts", "Terms"):
        del module.fields[name]
    module.related.clear()
    return zoho


def copied(zoho: Any, ids: list[str], adapter: Any = None) -> dict[str, Any]:
    """Return the lines and the drift digest of each copy."""
    taken = (adapter or zoho.connect()).snapshot([ContractRef(MODULE, one) for one in ids])
    return {
        copy.ref.id: (copy.digest, json.loads(copy.record).get(LINES)) for copy in taken if isinstance(copy, Snapshot)
    }


def by_id(zoho: Any, start: int) -> int:
    """Return how many records were read by their own address."""
    return sum(line.path.startswith(f"/crm/v8/{MODULE}/") for line in zoho.calls(start))


def test_lines_cost_less_than_a_twentieth_of_a_call_each(lined: Any) -> None:
    adapter = lined.connect()
    adapter.whoami()
    start = len(lined.calls())
    copies = copied(lined, lined.ids(), adapter)
    lines = sum(len(rows) for _digest, rows in copies.values())
    assert len(copies) == COUNT
    assert lines > COUNT
    assert len(lined.calls(start)) <= lines / 20
    assert by_id(lined, start) == 1


def test_a_copy_is_the_same_as_one_whose_record_was_read_by_id(lined: Any) -> None:
    found = copied(lined, lined.ids())
    lined.control("switch", name="coql_subforms", value=False)
    start = len(lined.calls())
    assert found == copied(lined, lined.ids())
    assert by_id(lined, start) == COUNT


def test_a_contract_with_more_lines_than_a_query_shows_is_read_by_itself(lined: Any) -> None:
    full = lined.ids()[30]
    org = lined.emulator.org
    for number in range(130):
        line(org, org.tables[MODULE].get(full), f"line {number}")
    start = len(lined.calls())
    copies = copied(lined, lined.ids())
    assert len(copies[full][1]) > 130
    assert by_id(lined, start) == 2


def test_a_query_that_shows_a_line_otherwise_than_the_record_is_not_believed(lined: Any) -> None:
    expected = copied(lined, lined.ids())

    def altered(request: Any) -> Any:
        if not request.path.endswith("/coql") or LINES not in request.body.decode():
            return None
        answer = lined.emulator.handle(request)
        body = json.loads(answer.body)
        for one in body["data"]:
            one["Quantity"] = None
        return type(answer).of_json(body, answer.status)

    lined.intercept = altered
    start = len(lined.calls())
    assert copied(lined, lined.ids()) == expected
    assert by_id(lined, start) > COUNT


def test_a_subform_with_a_column_that_no_query_shows_is_read_by_id(lined: Any) -> None:
    fields = lined.emulator.org.modules[LINES].fields
    fields["Product"] = replace(fields["Product"], data_type="textarea", rich=True)
    start = len(lined.calls())
    assert len(copied(lined, lined.ids())) == COUNT
    assert by_id(lined, start) == COUNT
