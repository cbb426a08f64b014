"""The life of one contract in a run: one table; whatever it does not allow raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.domain.lifecycle import (
    FINAL,
    OUTCOMES,
    TRANSITIONS,
    Event,
    EventKind,
    Outcome,
    State,
    Status,
    advance,
)
from crm_bridge.errors import JournalError

histories = st.lists(st.sampled_from(EventKind), max_size=12)


def lived(events: list[EventKind]) -> list[tuple[EventKind, Status]]:
    """Return the legal prefix of a history with the standing after each event."""
    status, found = Status(), []
    for event in events:
        try:
            status = advance(status, Event(event))
        except JournalError:
            break
        found.append((event, status))
    return found


@given(histories)
def test_nothing_is_sent_without_a_verified_backup_and_a_gate(events: list[EventKind]) -> None:
    past: list[EventKind] = []
    for event, _status in lived(events):
        if event is EventKind.INTENDED:
            assert EventKind.BACKED_UP in past
            assert past[-1] is EventKind.GATE_PASSED
        past.append(event)


@given(histories)
def test_removed_is_said_only_after_the_crm_said_yes_or_was_found_to_have_done_it(events: list[EventKind]) -> None:
    past: set[EventKind] = set()
    for event, status in lived(events):
        past.add(event)
        if status.outcome is Outcome.REMOVED:
            assert past & {EventKind.ANSWERED_DONE, EventKind.FOUND_DONE, EventKind.SEEN_ABSENT}
            assert EventKind.INTENDED in past


@given(histories)
def test_after_a_lost_answer_nothing_is_sent_before_somebody_looked(events: list[EventKind]) -> None:
    doubtful = False
    for event, _status in lived(events):
        if event is EventKind.INTENDED:
            assert not doubtful
        if event in (EventKind.INTENDED, EventKind.ANSWER_LOST):
            doubtful = True
        elif event not in (EventKind.GATE_PASSED,):
            doubtful = False


@given(st.sampled_from(State), st.sampled_from(EventKind))
def test_an_event_that_is_not_in_the_table_raises_and_changes_nothing(state: State, event: EventKind) -> None:
    status = Status(state)
    if (state, event) in TRANSITIONS:
        assert advance(status, Event(event)).state is TRANSITIONS[state, event]
        return
    with pytest.raises(JournalError) as caught:
        advance(status, Event(event))
    assert caught.value.reason == "illegal_event"
    assert status == Status(state)


def test_every_state_has_an_outcome_and_can_be_reached() -> None:
    assert set(OUTCOMES) == set(State)
    assert {State.PLANNED} | set(TRANSITIONS.values()) == set(State)
    assert set(State) >= FINAL
