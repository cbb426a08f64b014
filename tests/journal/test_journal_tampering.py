"""Slices of `sweeps/tamper_sweep.py`: both verifiers find what the matrix says, agree, and never cry wolf."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_bridge.errors import JournalError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.pin import Pin
from crm_bridge.journal.storage import database
from tests.journal.file_attacks import STATEMENTS, damaged_files, tamper
from tests.journal.forgery import forgeries
from tests.journal.history_attacks import envelope_flips, history_attacks, receipt_flips
from tests.journal.lab import Case, Corpus, make_corpus
from tests.journal.line_attacks import flips, line_attacks
from tests.journal.odd_values import odd_cases
from tests.journal.untouched import untouched_cases
from tests.journal.verdicts import judge_all

Flips = Callable[..., Iterator[Case]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


def assert_all_caught(cases: Iterator[Case], folder: Path, *, at_least: int) -> None:
    tally = judge_all(cases, folder)
    assert (tally.wrong, tally.split) == ([], [])
    assert tally.cases >= at_least


def test_the_corpus_has_a_hundred_entries(corpus: Corpus) -> None:
    assert corpus.good.pin is not None
    assert corpus.good.pin.size == 100


def test_attacks_on_histories_and_evidence_come_out_as_the_matrix_says(corpus: Corpus, tmp_path: Path) -> None:
    assert_all_caught(history_attacks(corpus, tmp_path), tmp_path, at_least=36)


def test_forgeries_come_out_as_the_matrix_says(tmp_path: Path) -> None:
    assert_all_caught(forgeries(), tmp_path, at_least=40)


def test_both_verifiers_read_odd_values_alike(tmp_path: Path) -> None:
    assert_all_caught(odd_cases(random.Random(5), 600), tmp_path, at_least=600)


def test_attacks_on_lines_come_out_as_the_matrix_says(corpus: Corpus, tmp_path: Path) -> None:
    # 23 shares no factor with the pattern in which the attacks come, so that every kind has its turn.
    assert_all_caught(itertools.islice(line_attacks(corpus), 0, None, 23), tmp_path, at_least=55)


@pytest.mark.parametrize(
    ("attack", "every", "at_least"), [(flips, 797, 90), (receipt_flips, 61, 20), (envelope_flips, 97, 20)]
)
def test_a_flipped_bit_is_found(corpus: Corpus, tmp_path: Path, attack: Flips, every: int, at_least: int) -> None:
    assert_all_caught(attack(corpus, random.Random(11), every=every), tmp_path, at_least=at_least)


def test_untouched_journals_raise_no_alarm(tmp_path: Path) -> None:
    assert_all_caught(untouched_cases(tmp_path, 25), tmp_path, at_least=25)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_file_changed_through_sql_is_noticed(corpus: Corpus, tmp_path: Path, name: str) -> None:
    lab = corpus.lab.copy(tmp_path / "lab")
    with lab.open() as journal:
        pin = Pin(journal.head().size, journal.head().root)
    assert check_journal(lab.home, vkeys=corpus.good.keys, pin=pin).exit_code == 0
    tamper(lab.home / database.FILE_NAME, STATEMENTS[name])
    assert check_journal(lab.home, vkeys=corpus.good.keys, pin=pin).exit_code in (10, 11, 13, 14)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_on_a_journal_that_does_not_check_nothing_is_written(corpus: Corpus, tmp_path: Path, name: str) -> None:
    lab = corpus.lab.copy(tmp_path / "lab")
    tamper(lab.home / database.FILE_NAME, STATEMENTS[name])
    try:
        with lab.open() as journal:
            journal.append([NewEntry("note")])
    except JournalError:
        return
    # The index of names decides nothing: a line is looked at again wherever it leads.
    assert name.startswith("name in the index") or name == "tree node added" or name == "lines added beyond the end"


def test_a_damaged_byte_of_the_file_is_noticed_or_is_in_nobodys_data(corpus: Corpus, tmp_path: Path) -> None:
    caught, harmless, wrong = damaged_files(corpus, tmp_path, random.Random(3), 150)
    assert wrong == []
    assert caught > harmless


def test_the_pin_of_another_journal_is_a_contradiction(corpus: Corpus) -> None:
    assert corpus.good.pin is not None
    pin = Pin(corpus.good.pin.size, corpus.good.pin.root, "00000000-0000-4000-8000-000000000000")
    assert check_journal(corpus.lab.home, vkeys=corpus.good.keys, pin=pin).exit_code == 12
