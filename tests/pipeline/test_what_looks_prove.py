"""What one look proves after a delete, and what two agreeing looks prove about a contract in doubt."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.domain.absence import Absence, Author, Claim, Place
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import EventKind, Evidence, State, Status
from crm_bridge.domain.reasons import Reason
from crm_bridge.pipeline.settling.reconcile import conclusion
from crm_bridge.pipeline.settling.verify import observed
from crm_bridge.spi.adapter import Whereabouts

REF = ContractRef("Contracts", "1")
ABSENT = (Place.IN_BIN, Place.GONE)

places = st.sampled_from(Place)
steps = st.sampled_from(Step)
absences = st.builds(
    Absence,
    st.sampled_from(ABSENT),
    st.sampled_from(Author),
    st.booleans(),
    st.sampled_from(Claim),
    st.sampled_from(Claim),
    st.booleans(),
    st.booleans(),
)
SAID = Absence(Place.IN_BIN, Author.US, proven=True, mine=Claim.DONE)


def look(absence: Absence, step: Step = Step.TRASH, *, controlled: bool = True) -> tuple[EventKind, object, object]:
    return observed(Whereabouts(REF, absence.place), Status(State.DONE, step), absence, controlled=controlled)


@given(absences, steps, st.booleans())
def test_absence_is_claimed_only_where_it_is_proven(absence: Absence, step: Step, controlled: bool) -> None:
    event, evidence, _reason = look(absence, step, controlled=controlled)
    if event is EventKind.SEEN_ABSENT:
        assert absence.place is Place.IN_BIN or absence.proven
        assert controlled or (absence.place is Place.IN_BIN and absence.author is Author.US)
    assert (evidence is None) == (event is not EventKind.SEEN_ABSENT)


@given(steps, st.booleans())
def test_a_record_that_is_still_there_is_never_called_absent(step: Step, controlled: bool) -> None:
    for place in (Place.LIVE, Place.PENDING, Place.NOT_VISIBLE, Place.UNREADABLE):
        event = observed(Whereabouts(REF, place), Status(State.DONE, step), None, controlled=controlled)[0]
        assert event is not EventKind.SEEN_ABSENT


def test_the_levels_of_evidence() -> None:
    trash = [
        look(replace(SAID, place=Place.GONE, author=Author.UNNAMED)),
        look(SAID),
        look(replace(SAID, author=Author.OTHER)),
        look(replace(SAID, mine=Claim.LOST)),
    ]
    assert [evidence for _event, evidence, _reason in trash] == [Evidence.E1, Evidence.E2, Evidence.E1, Evidence.E2]
    assert [reason for _event, _evidence, reason in trash] == [
        None,
        None,
        Reason.LISTED_UNDER_SOMEBODY_ELSE,
        Reason.BY_THIS_USER,
    ]
    gone = replace(SAID, place=Place.GONE, author=Author.UNNAMED, purging=True)
    assert look(gone, Step.PURGE)[1] is Evidence.E3
    assert look(SAID, Step.PURGE)[0] is EventKind.NOT_SEEN


def test_what_is_live_after_it_was_gone_says_so() -> None:
    live = Whereabouts(REF, Place.LIVE)
    assert observed(live, Status(State.DONE), None, controlled=True)[2] is Reason.STILL_THERE
    assert observed(live, Status(State.VERIFIED), None, controlled=True)[2] is Reason.LIVE_AGAIN


@given(absences, steps, st.booleans())
def test_a_contract_in_doubt_is_done_only_where_a_request_of_ours_may_have_acted(
    absence: Absence, step: Step, as_planned: bool
) -> None:
    event, _reason = conclusion(absence.place, step, as_planned=as_planned, absence=absence)
    if event is EventKind.FOUND_DONE:
        assert absence.mine.may_have_acted
        assert absence.proven
        assert absence.author is not Author.OTHER
        assert absence.author is Author.US or absence.mine is Claim.DONE or absence.purging


@given(steps, st.booleans())
def test_only_a_contract_that_is_as_planned_may_be_tried_again(step: Step, as_planned: bool) -> None:
    event, _reason = conclusion(Place.LIVE, step, as_planned=as_planned, absence=None)
    assert (event is EventKind.FOUND_NOT_DONE) == (step is Step.TRASH and as_planned)


@given(steps, st.booleans())
def test_what_could_not_be_read_concludes_nothing(step: Step, as_planned: bool) -> None:
    for place in (Place.UNREADABLE, Place.NOT_VISIBLE, Place.GONE):
        assert conclusion(place, step, as_planned=as_planned, absence=None) == (None, None)
