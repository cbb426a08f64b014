"""The part of the exam about removing: the right contracts, each answered by itself, and seen afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.errors import CrmBridgeError, NotAvailableError, PermissionDeniedError
from crm_bridge.spi.adapter import LookDepth, Place, Query, RemoveResult, Verdict, Whereabouts
from crm_bridge.testing.bench import Bench
from crm_bridge.testing.exam import OPTIONS, Exam

ABSENT = (Place.GONE, Place.NOT_VISIBLE)


class RemovingExam(Exam):
    """remove, and locate of what was removed."""

    def test_a_trashed_contract_is_in_the_bin(self, bench: Bench) -> None:
        record_id = self.deletable(bench, 1)[0]
        self.trash(bench, record_id)
        assert bench.where_is(record_id).place is Place.IN_BIN

    def test_the_bin_says_that_it_was_us_and_when(self, bench: Bench) -> None:
        fact = self.spec.capabilities.who_deleted
        self.needs(fact)
        record_id, before = self.deletable(bench, 1)[0], bench.clock.now()
        self.trash(bench, record_id)
        found = bench.where_is(record_id)
        if fact.support is Support.FULL or found.by is not None:
            assert found.by == bench.adapter.whoami().user_id
            assert found.at is not None
            assert before - timedelta(minutes=1) <= found.at.astimezone(UTC) <= _later(bench)

    def test_the_bin_says_when_it_was_somebody_else(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.who_deleted)
        bench.adapter.whoami()
        record_id = self.deletable(bench, 1)[0]
        bench.control("delete", id=record_id)
        assert bench.where_is(record_id).by != bench.adapter.whoami().user_id

    def test_the_list_of_deletions_tells_ours_from_those_of_others(self, bench: Bench) -> None:
        since = bench.clock.now() - timedelta(minutes=1)
        kept, ours, theirs = self.deletable(bench, 3)
        self.trash(bench, ours)
        bench.control("delete", id=theirs)
        me, found = bench.adapter.whoami().user_id, self._deletions(bench, since)
        assert found.keys() == {ours, theirs}, f"{kept} is live"
        assert found[theirs].by != me
        if self.spec.capabilities.who_deleted.support is Support.FULL or found[ours].by is not None:
            assert (found[ours].by, found[ours].place) == (me, Place.IN_BIN)

    def test_only_the_contracts_that_were_asked_for_are_removed(self, bench: Bench) -> None:
        ids = self.deletable(bench, 5)
        asked, since = ids[1:4], bench.mark()
        self.trash(bench, *asked)
        assert bench.removed(since) == set(asked)
        assert set(bench.ids()).isdisjoint(asked)
        assert {ids[0], ids[4]} <= set(bench.ids())

    def test_removing_creates_and_edits_nothing(self, bench: Bench) -> None:
        record_id = self.deletable(bench, 1)[0]
        bench.adapter.whoami()
        since = bench.mark()
        self.trash(bench, record_id)
        assert bench.effects(since, "created", "updated", "restored", "purged", "attached") == []

    def test_one_answer_comes_for_every_contract_in_any_order_of_asking(self, bench: Bench) -> None:
        ids = list(reversed(self.deletable(bench, 4)))
        assert sorted(one.ref.id for one in self.trash(bench, *ids)) == sorted(ids)

    def test_a_whole_batch_goes_in_one_call_of_the_verb(self, bench: Bench) -> None:
        size = min(self.spec.limits.trash_batch, 20)
        ids = self.deletable(bench, size)
        self.trash(bench, *ids)
        assert set(bench.ids()).isdisjoint(ids)

    def test_removing_twice_is_never_done_twice(self, bench: Bench) -> None:
        record_id = self.deletable(bench, 1)[0]
        self.trash(bench, record_id)
        since = bench.mark()
        (answer,) = bench.adapter.remove(Step.TRASH, bench.refs(record_id), options=OPTIONS)
        assert answer.verdict in (Verdict.NOT_DONE, Verdict.UNKNOWN)
        assert bench.removed(since) == set()

    def test_an_absent_contract_is_never_reported_as_removed(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.trash)
        (answer,) = bench.adapter.remove(Step.TRASH, bench.refs(bench.absent_id()), options=OPTIONS)
        assert answer.verdict in (Verdict.NOT_DONE, Verdict.UNKNOWN)
        assert not answer.retry, "what is not there does not come by asking again"

    def test_a_locked_contract_is_not_removed_and_the_reason_is_said(self, bench: Bench) -> None:
        self._needs_lock()
        record_id = self.deletable(bench, 1)[0]
        bench.control("lock", id=record_id)
        since = bench.mark()
        (answer,) = bench.adapter.remove(Step.TRASH, bench.refs(record_id), options=OPTIONS)
        assert (answer.verdict, answer.reason, answer.halt) == (Verdict.NOT_DONE, "locked", False), answer
        assert answer.hint, "a person must know what to do about it"
        assert bench.removed(since) == set()

    def test_a_batch_with_one_locked_contract_is_answered_one_by_one(self, bench: Bench) -> None:
        self._needs_lock()
        ids = self.deletable(bench, 3)
        bench.control("lock", id=ids[1])
        since = bench.mark()
        answers = bench.adapter.remove(Step.TRASH, bench.refs(*ids), options=OPTIONS)
        verdicts = {one.ref.id: one.verdict for one in answers}
        assert verdicts == {ids[0]: Verdict.DONE, ids[1]: Verdict.NOT_DONE, ids[2]: Verdict.DONE}
        assert bench.removed(since) == {ids[0], ids[2]}

    def test_without_the_right_nothing_is_removed_and_it_is_said(self, bench: Bench) -> None:
        if self.take_right is None:
            pytest.skip("the emulator cannot take a right away")
        self.needs(self.spec.capabilities.trash)
        record_id = self.deletable(bench, 1)[0]
        command, arguments = self.take_right
        bench.control(command, **arguments)
        since = bench.mark()
        answers: list[RemoveResult] = []
        hint = "none needed"
        try:
            answers += bench.adapter.remove(Step.TRASH, bench.refs(record_id), options=OPTIONS)
        except PermissionDeniedError as refused:
            hint = refused.hint
        assert hint
        assert [(one.verdict, one.reason) for one in answers] in ([], [(Verdict.NOT_DONE, "permission")]), answers
        assert bench.removed(since) == set()

    def test_purging_takes_a_contract_out_of_the_bin(self, bench: Bench) -> None:
        record_id = self.deletable(bench, 1)[0]
        self.vanish(bench, record_id)
        assert bench.where_is(record_id).place in ABSENT

    def test_purging_touches_only_what_was_asked_for(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.purge)
        first, second = self.deletable(bench, 2)
        if self.spec.capabilities.trash.support is not Support.ABSENT:
            self.trash(bench, first, second)
        bench.adapter.remove(Step.PURGE, bench.refs(first), options=OPTIONS)
        assert bench.control("record", id=second)["place"] != "gone"

    def test_purging_a_live_contract_where_there_is_a_bin_is_not_done(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.trash)
        self.needs(self.spec.capabilities.purge)
        record_id = self.deletable(bench, 1)[0]
        (answer,) = bench.adapter.remove(Step.PURGE, bench.refs(record_id), options=OPTIONS)
        assert answer.verdict in (Verdict.NOT_DONE, Verdict.UNKNOWN), answer
        assert record_id in bench.ids()

    def test_a_step_that_the_crm_does_not_have_is_never_done(self, bench: Bench) -> None:
        absent = [step for step in Step if self.spec.capabilities.support(step).support is Support.ABSENT]
        if not absent:
            pytest.skip("this CRM has both steps")
        record_id, since = self.deletable(bench, 1)[0], bench.mark()
        for step in absent:
            try:
                answers = bench.adapter.remove(step, bench.refs(record_id), options=OPTIONS)
            except CrmBridgeError:
                continue
            assert Verdict.DONE not in [one.verdict for one in answers]
        assert bench.removed(since) == set()

    def test_automations_stay_off_where_the_crm_allows_it(self, bench: Bench) -> None:
        if self.spec.capabilities.automations_off.support is Support.ABSENT:
            pytest.skip("automations cannot be switched off here")
        record_id, since = self.deletable(bench, 1)[0], bench.mark()
        self.trash(bench, record_id)
        assert bench.effects(since, "workflow") == []

    def test_expired_tokens_are_renewed_in_the_middle_of_removing(self, bench: Bench) -> None:
        if self.expire_tokens is None:
            pytest.skip("this CRM has no tokens that expire")
        first, second = self.deletable(bench, 2)
        self.trash(bench, first)
        command, arguments = self.expire_tokens
        bench.control(command, **arguments)
        answers = self._twice_if_signed_out(bench, second)
        assert [one.verdict for one in answers] == [Verdict.DONE]

    def test_deleted_and_restored_by_others_is_live_again(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.trash)
        record_id = self.deletable(bench, 1)[0]
        self.trash(bench, record_id)
        bench.control("restore", id=record_id)
        assert bench.where_is(record_id).place is Place.LIVE

    def test_a_quick_look_never_says_gone_for_a_live_record(self, bench: Bench) -> None:
        kept, gone = self.deletable(bench, 2)
        self.trash(bench, gone)
        places = bench.adapter.locate(bench.refs(kept, gone), look=LookDepth.LIVE).places
        assert places[kept].place is Place.LIVE
        assert places[gone].place is not Place.LIVE

    def _twice_if_signed_out(self, bench: Bench, record_id: str) -> list[RemoveResult]:
        """Send once more where the CRM refused the old token: a destructive request is never repeated by itself."""
        answers = list(bench.adapter.remove(Step.TRASH, bench.refs(record_id), options=OPTIONS))
        if answers[0].verdict is Verdict.NOT_DONE and answers[0].retry:
            answers = list(bench.adapter.remove(Step.TRASH, bench.refs(record_id), options=OPTIONS))
        return answers

    def _deletions(self, bench: Bench, since: datetime) -> dict[str, Whereabouts]:
        """Read the whole list of deletions; the case is left out where the CRM has none."""
        found: dict[str, Whereabouts] = {}
        try:
            for page in bench.adapter.find(Query(deleted_since=since)).pages:
                assert page.deleted is not None, "an adapter that lists no deletions raises NotAvailableError"
                assert page.contracts == (), "a list of deletions gives no contracts"
                found |= {one.ref.id: one for one in page.deleted}
        except NotAvailableError as told:
            pytest.skip(told.message)
        return found

    def _needs_lock(self) -> None:
        self.needs(self.spec.capabilities.trash)
        if not self.can_lock:
            pytest.skip("this CRM has no locks")


def _later(bench: Bench) -> datetime:
    return bench.clock.now() + timedelta(minutes=1)
