"""What came back, held against its backup and the forecast."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_bridge.domain.capabilities import Fate
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.restoring.comparison import Difference, Measured, measure
from crm_bridge.domain.restoring.forecast import GENERAL, Promises
from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot, SnapshotPart

ALL_SAME = Promises(dict.fromkeys(GENERAL, Fate.SAME))
RECORD: Mapping[str, Any] = {"Name": "采购合同", "Amount": 1200.5, "Owner": {"id": "7"}, "Tags": ["a", "b"]}


def snapshot(
    record: Mapping[str, Any] = RECORD,
    *,
    record_id: str = "1",
    rows: Sequence[Mapping[str, Any]] | None = None,
    notes: Sequence[Mapping[str, Any]] | None = None,
    links: Sequence[Sequence[str]] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Snapshot:
    given = ((PartKind.DETAIL, "Lines", rows), (PartKind.NOTE, "Notes", notes), (PartKind.LINK, "lookups", links))
    parts = tuple(
        SnapshotPart(kind, name, json.dumps(value).encode()) for kind, name, value in given if value is not None
    )
    attachments = tuple(
        Attachment(name, name, len(data), "attachments", lambda: iter(()), hashlib.sha256(data).hexdigest())
        for name, data in (files or {}).items()
    )
    return Snapshot(ContractRef("Contracts", record_id), "", json.dumps(record).encode(), parts, attachments)


def compared(before: Snapshot, after: Snapshot, promises: Promises = ALL_SAME, **more: Any) -> Measured:
    return measure(before, after, promises=promises, **more)


def found(measured: Measured) -> dict[str, Fate]:
    return {one.name: one.fate for one in measured.differences}


def test_a_contract_that_is_as_it_was_differs_in_nothing() -> None:
    whole = snapshot(rows=[{"id": "5", "sku": "A"}], notes=[{"id": "6", "t": "x"}], files={"a.pdf": b"%PDF"})
    assert compared(whole, whole) == Measured(4, 2, 1, 1, ())


@pytest.mark.parametrize(
    ("field", "value", "fate"),
    [
        ("Name", "采购合同 ", Fate.CHANGED),
        ("Name", None, Fate.LOST),
        ("Name", "", Fate.LOST),
        ("Amount", 1200.51, Fate.CHANGED),
        ("Owner", {"id": "8"}, Fate.CHANGED),
        ("Tags", ["b", "a"], Fate.CHANGED),
        ("Tags", [], Fate.LOST),
        ("New", 1, Fate.CHANGED),
    ],
)
def test_every_field_that_is_not_as_it_was_is_named(field: str, value: object, fate: Fate) -> None:
    measured = compared(snapshot(), snapshot({**RECORD, field: value}))
    assert found(measured) == {field: fate}
    assert [one.name for one in measured.surprises] == [field]


@pytest.mark.parametrize(("old", "new"), [("", None), (None, []), (5, "5"), ("5.0", 5), ({}, "")])
def test_what_crms_write_in_two_ways_is_the_same(old: object, new: object) -> None:
    assert found(compared(snapshot({"f": old}), snapshot({"f": new}))) == {}


@pytest.mark.parametrize(("old", "new"), [(True, 1), ("a", 1), (0, None), (False, None)])
def test_what_only_looks_alike_is_not_the_same(old: object, new: object) -> None:
    assert list(found(compared(snapshot({"f": old}), snapshot({"f": new})))) == ["f"]


def test_a_mapped_id_is_the_same_reference() -> None:
    before, after = snapshot({"Parent": {"id": "3"}, "Link": "4"}), snapshot({"Parent": {"id": "33"}, "Link": "44"})
    assert found(compared(before, after, ids={"3": "33", "4": "44"})) == {}
    assert sorted(found(compared(before, after))) == ["Link", "Parent"]


@pytest.mark.parametrize(
    ("promised", "fate", "surprise"),
    [
        (Fate.SAME, Fate.CHANGED, True),
        (Fate.SAME, Fate.LOST, True),
        (Fate.CHANGED, Fate.CHANGED, False),
        (Fate.CHANGED, Fate.LOST, True),
        (Fate.LOST, Fate.LOST, False),
        (Fate.LOST, Fate.CHANGED, False),
        (Fate.UNKNOWN, Fate.LOST, False),
    ],
)
def test_only_what_is_worse_than_promised_is_a_surprise(promised: Fate, fate: Fate, surprise: bool) -> None:
    assert Difference("f", fate, promised).surprise is surprise


ROWS = [{"id": "5", "sku": "A", "qty": 1}, {"id": "6", "sku": "B", "qty": 2}]
ANEW = Promises({**ALL_SAME.known, "Lines": Fate.CHANGED, "Lines.id": Fate.CHANGED})


def test_rows_under_new_ids_are_paired_by_content_whatever_their_order() -> None:
    after = snapshot(rows=[{"id": "66", "sku": "B", "qty": 2}, {"id": "55", "sku": "A", "qty": 1}])
    measured = compared(snapshot(rows=ROWS), after, ANEW)
    assert (measured.rows, found(measured), measured.surprises) == (2, {"Lines.id": Fate.CHANGED}, ())


@given(count=st.integers(201, 260), shift=st.integers(0, 250), data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_list_of_any_length_is_paired_by_content(count: int, shift: int, data: st.DataObject) -> None:
    old = [{"id": f"o{n}", "title": f"T{n % 7}", "text": f"c{n}", "by": "us"} for n in range(count)]
    new = [{**row, "id": f"n{n}"} for n, row in enumerate(old)]
    new = new[shift % count :] + new[: shift % count]
    assert found(compared(snapshot(notes=old), snapshot(notes=new))) == {"Notes.id": Fate.CHANGED}
    place = data.draw(st.integers(0, count - 1))
    assert "Notes" in found(compared(snapshot(notes=old), snapshot(notes=new[:place] + new[place + 1 :])))


def test_a_column_that_moves_without_being_promised_is_a_surprise() -> None:
    after = snapshot(rows=[{"id": "55", "sku": "A", "qty": 1}, {"id": "66", "sku": "B", "qty": 3}])
    assert [one.name for one in compared(snapshot(rows=ROWS), after, ANEW).surprises] == ["Lines.qty"]


def test_a_row_that_is_gone_is_lost() -> None:
    measured = compared(snapshot(rows=ROWS), snapshot(rows=ROWS[:1]), ANEW)
    assert (found(measured), len(measured.surprises)) == ({"Lines": Fate.LOST}, 1)


def test_a_row_too_many_is_a_surprise() -> None:
    measured = compared(snapshot(rows=ROWS), snapshot(rows=[*ROWS, {"id": "9", "sku": "B", "qty": 2}]), ANEW)
    assert [(one.name, one.fate, one.promised) for one in measured.surprises] == [("Lines", Fate.CHANGED, Fate.SAME)]


def test_the_mark_of_a_copy_is_no_row_of_the_contract() -> None:
    notes = [{"id": "6", "title": "call", "text": "x"}]
    after = snapshot(notes=[*notes, {"id": "7", "title": "crm-bridge-1", "text": ""}])
    assert found(compared(snapshot(notes=notes), after, marker="crm-bridge-1")) == {}
    assert list(found(compared(snapshot(notes=notes), after))) == ["Notes"]


@pytest.mark.parametrize(
    ("files", "equal", "differs"),
    [
        ({"a.pdf": b"one", "b.pdf": b"two"}, 2, {}),
        ({"a.pdf": b"one"}, 1, {"attachments": Fate.LOST}),
        ({"a.pdf": b"one", "b.pdf": b"twO"}, 1, {"attachments": Fate.LOST}),
        ({"a.pdf": b"one", "c.pdf": b"two"}, 2, {"attachments": Fate.CHANGED}),
        ({"a.pdf": b"one", "b.pdf": b"two", "c.pdf": b"two"}, 2, {"attachments": Fate.CHANGED}),
    ],
)
def test_files_are_compared_by_their_bytes(files: Mapping[str, bytes], equal: int, differs: Mapping[str, Fate]) -> None:
    measured = compared(snapshot(files={"a.pdf": b"one", "b.pdf": b"two"}), snapshot(files=files))
    assert (measured.files, measured.files_equal, found(measured)) == (2, equal, differs)


def test_a_file_whose_bytes_were_not_read_equals_nothing() -> None:
    unread = Attachment("a.pdf", "a.pdf", 3, "attachments", lambda: iter(()), None)
    after = Snapshot(ContractRef("Contracts", "1"), "", b"{}", (), (unread,))
    assert compared(snapshot({}, files={"a.pdf": b"one"}), after).files_equal == 0


def test_references_are_lost_under_the_old_id_and_changed_under_a_new_one() -> None:
    before = snapshot(links=[["Payments", "9", "Contract"]])
    assert found(compared(before, snapshot(links=[]))) == {"inbound_links": Fate.LOST}
    assert found(compared(before, snapshot(links=[], record_id="2"))) == {"inbound_links": Fate.CHANGED}
    assert found(compared(before, snapshot(links=[["Payments", "9", "Contract"], ["Orders", "1", "C"]]))) == {}
