"""What one look proves after a delete, and what two agreeing looks prove about a contract in doubt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Event, Evidence
from crm_bridge.pipeline.reconcile import conclusion
from crm_bridge.pipeline.verify import observed
from crm_bridge.spi.adapter import Place, Whereabouts

REF = ContractRef("Contracts", "1")
CLAIMS = {Event.FOUND_DONE, Event.SEEN_ABSENT}

places = st.sampled_from(Place)
steps = st.sampled_from(Step)
owners = st.sampled_from([True, False, None])
controls = st.sampled_from([None, "2"])
digests = st.sampled_from(["planned", "other", None])


def seen(place: Place, digest: str | None = None, by: str | None = None) -> Whereabouts:
    return Whereabouts(REF, place, digest=digest, by=by)


@given(places, steps, controls, owners)
def test_absence_is_claimed_only_for_the_bin_or_with_a_control_record(
    place: Place, step: Step, control: str | None, ours: bool | None
) -> None:
    event, evidence, _reason = observed(seen(place), step, control=control, ours=ours)
    if event is Event.SEEN_ABSENT:
        assert place in (Place.GONE, Place.IN_BIN)
        assert control is not None or (place is Place.IN_BIN and ours is True)
    assert (evidence is None) == (event is not Event.SEEN_ABSENT)


@given(steps, controls, owners)
def test_a_record_that_is_still_there_is_never_called_absent(
    step: Step, control: str | None, ours: bool | None
) -> None:
    for place in (Place.LIVE, Place.PENDING, Place.NOT_VISIBLE, Place.UNREADABLE):
        assert observed(seen(place), step, control=control, ours=ours)[0] is not Event.SEEN_ABSENT


def test_the_levels_of_evidence() -> None:
    trash = [
        observed(seen(Place.GONE), Step.TRASH, control="2", ours=None),
        observed(seen(Place.IN_BIN), Step.TRASH, control="2", ours=True),
        observed(seen(Place.IN_BIN), Step.TRASH, control="2", ours=False),
    ]
    assert [evidence for _event, evidence, _reason in trash] == [Evidence.E1, Evidence.E2, Evidence.E1]
    assert trash[2][2] == "listed_under_somebody_else"
    assert observed(seen(Place.GONE), Step.PURGE, control="2", ours=None)[1] is Evidence.E3
    assert observed(seen(Place.IN_BIN), Step.PURGE, control="2", ours=True)[0] is Event.NOT_SEEN


@given(places, steps, digests, st.booleans(), owners)
def test_a_contract_in_doubt_is_done_only_where_the_crm_says_that_it_was_us(
    place: Place, step: Step, digest: str | None, controlled: bool, ours: bool | None
) -> None:
    by = None if ours is None else "u1"
    event = conclusion(seen(place, digest, by), step, "planned", controlled=controlled, ours=ours)
    if event is Event.FOUND_DONE and step is Step.TRASH:
        assert ours is True
        assert place is Place.IN_BIN or (place is Place.GONE and controlled)
    if event is Event.FOUND_DONE and step is Step.PURGE:
        assert place is Place.GONE
        assert controlled


@given(steps, digests, st.booleans(), owners)
def test_only_a_contract_that_is_as_planned_may_be_tried_again(
    step: Step, digest: str | None, controlled: bool, ours: bool | None
) -> None:
    event = conclusion(seen(Place.LIVE, digest), step, "planned", controlled=controlled, ours=ours)
    assert (event is Event.FOUND_NOT_DONE) == (step is Step.TRASH and digest == "planned")


@given(steps, st.booleans(), owners)
def test_what_could_not_be_read_concludes_nothing(step: Step, controlled: bool, ours: bool | None) -> None:
    for place in (Place.UNREADABLE, Place.NOT_VISIBLE):
        assert conclusion(seen(place), step, "planned", controlled=controlled, ours=ours) is None
