"""Plan files: a canonical line per contract, a digest over all of it, names only sealed, nothing altered unnoticed."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.errors import ConfirmationError, CrmBridgeError
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.planning.plan_file import open_plan
from crm_bridge.pipeline.planning.plan_writer import PlanWriter
from tests.pipeline.conftest import NOTES, digest_of_plan, head, target, write_plan


def test_what_was_written_is_what_is_read(tmp_path: Path, journal: Journal) -> None:
    plan = write_plan(tmp_path / "p.plan", journal, 3)
    read = open_plan(tmp_path / "p.plan", journal=journal)
    assert read.plan == plan
    assert list(read.targets()) == [target(0), target(1), target(2)]
    assert plan.digest == digest_of_plan(head(), [target(0), target(1), target(2)], NOTES)
    assert plan.phrase() == f"DELETE 3 a {plan.digest[:6]}"


def test_the_digest_is_of_the_content_and_not_of_the_file(tmp_path: Path, journal: Journal) -> None:
    first = write_plan(tmp_path / "a.plan", journal, 2)
    second = write_plan(tmp_path / "b.plan", journal, 2)
    assert first.digest == second.digest


@pytest.mark.parametrize("count", [0, 1, 3])
def test_other_contracts_have_another_digest(count: int) -> None:
    two = [target(0), target(1)]
    digest = digest_of_plan(head(), two, NOTES)
    assert digest_of_plan(head(), [target(number) for number in range(count)], NOTES) != digest
    assert digest_of_plan(head(), [target(1), target(0)], NOTES) != digest
    assert digest_of_plan(head("01OTHER"), two, NOTES) != digest


def test_names_and_amounts_stand_nowhere_in_clear(tmp_path: Path, journal: Journal) -> None:
    write_plan(tmp_path / "p.plan", journal, 3)
    text = (tmp_path / "p.plan").read_text(encoding="utf-8")
    assert all(word not in text for word in ("HT-1", "合同", "\\u5408", "Acme", "duplicate import"))
    assert (tmp_path / "p.plan").stat().st_mode & 0o777 == 0o600


def test_a_plan_that_was_not_finished_leaves_no_file(tmp_path: Path, journal: Journal) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    with pytest.raises(KeyError):
        _abandoned(folder / "p.plan", journal)
    assert list(folder.iterdir()) == []


def _abandoned(path: Path, journal: Journal) -> None:
    with PlanWriter(path, head(), journal=journal, randomness=random.Random(3)) as writer:
        writer.add(target(1))
        raise KeyError


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_bit_can_be_flipped(tmp_path: Path, journal: Journal, position: int, bit: int) -> None:
    path = tmp_path / "p.plan"
    if not path.exists():
        write_plan(path, journal, 3)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 1 << bit
    changed = tmp_path / "changed.plan"
    changed.write_bytes(bytes(data))
    with pytest.raises(CrmBridgeError):
        open_plan(changed, journal=journal)


def test_text_that_reads_as_the_same_value_is_altered_all_the_same(tmp_path: Path, journal: Journal) -> None:
    path = tmp_path / "p.plan"
    write_plan(path, journal, 3)
    text = path.read_text()
    time = re.search(r"\d{4}-\d\d-\d\dT", text)
    assert time
    path.write_text(text.replace(time[0], time[0].replace("T", "_")))
    with pytest.raises(ConfirmationError):
        open_plan(path, journal=journal)


@pytest.mark.parametrize("key", ["boot", "mono_ms", "made_at", "expires_at"])
def test_a_head_that_does_not_tell_its_time_on_both_clocks_is_no_head(
    tmp_path: Path, journal: Journal, key: str
) -> None:
    path = tmp_path / "p.plan"
    write_plan(path, journal, 1)
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    for changed in ({k: v for k, v in json.loads(first).items() if k != key}, {**json.loads(first), f"{key}_too": 1}):
        line = json.dumps(changed, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        path.write_text("\n".join([line, *rest, ""]), encoding="utf-8")
        with pytest.raises(ConfirmationError) as caught:
            open_plan(path, journal=journal)
        assert caught.value.reason == "plan_altered"


@pytest.mark.parametrize("change", ["drop", "double", "swap", "cut", "append", "merge"])
def test_no_line_can_be_moved(tmp_path: Path, journal: Journal, change: str) -> None:
    path = tmp_path / "p.plan"
    write_plan(path, journal, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    changed = {
        "drop": lines[:2] + lines[3:],
        "double": [*lines[:2], lines[1], *lines[2:]],
        "swap": [lines[0], lines[2], lines[1], *lines[3:]],
        "cut": lines[:-1],
        "append": [*lines, lines[1]],
        "merge": [b"".join(lines).replace(b"\n", b" ", 1)],
    }[change]
    path.write_bytes(b"".join(changed))
    with pytest.raises(ConfirmationError) as caught:
        open_plan(path, journal=journal)
    assert caught.value.reason == "plan_altered"


def test_a_line_of_another_plan_does_not_fit(tmp_path: Path, journal: Journal) -> None:
    write_plan(tmp_path / "a.plan", journal, 2)
    write_plan(tmp_path / "b.plan", journal, 3)
    mine = (tmp_path / "a.plan").read_bytes().splitlines(keepends=True)
    foot = json.loads((tmp_path / "b.plan").read_bytes().splitlines()[-1])
    spare = (tmp_path / "b.plan").read_bytes().splitlines(keepends=True)[3]
    forged = json.dumps({**foot, "count": 3}, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    (tmp_path / "a.plan").write_bytes(b"".join([*mine[:-2], spare.replace(b"2", b"3", 1), mine[-2], forged]))
    with pytest.raises(ConfirmationError):
        open_plan(tmp_path / "a.plan", journal=journal)


def test_writing_takes_no_more_memory_for_more_contracts(tmp_path: Path, journal: Journal) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            write_plan(tmp_path / f"{count}.plan", journal, count)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(4000) - peak(200) < 100_000
