"""The part of the exam about what is not there: deletions are listed, nobody is blamed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_bridge.domain.absence import NOT_THERE
from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.spi.adapter import LookDepth, Place, Verdict
from crm_bridge.testing.bench import Bench
from crm_bridge.testing.exam import OPTIONS, Exam

MINUTES = timedelta(minutes=2)


class AbsenceExam(Exam):
    """locate, and the answers to removals, where a contract is not there or not any more."""

    def test_a_hidden_contract_is_never_listed_as_deleted(self, bench: Bench) -> None:
        if self.hide is None:
            pytest.skip("this CRM cannot hide a record from a user")
        record_id = self.deletable(bench, 1)[0]
        bench.control(self.hide, id=record_id)
        found = bench.where_is(record_id)
        assert found.place in ((Place.NOT_VISIBLE,) if self.tells_hidden else (Place.GONE, Place.NOT_VISIBLE))
        assert (found.listed, found.by) == (False, None), "nobody deleted it"
        (copy,) = bench.adapter.snapshot(bench.refs(record_id))
        assert not isinstance(copy, Snapshot)

    def test_a_hidden_contract_that_is_shown_again_is_live(self, bench: Bench) -> None:
        if self.hide is None or self.show is None:
            pytest.skip("the emulator cannot hide a record and show it again")
        record_id = self.deletable(bench, 1)[0]
        bench.control(self.hide, id=record_id)
        bench.where_is(record_id)
        command, arguments = self.show
        bench.control(command, id=record_id, **arguments)
        assert bench.where_is(record_id).place is Place.LIVE

    def test_a_merged_contract_is_merged_or_unexplained_and_never_deleted(self, bench: Bench) -> None:
        if self.merge is None:
            pytest.skip("this CRM merges no contracts")
        kept, merged = self.deletable(bench, 2)
        bench.control(self.merge, id=merged, into=kept)
        found = bench.where_is(merged)
        told = found.reason is Reason.MERGED and found.into in ("", kept)
        assert told or (not found.listed and found.by is None), found
        (answer,) = bench.adapter.remove(Step.TRASH, bench.refs(merged), options=OPTIONS)
        assert answer.verdict is not Verdict.DONE
        assert answer.reason in NOT_THERE, "an answer that says `not there` has one of the reasons for it"

    def test_a_contract_that_others_deleted_is_answered_with_not_there(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.trash)
        record_id = self.deletable(bench, 1)[0]
        bench.control("delete", id=record_id)
        (answer,) = bench.adapter.remove(Step.TRASH, bench.refs(record_id), options=OPTIONS)
        assert (answer.verdict, answer.reason in NOT_THERE) == (Verdict.UNKNOWN, True), answer

    def test_another_user_is_never_taken_for_ours(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.trash)
        record_id = self.deletable(bench, 1)[0]
        bench.control("delete", id=record_id)
        assert bench.where_is(record_id).by != bench.adapter.whoami().user_id

    @pytest.mark.parametrize("hours", [-2, -1, 1, 2])
    def test_a_wrong_clock_of_the_crm_moves_no_deletion(self, bench: Bench, hours: int) -> None:
        if self.skew is None:
            pytest.skip("the clock of this emulator cannot be set")
        bench.control(self.skew, seconds=3600 * hours)
        record_id, before = self.deletable(bench, 1)[0], bench.clock.now()
        self.trash(bench, record_id)
        found = bench.where_is(record_id)
        assert found.place is Place.IN_BIN
        if found.at is not None:
            assert before - MINUTES <= found.at <= bench.clock.now() + MINUTES, "times are told by our clock"
        if self.spec.capabilities.who_deleted.support is Support.FULL:
            assert found.by == bench.adapter.whoami().user_id

    def test_what_was_deleted_since_a_moment_is_found_by_a_wrong_clock_too(self, bench: Bench) -> None:
        if self.skew is None:
            pytest.skip("the clock of this emulator cannot be set")
        bench.control(self.skew, seconds=-3600)
        since = bench.clock.now() - timedelta(minutes=1)
        record_id = self.deletable(bench, 1)[0]
        self.trash(bench, record_id)
        observation = bench.adapter.locate(bench.refs(record_id), look=LookDepth.EVERYWHERE, since=since)
        assert observation.places[record_id].place is Place.IN_BIN

    def test_a_request_that_acts_late_is_seen_when_it_did(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.trash)
        rehearsed, target = self.deletable(bench, 2)
        line = bench.rehearse(lambda one: self.trash(bench, one), rehearsed, "trashed", "purged")
        match = Match(method=line.method, path=line.path.replace(rehearsed, target))
        bench.server.inject(FaultRule("late", match, {"seconds": 60.0}))
        try:
            answers = bench.adapter.remove(Step.TRASH, bench.refs(target), options=OPTIONS)
        except Exception:  # noqa: BLE001 - how a lost answer is told is asked elsewhere
            answers = []
        assert Verdict.DONE not in [one.verdict for one in answers]
        assert bench.where_is(target).place is Place.LIVE
        bench.clock.advance(61)
        assert bench.where_is(target).place is not Place.LIVE

    def test_a_control_record_was_read_in_the_same_look(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.trash)
        gone, kept, *others = bench.ids()
        self.trash(bench, gone)
        for _look in range(2):  # whatever was remembered of the first look must not count in the second
            observation = bench.adapter.locate(bench.refs(gone), look=LookDepth.EVERYWHERE)
            assert observation.control in bench.ids()
            for one in others:
                bench.control("delete", id=one)
            others = []
        assert observation.control == kept
        bench.control(self.hide or "delete", id=kept)
        assert bench.adapter.locate(bench.refs(gone), look=LookDepth.EVERYWHERE).control is None

    def test_in_an_empty_module_only_a_list_proves_a_deletion(self, bench: Bench) -> None:
        every = bench.ids()
        for one in every:
            bench.control("delete", id=one)
        observation = bench.adapter.locate(bench.refs(*every), look=LookDepth.EVERYWHERE)
        assert observation.control is None, "no contract outside the selection is left"
        gone = [seen for seen in observation.places.values() if seen.place in (Place.GONE, Place.IN_BIN)]
        assert all(seen.listed for seen in gone) or observation.stand_in is not None
