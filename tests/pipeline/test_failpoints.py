"""Failpoints: one before and one after every durable or remote step, all listed, none forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crm_bridge import failpoints
from crm_bridge.errors import UsageError
from crm_bridge.transport import Purpose

CORE = Path(__file__).resolve().parents[2] / "crm_bridge"


def used() -> set[str]:
    """Return every failpoint that the sources pass, `NAME` standing for steps whose name is a value."""
    found: set[str] = set()
    for path in CORE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= {f"{name}.{side}" for name in re.findall(r"failpoints\.step\(\"([\w.]+)\"\)", text) for side in SIDES}
        found |= set(re.findall(r"failpoints\.hit\(\"([\w.]+)\"\)", text))
        found |= {f"{name}.{side}" for name in re.findall(r"\._?write\(\s*\"([\w.]+)\"", text) for side in SIDES}
    # Calls are named after their purpose, where the transport sends them.
    return found | {f"call.{purpose.value}.{side}" for purpose in Purpose for side in SIDES}


SIDES = ("before", "after")


def test_every_failpoint_of_the_sources_is_listed_and_the_other_way_round() -> None:
    assert used() == set(failpoints.names())


@pytest.mark.parametrize("setting", ["nothing", "remove.before", "remove.before:1:explode", "nowhere.before:1:kill"])
def test_a_setting_that_means_nothing_is_refused(setting: str) -> None:
    with pytest.raises(UsageError):
        failpoints.arm(setting)
    failpoints.arm(None)


def test_a_failpoint_acts_at_the_count_that_was_named() -> None:
    failpoints.arm("gate.before:3:raise")
    try:
        failpoints.hit("gate.before")
        failpoints.hit("gate.after")
        failpoints.hit("gate.before")
        with pytest.raises(failpoints.FailpointError):
            failpoints.hit("gate.before")
        failpoints.hit("gate.before")
    finally:
        failpoints.arm(None)
