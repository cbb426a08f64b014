"""A slice of the fault matrix; `sweeps/fault_matrix.py` runs all of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.faults.conftest import ADAPTERS, Known
from tests.faults.kinds import BY_NAME, FAULTS
from tests.faults.matrix import Result, run_case
from tests.faults.table import ALLOWED, verdict

NAMES = tuple(BY_NAME)
CELLS = [pytest.param(fault.name, marks=pytest.mark.timing if fault.slow else ()) for fault in FAULTS]


def told(result: Result) -> str:
    """Return what somebody needs to see when a case fails."""
    return f"{result.call} | {result.fault} | {result.codes} then {result.after} {result.reasons}"


@pytest.mark.parametrize("fault", CELLS)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_fault_while_deleting_is_never_a_false_word_or_a_second_delete(
    known: Mapping[str, Known], adapter: str, fault: str
) -> None:
    removals = [call for call in known[adapter].calls if call.column == "remove"]
    call = removals[NAMES.index(fault) % len(removals)]
    result = run_case(known[adapter].rig, call, BY_NAME[fault], lasting=NAMES.index(fault) % 2 == 1)
    assert (result.met, [*result.wrong, *verdict(result)]) == (True, []), told(result)


@pytest.mark.parametrize("fault", CELLS)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_fault_anywhere_else_ends_as_the_table_says(known: Mapping[str, Known], adapter: str, fault: str) -> None:
    calls = [call for call in known[adapter].calls if call.column != "remove"]
    # A step of 7 through the calls: neighbouring faults strike in different columns.
    call = calls[7 * NAMES.index(fault) % len(calls)]
    result = run_case(known[adapter].rig, call, BY_NAME[fault], lasting=False)
    assert (result.met, [*result.wrong, *verdict(result)]) == (True, []), told(result)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_the_journeys_have_calls_in_every_column(known: Mapping[str, Known], adapter: str) -> None:
    assert {call.column for call in known[adapter].calls} == ALLOWED.keys()


def test_there_are_at_least_24_faults_and_1200_cells(known: Mapping[str, Known]) -> None:
    cells = sum(len(one.calls) for one in known.values()) * len(FAULTS)
    assert len(FAULTS) >= 24
    assert cells >= 1200
