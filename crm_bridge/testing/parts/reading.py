"""The part of the exam about reading: who is signed in, what is found, and what a snapshot holds."""

from __future__ import annotations

import json

import pytest

from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.domain.filters.tree import Compare, FieldRef, Op
from crm_bridge.domain.planning.paper import leaves_of
from crm_bridge.domain.records.related_items import differing, record_differs
from crm_bridge.domain.snapshot import PartKind, Snapshot, Unavailable
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.spi.adapter import LookDepth, Place, Query
from crm_bridge.testing.bench import Bench
from crm_bridge.testing.copies import saved_fields
from crm_bridge.testing.exam import Exam


class ReadingExam(Exam):
    """whoami, find, snapshot, and locate of live records. Nothing here may change the CRM."""

    def test_whoami_says_who_where_and_what_may_be_done(self, bench: Bench) -> None:
        profile = bench.adapter.whoami()
        told = (profile.user_id, profile.user_name, profile.org_id, profile.org_name, profile.module)
        assert all(told), profile
        assert set(profile.may) == set(Step)

    def test_whoami_knows_the_fields_and_which_of_them_mean_what(self, bench: Bench) -> None:
        meanings = {one.meaning for one in bench.adapter.whoami().fields}
        assert {"number", "status", "amount"} <= meanings

    def test_whoami_signs_in_once(self, bench: Bench) -> None:
        first = bench.adapter.whoami()
        with bench.counting() as counted:
            assert bench.adapter.whoami() == first
        assert counted.count == 0

    def test_everything_is_found_exactly_once(self, bench: Bench) -> None:
        contracts, _complete = bench.listing()
        assert sorted(one.id for one in contracts) == sorted(bench.ids())

    def test_a_whole_listing_proves_that_it_is_whole(self, bench: Bench) -> None:
        contracts, complete = bench.listing()
        assert complete is not None, "the last page must carry `completeness`"
        assert (complete.proven, complete.seen) == (True, len(contracts)), complete

    def test_what_hangs_on_contracts_is_counted_or_named(self, bench: Bench) -> None:
        ids, profile = bench.ids()[:3], bench.adapter.whoami()
        if not any(one.kind in ("detail", "note", "attachment") for one in profile.relations):
            pytest.skip("nothing hangs on contracts here")
        pages = list(bench.adapter.find(Query(leaves_of=tuple(ids))).pages)
        told = pages[-1].completeness
        assert told is not None
        assert not any(page.contracts for page in pages), "a count has no contracts"
        saved = sum(leaves_of(bench.snapshot(one), profile.relations) for one in ids)
        assert (told.expected or 0) <= saved
        assert told.uncounted or told.expected == saved, "what is not counted is named in `uncounted`"

    def test_ids_are_text(self, bench: Bench) -> None:
        for contract in bench.listing()[0]:
            assert isinstance(contract.ref.id, str)
            assert contract.ref.module == bench.module

    def test_contracts_have_what_people_know_them_by(self, bench: Bench) -> None:
        contracts = bench.listing()[0]
        for name in ("number", "status", "amount", "customer", "start", "end", "owner", "created", "modified"):
            assert any(getattr(one, name) is not None for one in contracts), f"no contract has a {name}"

    def test_times_are_aware(self, bench: Bench) -> None:
        for contract in bench.listing()[0]:
            times = [moment for moment in (contract.created, contract.modified) if moment]
            assert all(moment.utcoffset() is not None for moment in times)

    def test_vendor_fields_are_kept_raw(self, bench: Bench) -> None:
        assert all(one.raw for one in bench.listing()[0])

    def test_contracts_are_found_by_id(self, bench: Bench) -> None:
        wanted = bench.ids()[1:4]
        assert sorted(one.id for one in bench.listing(ids=tuple(wanted))[0]) == sorted(wanted)

    def test_an_id_that_does_not_exist_is_not_found_and_is_no_error(self, bench: Bench) -> None:
        wanted = (bench.ids()[0], bench.absent_id())
        assert [one.id for one in bench.listing(ids=wanted)[0]] == [wanted[0]]

    def test_words_find_at_least_the_contract_with_that_number(self, bench: Bench) -> None:
        contract = bench.listing()[0][0]
        assert contract.number
        assert contract.id in {one.id for one in bench.listing(words=contract.number)[0]}

    def test_a_field_that_does_not_exist_is_refused_before_the_first_page(self, bench: Bench) -> None:
        where = Compare(FieldRef("No_Such_Field_Here", vendor=True), Op.EQ, "x")
        with pytest.raises(UsageError):
            bench.adapter.find(Query(where=where))

    def test_a_deleted_contract_is_not_found(self, bench: Bench) -> None:
        gone, *rest = bench.ids()
        bench.control("delete", id=gone)
        assert sorted(one.id for one in bench.listing()[0]) == sorted(rest)

    def test_find_locate_and_snapshot_agree_on_the_digest(self, bench: Bench) -> None:
        ids = bench.ids()[:5]
        found = {one.id: one.digest for one in bench.listing()[0] if one.id in ids}
        places = bench.adapter.locate(bench.refs(*ids), look=LookDepth.LIVE).places
        saved = {
            one.ref.id: one.digest for one in bench.adapter.snapshot(bench.refs(*ids)) if isinstance(one, Snapshot)
        }
        assert {one: where.digest for one, where in places.items()} == found
        assert saved == found

    def test_an_edit_by_somebody_else_changes_the_digest_everywhere(self, bench: Bench) -> None:
        record_id = self.deletable(bench, 1)[0]
        before = bench.contract(record_id).digest
        self.edit(bench, record_id)
        after = bench.contract(record_id).digest
        assert after != before
        assert (bench.where_is(record_id, look=LookDepth.LIVE).digest, bench.snapshot(record_id).digest) == (
            after,
            after,
        )

    def test_the_digest_stays_while_nobody_edits(self, bench: Bench) -> None:
        first = {one.id: one.digest for one in bench.listing()[0]}
        bench.clock.advance(90)
        assert {one.id: one.digest for one in bench.listing()[0]} == first

    def test_a_snapshot_keeps_every_field_that_has_a_value(self, bench: Bench) -> None:
        known = {one.name for one in bench.adapter.whoami().fields}
        for record_id in bench.ids()[:3]:
            stored = bench.control("record", id=record_id)["record"]
            filled = {name for name, value in stored.items() if name in known and value not in (None, "", [], {})}
            saved = saved_fields(bench.snapshot(record_id))
            assert sorted(filled - set(saved)) == []

    def test_a_snapshot_holds_at_least_what_the_listing_showed(self, bench: Bench) -> None:
        contract = bench.listing()[0][0]
        saved = saved_fields(bench.snapshot(contract.id))
        assert sorted(set(contract.raw) - set(saved)) == []

    def test_snapshots_come_with_the_bytes_of_their_attachments(self, bench: Bench) -> None:
        files = [file for record_id in bench.ids()[:7] for file in bench.snapshot(record_id).attachments]
        assert files, "the emulator seeds attachments, none was found"
        assert all(file.size and file.name and file.id for file in files)

    def test_snapshots_hold_the_lines_of_a_contract(self, bench: Bench) -> None:
        # A CRM gives them as rows of their own, or inside the record under the name of the relation.
        names = [one.name for one in bench.adapter.whoami().relations if one.kind == PartKind.DETAIL]
        copies = [bench.snapshot(record_id) for record_id in bench.ids()[:3]]
        apart = any(part.kind is PartKind.DETAIL for copy in copies for part in copy.parts)
        inside = any(json.loads(copy.record).get(name) for copy in copies for name in names)
        assert apart or inside, "no detail rows in any snapshot"

    def test_what_is_added_to_a_contract_shows_in_its_next_copy(self, bench: Bench) -> None:
        content = bench.adapter.whoami().content
        for record_id, what in zip(bench.ids()[3:], self.late, strict=False):
            before, again = bench.snapshot(record_id), bench.snapshot(record_id)
            assert (again.digest, differing(before, again, content)) == (before.digest, ()), "nothing was added"
            bench.control("add", id=record_id, what=what, text="77001")
            after = bench.snapshot(record_id)
            assert after.digest != before.digest or differing(before, after, content), f"a late {what} goes unnoticed"

    def test_what_is_added_to_a_contract_in_the_bin_shows_where_the_crm_shows_it(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.shows_bin)
        content = bench.adapter.whoami().content
        record_id = self.deletable(bench, 1)[0]
        before = bench.snapshot(record_id)
        self.trash(bench, record_id)
        (there,) = bench.adapter.snapshot(bench.refs(record_id), final=True)
        assert isinstance(there, Snapshot)
        assert differing(before, there, content) == (), "what the removal itself sets is no difference"
        assert not record_differs(before, there, content)
        bench.control("add", id=record_id, what=self.late[-1], text="77001")
        (there,) = bench.adapter.snapshot(bench.refs(record_id), final=True)
        assert isinstance(there, Snapshot)
        assert differing(before, there, content)

    def test_one_result_comes_for_every_contract_of_a_snapshot(self, bench: Bench) -> None:
        ids = bench.ids()[:6]
        assert sorted(one.ref.id for one in bench.adapter.snapshot(bench.refs(*ids))) == sorted(ids)

    def test_no_snapshot_is_made_up_of_a_contract_that_is_not_there(self, bench: Bench) -> None:
        (found,) = bench.adapter.snapshot(bench.refs(bench.absent_id()))
        assert isinstance(found, Unavailable)

    def test_every_id_that_was_looked_for_has_a_place(self, bench: Bench) -> None:
        ids = [*bench.ids()[:3], bench.absent_id()]
        places = bench.adapter.locate(bench.refs(*ids), look=LookDepth.EVERYWHERE).places
        assert sorted(places) == sorted(ids)
        assert [places[one].place for one in ids[:3]] == [Place.LIVE] * 3

    def test_an_absent_record_is_absent_and_no_error(self, bench: Bench) -> None:
        assert bench.where_is(bench.absent_id()).place in (Place.GONE, Place.NOT_VISIBLE)

    def test_a_hidden_record_is_never_taken_for_ours_or_live(self, bench: Bench) -> None:
        if self.hide is None:
            pytest.skip("this CRM cannot hide a record from a user")
        record_id = bench.ids()[0]
        bench.control(self.hide, id=record_id)
        assert bench.where_is(record_id).place in (Place.GONE, Place.NOT_VISIBLE)

    def test_reading_changes_nothing(self, bench: Bench) -> None:
        since = bench.mark()
        bench.listing()
        bench.snapshot(bench.ids()[0])
        bench.where_is(bench.ids()[0])
        assert bench.effects(since) == []

    def test_expired_tokens_are_renewed_in_the_middle_of_reading(self, bench: Bench) -> None:
        if self.expire_tokens is None:
            pytest.skip("this CRM has no tokens that expire")
        pages = iter(bench.adapter.find(Query(ids=tuple(bench.ids()))).pages)
        command, arguments = self.expire_tokens
        bench.control(command, **arguments)
        assert sorted(one.id for page in pages for one in page.contracts) == sorted(bench.ids())

    def test_who_may_not_delete_is_said_beforehand_or_not_known(self, bench: Bench) -> None:
        if self.take_right is None:
            pytest.skip("the emulator cannot take a right away")
        command, arguments = self.take_right
        bench.control(command, **arguments)
        try:
            may = bench.adapter.whoami().may[Step.TRASH]
        except CrmBridgeError:
            return
        assert may is not Support.FULL
