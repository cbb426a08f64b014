"""A plan file is opened once: later passes yield what was checked, and everything that a plan says is in its digest."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import pytest

from crm_bridge import spool
from crm_bridge.domain.planning.approval import ApprovalRule
from crm_bridge.domain.planning.cost import Pace, Prediction
from crm_bridge.domain.planning.plan_notes import Absent, Along, InModule, PlanNotes, Stage
from crm_bridge.domain.planning.policy import Caps
from crm_bridge.domain.planning.safety import Refusal
from crm_bridge.domain.planning.xray import Unlike
from crm_bridge.errors import ConfirmationError, UsageError
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.planning.plan_file import open_plan
from tests.pipeline.conftest import NOTES, digest_of_plan, head, target, write_plan

OTHER = PlanNotes(
    locked=2,
    in_approval=2,
    missing=("1",),
    absent=(Absent("1", "by_another_run", "when"),),
    duplicates=2,
    warnings=("w",),
    in_process=2,
    read_only=2,
    predicted=Prediction(9, 9),
    credits_left=9,
    pace=Pace(9, 9, 9),
    refusals=(Refusal("max_contracts", 9, 8),),
    unreadable=("row 3",),
    undecided=2,
    policy="f" * 64,
    caps=Caps(max_contracts=9, max_amount=(("CNY", Decimal("9.50")),)),
    raised=("max_contracts=9",),
    protected=("HT-9 (9): hold_list: audit",),
    protected_count=9,
    stages=(Stage(5, "CNY 9"),),
    released=("ten-years: order",),
    noise=("Tag",),
    approvals=(ApprovalRule(needed=2),),
    along=Along(9, ("Notes",), at_most=True),
    unlike=(Unlike("rare", 9),),
    in_module=(InModule("rare", "CNY", 9),),
    acknowledged=("rare",),
    dropped=("HT-9",),
    dropped_count=9,
    at_once=3,
)


@pytest.mark.parametrize("name", [field.name for field in fields(PlanNotes)])
def test_everything_that_was_noticed_is_in_the_digest_and_comes_back(name: str) -> None:
    changed = replace(NOTES, **{name: getattr(OTHER, name)})
    assert changed != NOTES, "give the new field another value above"
    assert digest_of_plan(head(), [target(0)], changed) != digest_of_plan(head(), [target(0)], NOTES)
    assert PlanNotes.from_json(changed.as_json()) == changed


@pytest.mark.parametrize("memory", [1, 8 * 1024 * 1024])
@pytest.mark.parametrize("change", ["cut", "exchange", "double", "empty", "gone"])
def test_what_happens_to_the_file_later_changes_nothing(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, change: str, memory: int
) -> None:
    monkeypatch.setattr(spool, "_IN_MEMORY", memory)
    path = tmp_path / "p.plan"
    write_plan(path, journal, 4)
    read = open_plan(path, journal=journal)
    lines = path.read_bytes().splitlines(keepends=True)
    again = {
        "cut": [*lines[:2], *lines[-2:]],
        "exchange": [lines[0], lines[1].replace(b'"digest":"0', b'"digest":"f'), *lines[2:]],
        "double": [*lines[:2], lines[1], *lines[2:]],
        "empty": [],
    }
    path.unlink() if change == "gone" else path.write_bytes(b"".join(again[change]))
    assert list(read.targets()) == [target(0), target(1), target(2), target(3)]
    if change != "gone":
        with pytest.raises(ConfirmationError):
            open_plan(path, journal=journal)


def test_two_passes_at_once_do_not_disturb_each_other(tmp_path: Path, journal: Journal) -> None:
    write_plan(tmp_path / "p.plan", journal, 3)
    read = open_plan(tmp_path / "p.plan", journal=journal)
    pairs = [(one, list(read.targets())) for one in read.targets()]
    assert [one for one, _all in pairs] == [target(0), target(1), target(2)]
    assert all(each == [target(0), target(1), target(2)] for _one, each in pairs)


def test_the_kept_copy_is_what_was_read_and_is_whole(tmp_path: Path, journal: Journal) -> None:
    plans, path = tmp_path / "plans", tmp_path / "p.plan"
    plans.mkdir(mode=0o700)
    plan = write_plan(path, journal, 3)
    read = open_plan(path, journal=journal)
    content = path.read_bytes()
    path.write_bytes(b"")
    kept = read.shelve(plans)
    assert kept.path.read_bytes() == content
    assert kept.plan == plan
    kept.path.write_bytes(content[:-300])
    with pytest.raises(ConfirmationError):
        read.shelve(plans)


def test_another_plan_under_the_name_of_this_one_is_refused(tmp_path: Path, journal: Journal) -> None:
    first, second = write_plan(tmp_path / "a.plan", journal, 2), write_plan(tmp_path / "b.plan", journal, 3)
    assert open_plan(tmp_path / "a.plan", journal=journal, digest=first.digest).plan == first
    with pytest.raises(ConfirmationError) as caught:
        open_plan(tmp_path / "a.plan", journal=journal, digest=second.digest)
    assert caught.value.reason == "plan_altered"


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path, journal: Journal) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero"), tmp_path, tmp_path / "none", Path("a\0b")):
        with pytest.raises(UsageError):
            open_plan(path, journal=journal)


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
@pytest.mark.parametrize("place", [0, 1, -2, -1])
def test_deep_nesting_is_an_altered_plan(tmp_path: Path, journal: Journal, depth: int, place: int) -> None:
    path = tmp_path / "p.plan"
    write_plan(path, journal, 2)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[place] = b'{"a":' * depth + b"1" + b"}" * depth + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises((ConfirmationError, UsageError)):
        open_plan(path, journal=journal)


def test_a_line_without_an_end_is_not_read_into_memory(tmp_path: Path, journal: Journal) -> None:
    path = tmp_path / "sparse.plan"
    with path.open("wb") as file:
        file.truncate(8 * 1024**3)
    with pytest.raises(ConfirmationError):
        open_plan(path, journal=journal)
