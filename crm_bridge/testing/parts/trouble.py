"""The part of the exam about trouble: lost and malformed answers are never "done", never "absent", never leaks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.errors import AnswerLostError, CrmBridgeError
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.spi.adapter import LookDepth, Place, Query, RemoveResult, Verdict
from crm_bridge.testing.bench import Bench
from crm_bridge.testing.exam import OPTIONS, Exam

LOST = ("drop_after", "drop_before", "eof", "cut", "wrong_length")
MALFORMED = ("malformed", "empty", "html", "content_type", "deep_json", "oversize", "maintenance")
REFUSED = ("server_error", "redirect")
ABSENT = (Place.GONE, Place.IN_BIN, Place.NOT_VISIBLE)


class TroubleExam(Exam):
    """The faults of the sandbox on the destructive request, and on reading."""

    @pytest.mark.parametrize("kind", LOST)
    def test_a_lost_answer_to_a_delete_is_said_and_never_taken_for_done(self, bench: Bench, kind: str) -> None:
        target = self._spoiled_delete(bench, kind)
        answers, raised = self._remove(bench, target)
        assert raised is None or isinstance(raised, AnswerLostError), raised
        assert [one.verdict for one in answers] in ([], [Verdict.UNKNOWN]), answers

    @pytest.mark.parametrize("kind", MALFORMED)
    def test_a_malformed_answer_to_a_delete_is_never_taken_for_done(self, bench: Bench, kind: str) -> None:
        target = self._spoiled_delete(bench, kind)
        answers, raised = self._remove(bench, target)
        assert raised is None or isinstance(raised, AnswerLostError), raised
        assert [one.verdict for one in answers] in ([], [Verdict.UNKNOWN]), answers

    def test_an_id_that_the_answer_to_a_delete_leaves_out_is_never_taken_for_done(self, bench: Bench) -> None:
        target = self._spoiled_delete(bench, "missing_ids")
        answers, raised = self._remove(bench, target)
        assert raised is None or isinstance(raised, AnswerLostError), raised
        (fault,) = bench.server.exchange.traffic.faults()
        # A CRM that answers without naming ids cannot leave one out: its whole answer is about the one that was sent.
        told = [] if fault["changed"] else [Verdict.DONE]
        assert [one.verdict for one in answers] in ([], [Verdict.UNKNOWN], told), answers

    @pytest.mark.parametrize("kind", REFUSED)
    def test_a_failure_after_a_delete_was_done_is_not_taken_for_refused(self, bench: Bench, kind: str) -> None:
        target = self._spoiled_delete(bench, kind, act=True)
        answers, raised = self._remove(bench, target)
        assert raised is None or isinstance(raised, AnswerLostError), raised
        assert [one.verdict for one in answers] in ([], [Verdict.UNKNOWN]), answers

    def test_an_empty_success_is_never_taken_for_done(self, bench: Bench) -> None:
        target = self._spoiled_delete(bench, "answer", json={})
        answers, _raised = self._remove(bench, target)
        assert Verdict.DONE not in [one.verdict for one in answers]

    def test_a_delete_is_sent_once_whatever_becomes_of_it(self, bench: Bench) -> None:
        target = self._spoiled_delete(bench, "drop_after", count=None)
        self._remove(bench, target)
        faults = [one for one in bench.server.exchange.traffic.faults() if one["kind"] == "drop_after"]
        assert len(faults) == 1

    def test_where_a_contract_is_after_a_lost_answer_can_be_looked_up(self, bench: Bench) -> None:
        target = self._spoiled_delete(bench, "drop_after")
        self._remove(bench, target)
        assert bench.where_is(target).place in ABSENT

    @pytest.mark.parametrize("kind", [*MALFORMED, *REFUSED, "drop_before", "cut", "answer"])
    def test_an_answer_that_cannot_be_trusted_never_makes_a_record_absent(self, bench: Bench, kind: str) -> None:
        record_id = bench.ids()[0]
        bench.where_is(record_id)
        bench.server.inject(FaultRule(kind, Match(count=None), {"json": {}} if kind == "answer" else {}))
        try:
            observation = bench.adapter.locate(bench.refs(record_id), look=LookDepth.EVERYWHERE)
        except CrmBridgeError as raised:
            self._keeps_secrets(bench, raised)
            return
        assert observation.places[record_id].place not in ABSENT or observation.control is None

    @pytest.mark.parametrize(
        "kind",
        ["malformed", "empty", "html", "cut", "answer", "drop_before", "missing_ids", "doubled_row", "duplicate_ids"],
    )
    def test_a_listing_that_broke_is_never_taken_for_whole(self, bench: Bench, kind: str) -> None:
        bench.adapter.whoami()
        bench.listing(ids=tuple(bench.ids()[:1]))
        bench.server.inject(FaultRule(kind, Match(count=None), {"json": {}} if kind == "answer" else {}))
        try:
            contracts, complete = bench.listing()
        except CrmBridgeError as raised:
            self._keeps_secrets(bench, raised)
            return
        told = sorted(one.id for one in contracts)
        assert complete is None or not complete.proven or told == sorted(bench.ids())

    @pytest.mark.parametrize("kind", ["unauthorized", "forbidden", "server_error", "too_many", "html", "drop_before"])
    def test_a_failed_sign_in_is_one_of_our_errors_and_keeps_the_secrets(self, bench: Bench, kind: str) -> None:
        bench.server.inject(FaultRule(kind, Match(count=None)))
        with pytest.raises(CrmBridgeError) as raised:
            bench.adapter.whoami()
        self._keeps_secrets(bench, raised.value)

    def test_a_wrong_secret_is_an_error_that_says_what_to_do(self, bench: Bench) -> None:
        if self.revoke is None:
            pytest.skip("the emulator cannot revoke the sign-in")
        command, arguments = self.revoke
        bench.control(command, **arguments)
        with pytest.raises(CrmBridgeError) as raised:
            bench.adapter.whoami()
        assert raised.value.hint
        self._keeps_secrets(bench, raised.value)

    def test_a_token_that_is_refused_again_and_again_stops_the_run(self, bench: Bench) -> None:
        target = self._spoiled_delete(bench, "unauthorized", count=None)
        for _attempt in range(3):  # a first refusal may be a token that has just expired
            try:
                (answer,) = bench.adapter.remove(Step.TRASH, bench.refs(target), options=OPTIONS)
            except CrmBridgeError as raised:
                self._keeps_secrets(bench, raised)
                return
        assert answer.verdict is not Verdict.DONE, answer
        assert answer.halt or answer.verdict is Verdict.UNKNOWN, "every other contract would meet it too"

    def test_what_stops_a_run_is_said_and_no_more_of_the_batch_is_sent(self, bench: Bench) -> None:
        self.needs(self.spec.capabilities.trash)
        if self.halting is None:
            pytest.skip("the emulator cannot refuse every deletion for such a reason")
        most, since = self.spec.limits.calls_in_flight, bench.mark()
        ids = self.deletable(bench, most + 8)
        bench.adapter.whoami()
        command, arguments = self.halting
        bench.control(command, **arguments)
        answers: Sequence[RemoveResult] = []
        raised = False
        with bench.counting() as counted:
            try:
                answers = bench.adapter.remove(Step.TRASH, bench.refs(*ids), options=OPTIONS)
            except CrmBridgeError:
                raised = True
        assert raised or any(one.halt for one in answers), "every other contract would meet it too"
        assert counted.count <= most + 2, "what was not in flight is not sent any more"
        assert not any(one.verdict is Verdict.DONE for one in answers)
        assert bench.removed(since) == set()

    def test_a_redirect_is_never_followed(self, bench: Bench) -> None:
        bench.adapter.whoami()
        target = f"{bench.server.base_url}/elsewhere"
        bench.server.inject(FaultRule("redirect", Match(count=None), {"location": target}))
        with pytest.raises(CrmBridgeError):
            list(bench.adapter.find(Query(ids=tuple(bench.ids()[:1]))).pages)
        assert "/elsewhere" not in bench.server.exchange.traffic.stats()["by_path"]

    def test_a_busy_crm_is_asked_again_for_a_reading(self, bench: Bench) -> None:
        bench.adapter.whoami()
        bench.server.inject(FaultRule("server_error", arguments={"status": 503}))
        assert bench.listing(ids=tuple(bench.ids()[:1]))[0]

    def test_call_records_keep_the_secrets(self, bench: Bench) -> None:
        bench.listing()
        assert bench.records, "an adapter reports its calls through Tools.on_call"
        for secret in bench.secrets():
            assert all(secret not in repr(record) for record in bench.records)

    def _spoiled_delete(self, bench: Bench, kind: str, count: int | None = 1, **arguments: object) -> str:
        """Learn on one contract which request deletes, and let the same request for another one go wrong."""
        self.needs(self.spec.capabilities.trash)
        rehearsed, target = self.deletable(bench, 2)
        line = bench.rehearse(lambda one: self.trash(bench, one), rehearsed, "trashed", "purged")
        path = line.path.replace(rehearsed, target)
        bench.server.inject(FaultRule(kind, Match(method=line.method, path=path, count=count), arguments))
        return target

    def _remove(self, bench: Bench, target: str) -> tuple[Sequence[RemoveResult], CrmBridgeError | None]:
        try:
            answers = bench.adapter.remove(Step.TRASH, bench.refs(target), options=OPTIONS)
            raised = None
        except CrmBridgeError as error:
            answers, raised = [], error
            self._keeps_secrets(bench, error)
        assert bench.server.faults.met() > (0,), "the fault was not met: the request went another way"
        bench.server.inject()
        return answers, raised

    def _keeps_secrets(self, bench: Bench, raised: BaseException) -> None:
        """Look for secrets in everything that an error carries along."""
        seen: BaseException | None = raised
        while seen is not None:
            told = " ".join([str(seen), repr(seen), repr(vars(seen))])
            assert [name for name in bench.secrets() if name in told] == []
            seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
