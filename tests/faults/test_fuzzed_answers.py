"""Answers with one change in their structure: no traceback, no false word; `sweeps/fuzz_answers.py` runs 20,000."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings

from tests.faults.conftest import ADAPTERS
from tests.faults.fuzzing import CHANGES, VERBS, Change, Field

EXAMPLES = 12


@pytest.fixture(scope="module", params=ADAPTERS)
def field(request: pytest.FixtureRequest) -> Iterator[Field]:
    with ExitStack() as stack:
        yield Field(str(request.param), stack)


@pytest.mark.parametrize("verb", VERBS)
def test_a_changed_answer_is_an_error_of_ours_or_the_truth(field: Field, verb: str) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(change=CHANGES)
    def one(change: Change) -> None:
        field.run(verb, change)

    one()


ONCE_MISREAD = [("whoami", Change(answer=5, node=379, kind="replace", junk=48))]


@pytest.mark.parametrize(("verb", "change"), ONCE_MISREAD)
def test_a_change_that_was_misread_once_is_not_any_more(field: Field, verb: str, change: Change) -> None:
    field.run(verb, change)
