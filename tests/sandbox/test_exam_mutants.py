"""Wrong adapters that the exam has to fail: each is a real one with one thing wrong in what it says or sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.filters.tree import Everything
from crm_bridge.errors import CrmBridgeError
from crm_bridge.spi.adapter import (
    Adapter,
    LookDepth,
    Observation,
    Page,
    Place,
    Query,
    RemoveOptions,
    RemoveResult,
    Restored,
    RestoreItem,
    Search,
    Verdict,
)
from crm_bridge.spi.failures import answer_to_failure
from crm_bridge.spi.spec import AdapterContext, AdapterSpec
from crm_bridge.testing.bench import Bench, bench
from crm_bridge.testing.conformance import AdapterConformance
from tests.fxiaoke.test_conformance import TestFxiaoke as Fxiaoke
from tests.zoho.test_conformance import TestZoho as Zoho


class Wrong:
    """An adapter that hands everything on; the subclasses get one verb wrong."""

    def __init__(self, right: Adapter) -> None:
        self.right: Any = right

    def __getattr__(self, name: str) -> Any:
        return getattr(self.right, name)

    def looked(self, refs: Sequence[ContractRef], look: LookDepth, since: Any = None) -> Observation:
        seen: Observation = self.right.locate(refs, look=look, since=since)
        return seen


class HiddenIsGone(Wrong):
    """Tells a record that is not shown as one that is gone."""

    def locate(self, refs: Sequence[ContractRef], *, look: LookDepth, since: Any = None) -> Observation:
        seen = self.looked(refs, look, since)
        places = {
            key: replace(one, place=Place.GONE) if one.place is Place.NOT_VISIBLE else one
            for key, one in seen.places.items()
        }
        return replace(seen, places=places)


class HiddenIsDeleted(Wrong):
    """Tells a record that is neither live nor listed as one that our own user deleted."""

    def locate(self, refs: Sequence[ContractRef], *, look: LookDepth, since: Any = None) -> Observation:
        seen, me = self.looked(refs, look, since), self.right.whoami().user_id
        unseen = (Place.NOT_VISIBLE, Place.GONE)
        places = {
            key: replace(one, place=Place.GONE, by=me) if one.place in unseen else one
            for key, one in seen.places.items()
        }
        return replace(seen, places=places)


class HiddenIsDropped(Wrong):
    """Says nothing at all about a record that is not shown."""

    def locate(self, refs: Sequence[ContractRef], *, look: LookDepth, since: Any = None) -> Observation:
        seen = self.looked(refs, look, since)
        kept = {key: one for key, one in seen.places.items() if one.place in (Place.LIVE, Place.IN_BIN)}
        return replace(seen, places=kept)


class AnyControl(Wrong):
    """Takes the control record of an earlier look for one of this look."""

    known: str | None = None

    def locate(self, refs: Sequence[ContractRef], *, look: LookDepth, since: Any = None) -> Observation:
        seen = self.looked(refs, look, since)
        self.known = self.known or seen.control
        return replace(seen, control=self.known)


class RowsTwice(Wrong):
    """Lets the last contract of a page stand on the next one too."""

    def find(self, query: Query) -> Search:
        search: Search = self.right.find(query)
        return replace(search, pages=self._doubled(search.pages))

    @staticmethod
    def _doubled(pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            yield replace(page, contracts=(*page.contracts, *page.contracts[-1:]))


class NotFoundAgain(Wrong):
    """Wants a contract that is not there to be tried again."""

    def remove(self, step: Step, refs: Sequence[ContractRef], *, options: RemoveOptions) -> Sequence[RemoveResult]:
        answers = self.right.remove(step, refs, options=options)
        return [
            one if one.verdict is Verdict.DONE else replace(one, verdict=Verdict.NOT_DONE, retry=True)
            for one in answers
        ]


class NeverHalts(Wrong):
    """Does not say that every other contract would meet the same."""

    def remove(self, step: Step, refs: Sequence[ContractRef], *, options: RemoveOptions) -> Sequence[RemoveResult]:
        try:
            return [replace(one, halt=False) for one in self.right.remove(step, refs, options=options)]
        except CrmBridgeError as failure:
            return [replace(answer_to_failure(ref, failure), halt=False) for ref in refs]


class GoesOn(Wrong):
    """Sends the rest of a batch after what stops a run."""

    def remove(self, step: Step, refs: Sequence[ContractRef], *, options: RemoveOptions) -> Sequence[RemoveResult]:
        answers: list[RemoveResult] = []
        for ref in refs:
            try:
                answers += self.right.remove(step, [ref], options=options)
            except CrmBridgeError as failure:
                answers.append(answer_to_failure(ref, failure))
        return answers


class CompletesNothing(Wrong):
    """Takes an earlier copy for a whole one."""

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        if not items[0].look_first:
            return self.right.bring_back(route, items)  # type: ignore[no-any-return]
        everything = self.right.find(Query(where=Everything())).pages
        newest = max((one.ref for page in everything for one in page.contracts), key=lambda ref: ref.id)
        return [Restored(item.ref, Verdict.DONE, newest, {item.ref.id: newest.id}) for item in items]


Case = Callable[[AdapterConformance, Bench], None]
MUTANTS: list[tuple[type[Wrong], Case, tuple[type[AdapterConformance], ...]]] = [
    # Zoho answers about a hidden record as about one that is not there.
    (HiddenIsGone, AdapterConformance.test_a_hidden_contract_is_never_listed_as_deleted, (Fxiaoke,)),
    (HiddenIsDeleted, AdapterConformance.test_a_hidden_contract_is_never_listed_as_deleted, (Zoho, Fxiaoke)),
    (HiddenIsDropped, AdapterConformance.test_every_id_that_was_looked_for_has_a_place, (Zoho, Fxiaoke)),
    (AnyControl, AdapterConformance.test_a_control_record_was_read_in_the_same_look, (Zoho, Fxiaoke)),
    (RowsTwice, AdapterConformance.test_everything_is_found_exactly_once, (Zoho, Fxiaoke)),
    (NotFoundAgain, AdapterConformance.test_an_absent_contract_is_never_reported_as_removed, (Zoho, Fxiaoke)),
    (NeverHalts, AdapterConformance.test_what_stops_a_run_is_said_and_no_more_of_the_batch_is_sent, (Zoho, Fxiaoke)),
    (GoesOn, AdapterConformance.test_what_stops_a_run_is_said_and_no_more_of_the_batch_is_sent, (Zoho, Fxiaoke)),
    # 纷享销客 makes a contract and everything around it in one call.
    (CompletesNothing, AdapterConformance.test_a_second_attempt_completes_what_the_first_one_left_out, (Zoho,)),
]
EVERY = [(wrong, case, exam) for wrong, case, exams in MUTANTS for exam in exams]


def made_wrong(spec: AdapterSpec, wrong: type[Wrong]) -> AdapterSpec:
    def connect(settings: BaseModel, adapter_context: AdapterContext) -> Adapter:
        return wrong(spec.connect(settings, adapter_context))

    return replace(spec, connect=connect)


@pytest.mark.parametrize(("wrong", "case", "exam"), EVERY, ids=[f"{w.__name__}-{e.spec.name}" for w, _c, e in EVERY])
def test_the_exam_fails_an_adapter_that(
    tmp_path: Path, wrong: type[Wrong], case: Case, exam: type[AdapterConformance]
) -> None:
    spec = made_wrong(exam.spec, wrong)
    with (
        bench(spec, tmp_path, contracts=exam.contracts, settings=exam.settings) as laid,
        pytest.raises((AssertionError, KeyError)),
    ):
        case(exam(), laid)
