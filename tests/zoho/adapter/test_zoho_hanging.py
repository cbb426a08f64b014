"""Notes and files are looked for in queries that prove themselves; a copy holds the same however it was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge_zoho.emulator.control.adding import file, note, note_file
from crm_bridge_zoho.emulator.state.schema import RelatedList

MODULE, COUNT = "Contracts", 180
MakeZoho = Callable[..., Any]


@pytest.fixture
def furnished(make_zoho: MakeZoho) -> Callable[[str], Any]:
    """A module of plain fields with lists of notes and files; on one of twenty contracts something hangs."""

    def furnish(mode: str) -> Any:
        zoho = make_zoho(count=COUNT, plain=True)
        org = zoho.emulator.org
        org.modules[MODULE].related += [
            RelatedList("Notes", "Notes", "default", "Notes", "Parent_Id"),
            RelatedList("Attachments", "Attachments", "default", "Attachments", "Parent_Id"),
        ]
        contracts = [org.tables[MODULE].get(one) for one in zoho.ids()]
        for contract in contracts[7::45]:
            note(org, contract, "called")
        note(org, contracts[52], "called again")
        for contract in contracts[11::45]:
            file(org, contract, "signed")
        note_file(org, contracts[150], "a scan")
        zoho.control("switch", name="children_in_queries", value=mode)
        return zoho

    return furnish


def copied(zoho: Any, ids: list[str], adapter: Any = None) -> dict[str, Any]:
    """Return what the copies of contracts hold."""
    taken = (adapter or zoho.connect()).snapshot([ContractRef(MODULE, one) for one in ids])
    return {
        copy.ref.id: (copy.parts, [(one.name, one.source) for one in copy.attachments])
        for copy in taken
        if isinstance(copy, Snapshot)
    }


@pytest.mark.parametrize("mode", ["yes", "first", "one"])
def test_a_copy_is_the_same_as_one_whose_lists_were_read_one_by_one(furnished: Callable[[str], Any], mode: str) -> None:
    zoho = furnished("no")
    expected = copied(zoho, zoho.ids())
    assert sum(bool(parts) for parts, _files in expected.values()) == 9
    zoho.control("switch", name="children_in_queries", value=mode)
    assert copied(zoho, zoho.ids()) == expected


def test_lists_are_read_only_where_something_hangs(furnished: Callable[[str], Any]) -> None:
    zoho = furnished("yes")
    adapter = zoho.connect()
    adapter.whoami()
    start = len(zoho.calls())
    copied(zoho, zoho.ids(), adapter)
    assert len(zoho.calls(start)) <= 1 + 0.15 * COUNT


def test_where_queries_do_not_take_these_modules_each_is_tried_once(furnished: Callable[[str], Any]) -> None:
    zoho = furnished("no")
    adapter = zoho.connect()
    for refused in (2, 0):
        start = len(zoho.calls())
        assert sum(bool(parts) for parts, _files in copied(zoho, zoho.ids(), adapter).values()) == 9
        assert sum(line.code == "INVALID_MODULE" for line in zoho.calls(start)) == refused


def test_a_control_that_lost_what_hung_on_it_is_replaced(furnished: Callable[[str], Any]) -> None:
    zoho = furnished("yes")
    adapter, org = zoho.connect(), zoho.emulator.org
    copied(zoho, zoho.ids(), adapter)
    for table in (org.tables["Notes"], org.tables["Attachments"]):
        table.drop(min(table.rows, key=int))
    # The control is not shown: lists are read one by one, and the next time another control is found.
    assert copied(zoho, zoho.ids(), adapter) == copied(zoho, zoho.ids(), adapter)


def test_what_is_added_between_two_reads_is_in_the_copy(furnished: Callable[[str], Any]) -> None:
    zoho = furnished("yes")
    org = zoho.emulator.org
    late = zoho.ids()[48]
    asked: list[str] = []

    def add_late(request: Any) -> None:
        if request.path.endswith("/Notes") and not asked:
            asked.append(request.path)
            note(org, org.tables[MODULE].get(late), "late")

    zoho.intercept = add_late
    parts, _files = copied(zoho, zoho.ids())[late]
    assert asked
    assert len(parts) == 1
