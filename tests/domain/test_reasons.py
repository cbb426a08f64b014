"""Reasons: one table, words in both languages, and no word beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge import errors
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.lifecycle import Event, EventKind, Outcome
from crm_bridge.domain.reasons import CAUSES_OF_ABSENCE, Halts, Helper, Reason
from crm_bridge.domain.snapshot import Unavailable
from crm_bridge.errors import CrmBridgeError
from crm_bridge.exit_codes import OF_OUTCOME, ExitCode, weightiest
from crm_bridge.i18n import active_language, in_language, use_language
from crm_bridge.spi.adapter import Place, RemoveResult, Restored, Verdict, Whereabouts, unseen
from crm_bridge.transport.failures import _TEXTS

ROOT = Path(__file__).parents[2]
REF = ContractRef("Contracts", "1")


@pytest.fixture
def chinese() -> Iterator[None]:
    """A reader of Chinese."""
    before = active_language()
    use_language("zh")
    yield
    use_language(before)


def errors_below(kind: type[CrmBridgeError]) -> Iterator[type[CrmBridgeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from errors_below(below)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_in_both_languages(reason: Reason, chinese: None) -> None:
    english = in_language("en", reason.meaning)
    assert len(english) > 7
    assert reason.words != english
    assert re.search("[\u4e00-\u9fff]", reason.words)


@pytest.mark.parametrize("helper", [one for one in Helper if one])
def test_every_role_that_can_help_has_words_in_both_languages(helper: Helper, chinese: None) -> None:
    assert re.search("[\u4e00-\u9fff]", helper.words)


def test_a_reason_is_its_word_and_its_name() -> None:
    assert {reason.value for reason in Reason} == {reason.name.lower() for reason in Reason}
    assert [Reason.of_word(reason.value) for reason in Reason] == list(Reason)


@pytest.mark.parametrize("word", ["lokced", "locked", "", "malformed_syntax"])
def test_a_word_that_is_no_reason_is_refused_wherever_a_contract_gets_one(word: str) -> None:
    with pytest.raises(TypeError, match="is not a Reason"):
        RemoveResult(REF, Verdict.NOT_DONE, reason=word)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not a Reason"):
        Restored(REF, Verdict.NOT_DONE, reason=word)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not a Reason"):
        Unavailable(REF, word, "")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not a Reason"):
        Event(EventKind.HELD, reason=word)  # type: ignore[arg-type]


def test_an_unknown_word_means_nothing() -> None:
    assert [Reason.of_word(word) for word in ("lokced", "", None, 3)] == [None] * 4


@pytest.mark.parametrize("kind", list(dict.fromkeys(errors_below(CrmBridgeError))))
def test_every_error_has_a_reason_for_a_row(kind: type[CrmBridgeError]) -> None:
    error = CrmBridgeError.__new__(kind)
    error.reason = "a word for programs"
    assert isinstance(Reason.of(error), Reason)


def test_an_error_keeps_its_own_reason_on_a_row() -> None:
    assert Reason.of(errors.NotSentError("", reason="dns")) is Reason.DNS
    assert Reason.of(errors.MalformedAnswerError("", reason="syntax")) is Reason.MALFORMED


def test_whatever_fails_on_the_way_to_a_crm_is_a_reason() -> None:
    assert set(_TEXTS) - {reason.value for reason in Reason} == set()


def test_what_holds_a_contract_is_never_worth_less_than_3() -> None:
    assert {reason.rule.exit_code for reason in Reason if reason.rule.holds} == {ExitCode.HELD}


def test_a_reason_that_is_about_one_contract_stops_nothing() -> None:
    assert not Reason.LOCKED.halts(whole_call=True)
    assert not Reason.PERMISSION.halts(whole_call=False)
    assert Reason.PERMISSION.halts(whole_call=True)
    assert Reason.QUOTA.halts(whole_call=False)
    assert {reason for reason in Reason if reason.rule.halts is Halts.ALWAYS} == {
        Reason.CREDENTIALS,
        Reason.USER,
        Reason.TENANT_CHANGED,
        Reason.PATH,
        Reason.QUOTA,
    }


def test_hidden_and_unattributed_contracts_never_end_with_0() -> None:
    worth = {cause: cause.rule.exit_code for cause in CAUSES_OF_ABSENCE}
    assert (worth[Reason.NOT_VISIBLE], worth[Reason.GONE_UNATTRIBUTED]) == (ExitCode.HELD, ExitCode.IN_DOUBT)
    assert len(worth) == 7


def test_a_record_that_was_not_seen_has_the_reason_that_the_crm_gives() -> None:
    assert unseen(None) is Reason.UNREADABLE
    assert unseen(Whereabouts(REF, Place.NOT_VISIBLE)) is Reason.NOT_VISIBLE
    assert unseen(Whereabouts(REF, Place.UNREADABLE)) is Reason.UNREADABLE
    assert unseen(Whereabouts(REF, Place.GONE, reason=Reason.MERGED)) is Reason.MERGED


def test_every_outcome_has_an_exit_code() -> None:
    assert {outcome.value for outcome in Outcome} - set(OF_OUTCOME) == set()


def test_the_most_worrying_exit_code_decides() -> None:
    codes = [ExitCode.OK, ExitCode.HELD, ExitCode.INTERRUPTED, ExitCode.IN_DOUBT]
    assert [weightiest(codes[:size]) for size in range(len(codes) + 1)] == [ExitCode.OK, *codes]


def test_exit_codes_are_numbers_in_one_file_only() -> None:
    numbers = re.compile(r"(?:sys\.exit\(|exit_code = |exit_code=|\breturn )(?:[2-9]|1[0-5])\b")
    places = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in ("crm_bridge/cli", "crm_bridge/bridge", "crm_bridge/pipeline", "crm_bridge/errors.py")
        for path in ([ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py")))
        for line in path.read_text(encoding="utf-8").splitlines()
        if numbers.search(line)
    ]
    assert places == []
