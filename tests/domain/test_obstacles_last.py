"""Contracts without a known obstacle come first, until there are enough of them; nothing is lost or doubled."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.domain.contract import Contract, RecordState
from crm_bridge.domain.planning.obstacles import OF_STATE, free_first
from tests.domain.test_filters import ACME

STATES = st.lists(st.sampled_from([RecordState.NORMAL, RecordState.LOCKED, RecordState.IN_APPROVAL]), max_size=40)


def contracts(states: list[RecordState]) -> list[Contract]:
    return [replace(ACME, number=str(place), state=state) for place, state in enumerate(states)]


@given(states=STATES, enough=st.integers(0, 8))
def test_the_first_ones_are_free_and_the_rest_follows_in_order(states: list[RecordState], enough: int) -> None:
    given_ = contracts(states)
    ordered = list(free_first(given_, enough))
    assert sorted(ordered, key=lambda one: int(one.number or 0)) == given_
    free = [one for one in given_ if one.state not in OF_STATE]
    first = min(enough, len(free))
    assert ordered[:first] == free[:first]
    for kind in (True, False):
        same = [one for one in ordered if (one.state in OF_STATE) is kind]
        assert same == [one for one in given_ if (one.state in OF_STATE) is kind]
