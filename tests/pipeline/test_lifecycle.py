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
    Happening,
    Outcome,
    Standing,
    State,
    advance,
)
from crm_bridge.errors import JournalError

histories = st.lists(st.sampled_from(Event), max_size=12)


def lived(events: list[Event]) -> list[tuple[Event, Standing]]:
    """Return the legal prefix of a history with the standing after each event."""
    standing, found = Standing(), []
    for event in events:
        try:
            standing = advance(standing, Happening(event))
        except JournalError:
            break
        found.append((event, standing))
    return found


@given(histories)
def test_nothing_is_sent_without_a_verified_backup_and_a_gate(events: list[Event]) -> None:
    past: list[Event] = []
    for event, _standing in lived(events):
        if event is Event.INTENDED:
            assert Event.BACKED_UP in past
            assert past[-1] is Event.GATE_PASSED
        past.append(event)


@given(histories)
def test_removed_is_said_only_after_the_crm_said_yes_or_was_found_to_have_done_it(events: list[Event]) -> None:
    past: set[Event] = set()
    for event, standing in lived(events):
        past.add(event)
        if standing.outcome is Outcome.REMOVED:
            assert past & {Event.ANSWERED_DONE, Event.FOUND_DONE, Event.SEEN_ABSENT}
            assert Event.INTENDED in past


@given(histories)
def test_after_a_lost_answer_nothing_is_sent_before_somebody_looked(events: list[Event]) -> None:
    doubtful = False
    for event, _standing in lived(events):
        if event is Event.INTENDED:
            assert not doubtful
        if event in (Event.INTENDED, Event.ANSWER_LOST):
            doubtful = True
        elif event not in (Event.GATE_PASSED,):
            doubtful = False


@given(st.sampled_from(State), st.sampled_from(Event))
def test_an_event_that_is_not_in_the_table_raises_and_changes_nothing(state: State, event: Event) -> None:
    standing = Standing(state)
    if (state, event) in TRANSITIONS:
        assert advance(standing, Happening(event)).state is TRANSITIONS[state, event]
        return
    with pytest.raises(JournalError) as caught:
        advance(standing, Happening(event))
    assert caught.value.reason == "illegal_event"
    assert standing == Standing(state)


def test_every_state_has_an_outcome_and_can_be_reached() -> None:
    assert set(OUTCOMES) == set(State)
    assert {State.PLANNED} | set(TRANSITIONS.values()) == set(State)
    assert set(State) >= FINAL
