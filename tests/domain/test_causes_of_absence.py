"""Why a contract is not there: every combination of what the CRM lists and what runs asked for has one cause."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.domain.absence import Absence, Asked, Author, Claim, Place, cause_of, is_ours
from crm_bridge.domain.lifecycle import EventKind
from crm_bridge.domain.reasons import CAUSES_OF_ABSENCE, Reason

EVERY = [
    Absence(place, author, proven, mine, others, merged, purging)
    for place, author, proven, mine, others, merged, purging in product(
        (Place.IN_BIN, Place.GONE, Place.NOT_VISIBLE, Place.UNREADABLE),
        Author,
        (True, False),
        Claim,
        Claim,
        (True, False),
        (True, False),
    )
]

ASKED = [
    (EventKind.INTENDED, None),
    (EventKind.ANSWERED_DONE, None),
    (EventKind.ANSWER_LOST, Reason.ANSWER_LOST),
    (EventKind.ANSWER_LOST, Reason.NOT_FOUND),
    (EventKind.ANSWERED_NOT_DONE, Reason.SIGNED_OUT),
    (EventKind.ANSWERED_NOT_DONE, Reason.TOO_LATE),
    (EventKind.ANSWERED_HELD, Reason.LOCKED),
    (EventKind.FOUND_NOT_DONE, Reason.AFTER_UNKNOWN),
]


def test_every_absence_has_one_of_the_causes() -> None:
    assert {cause_of(one) for one in EVERY} == set(CAUSES_OF_ABSENCE)


def test_a_person_is_blamed_only_where_the_crm_names_somebody_else() -> None:
    blamed = [one for one in EVERY if cause_of(one) is Reason.DELETED_BY_SOMEBODY_ELSE]
    assert {(one.author, one.proven, one.merged) for one in blamed} == {(Author.OTHER, True, False)}


def test_by_this_run_takes_the_crms_yes() -> None:
    ours = [one for one in EVERY if cause_of(one) is Reason.BY_THIS_RUN]
    assert {one.mine for one in ours} == {Claim.DONE}
    assert Author.OTHER not in {one.author for one in ours}


def test_what_was_answered_with_not_there_is_never_called_removed() -> None:
    for one in EVERY:
        if one.mine in (Claim.NONE, Claim.NOT_THERE):
            assert not is_ours(cause_of(one), one.mine), one


def test_what_nobody_lists_and_no_control_shows_proves_nothing() -> None:
    for one in EVERY:
        if not one.proven and not one.merged:
            assert cause_of(one) in (Reason.NOT_VISIBLE, Reason.GONE_UNATTRIBUTED)


def test_causes_that_are_findings_never_end_with_exit_zero() -> None:
    for cause in (Reason.NOT_VISIBLE, Reason.GONE_UNATTRIBUTED):
        assert cause.rule.exit_code != 0


@pytest.mark.parametrize(
    ("events", "claim"),
    [
        ([], Claim.NONE),
        ([0], Claim.LOST),
        ([0, 1], Claim.DONE),
        ([0, 2], Claim.LOST),
        ([0, 3], Claim.NOT_THERE),
        ([0, 2, 7, 0, 3], Claim.LOST),
        ([0, 4, 0, 3], Claim.LOST),
        ([0, 5], Claim.NONE),
        ([0, 5, 0, 3], Claim.NOT_THERE),
        ([0, 6], Claim.REFUSED),
        ([0, 6, 0, 3], Claim.REFUSED),
        ([0, 2, 7], Claim.LOST),
    ],
)
def test_what_the_answers_leave_to_be_claimed(events: list[int], claim: Claim) -> None:
    asked = Asked()
    for number in events:
        asked = asked.after(*ASKED[number])
    assert asked.claim is claim


@given(st.lists(st.sampled_from(ASKED), max_size=8))
def test_a_claim_never_weakens_while_nothing_comes_back(events: list[tuple[EventKind, Reason | None]]) -> None:
    asked = Asked()
    for event, reason in events:
        before = asked.answered
        asked = asked.after(event, reason)
        assert asked.answered.value >= before.value
