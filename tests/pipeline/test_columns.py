"""Facts about contracts in columns: as a dictionary with a default, and small."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.columns import FactColumn, WholeNumbers
from crm_bridge.journal.format.canonical import JsonValue
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.receipt_lines import ReceiptLines

IDS = st.sampled_from([str(number) for number in range(12)])
MOST_BYTES = 260
"""Of one contract: its id, its place among the ids, where it stands, and where its five lines are."""

SHARED_BYTES = 60
"""Of one contract whose id is kept already."""


@given(st.lists(st.tuples(st.booleans(), IDS, st.sampled_from(["", "a", "b", "c"]))))
def test_a_column_says_what_was_set_last_and_else_the_default(steps: list[tuple[bool, str, str]]) -> None:
    numbers: dict[str, int] = {}
    columns = FactColumn(numbers, ""), FactColumn(numbers, "")
    said: tuple[dict[str, str], dict[str, str]] = {}, {}
    for second, record_id, value in steps:
        columns[second][record_id] = value
        said[second][record_id] = value
    for column, expected in zip(columns, said, strict=True):
        set_to = {record_id: value for record_id, value in expected.items() if value}
        assert dict(column) == set_to
        assert len(column) == len(set_to)
        assert [column[str(number)] for number in range(12)] == [expected.get(str(n), "") for n in range(12)]
        late = column.subset(lambda value: value > "a")
        assert sorted(late) == sorted(i for i, value in set_to.items() if value > "a")
        assert len(late) == len(list(late))
        assert all((str(number) in late) == (expected.get(str(number), "") > "a") for number in range(12))
        assert all((i in column) == (i in set_to) for i in numbers)


@given(st.lists(st.tuples(IDS, st.integers(-(2**63), 2**63 - 1))))
def test_whole_numbers_are_kept_whole(steps: list[tuple[str, int]]) -> None:
    column, expected = WholeNumbers({}), dict[str, int]()
    for record_id, value in steps:
        column[record_id] = value
        expected[record_id] = value
        assert column[record_id] == value
    assert column["unknown"] == 0


def life(journal: Journal, run: str, count: int) -> None:
    """Journal what happens to so many contracts, a thousand at a time."""
    trash: dict[str, JsonValue] = {"step": "trash"}
    journal.append([NewEntry("run.start", run=run, body=trash)])
    for first in range(0, count, 1000):
        ids = [str(554023000003700001 + number) for number in range(first, first + 1000)]
        lines = [{"id": record_id} for record_id in ids]
        bodies: dict[str, dict[str, JsonValue]] = {
            "backup": {"event": "backup.ok", "set": "s", "file": "f", "sha256": "ab" * 32},
            "gate": {"event": "gate.ok"},
            "intent": {"event": "intent", "attempt": 1},
            "outcome": {"event": "outcome.done", "attempt": 1, "evidence": "E0"},
            "verify": {"event": "verify.absent", "attempt": 1, "evidence": "E2"},
        }
        for op, body in bodies.items():
            journal.append([NewEntry(op, run=run, body={**trash, **body}, lines=lines)])


def test_what_a_run_needs_in_memory_for_a_contract_is_small(journal: Journal) -> None:
    life(journal, "R1", 1000)
    life(journal, "R2", 9000)
    ReceiptLines(journal, "R1")
    tracemalloc.start()
    try:
        few = ReceiptLines(journal, "R1")
        small = tracemalloc.get_traced_memory()[0]
        many = ReceiptLines(journal, "R2", numbers=(numbers := dict[str, int]()))
        large = tracemalloc.get_traced_memory()[0]
        again = ReceiptLines(journal, "R2", numbers=numbers)
        shared = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert (len(few), len(many), len(again)) == (1000, 9000, 9000)
    assert (large - small) / 9000 < MOST_BYTES
    assert (shared - large) / 9000 < SHARED_BYTES
