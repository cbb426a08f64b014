"""Progress on a terminal: something at once, totals, and how long it will take."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.cli.terminal.progress import Bars
from tests.journeys.conftest import served


class Terminal(io.StringIO):
    """A terminal of 100 columns that keeps what was drawn."""

    def isatty(self) -> bool:
        """Say yes."""
        return True

    def drawn(self) -> str:
        """Return what stands there without colours and cursor movements."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())


class Seconds:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    return Terminal()


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def bars(terminal: Terminal, clock: Seconds) -> Iterator[Bars]:
    bars = Bars(terminal, clock)
    yield bars
    bars.clear()


def test_a_stage_is_drawn_at_its_first_word(bars: Bars, terminal: Terminal) -> None:
    bars.update("sign in", 0, None)
    assert "asking the CRM" in terminal.drawn()


def test_the_time_that_is_left_follows_from_the_pace(bars: Bars, terminal: Terminal, clock: Seconds) -> None:
    for done in range(0, 401, 100):
        clock.now = done / 10
        bars.update("backup", done, 1000)
    bars.update("verify", 0, 10)  # a new stage is drawn at once, and the others with it
    (last, *_more) = [line for line in terminal.drawn().splitlines() if "400/1000" in line]
    assert "0:00:40 left: 0:01:00" in last


def test_a_stage_without_a_total_is_over_when_the_next_one_begins(bars: Bars, terminal: Terminal) -> None:
    bars.update("sign in", 0, None)
    bars.update("find", 10, 20)
    bars.update("backup", 1, 20)
    last = terminal.drawn().rpartition("finding")[2]
    assert "backing up" in last
    assert "asking the CRM" not in last


def test_every_stage_of_a_journey_says_how_far_it_is_of_what(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    def tell(stage: str, done: int, total: int | None) -> None:
        told.append((stage, done, total))

    with (
        served(tmp_path / "home", count=40) as house,
        Bridge.open(house.home, clock=house.clock, environ={}, progress=tell) as bridge,
    ):
        crm = bridge.connect("zoho-sandbox")
        plan = crm.plan("everything", max_contracts=50)
        assert told[0] == ("sign in", 0, None)
        run = crm.apply(plan, confirm=plan.digest)
        crm.restore(run.id)
    last = {stage: (done, total) for stage, done, total in told}
    assert {stage: last[stage] for stage in ("backup", "delete", "verify", "restore")} == {
        "backup": (40, 40),
        "delete": (40, 40),
        "verify": (35, 35),
        "restore": (40, 40),
    }
