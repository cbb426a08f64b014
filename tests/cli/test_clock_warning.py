"""A clock that is far from the CRM's is pointed out once, and changes nothing."""

from __future__ import annotations

import pytest

from crm_bridge.sandbox.serve import Sandbox
from tests.cli.conftest import Shell

pytestmark = pytest.mark.timing


@pytest.mark.parametrize(
    ("offset", "says"),
    [("900", "15 min ahead of that of"), ("-900", "15 min behind that of"), ("240", ""), ("-240", "")],
)
def test_more_than_five_minutes_are_told_once(
    shell: Shell, name: str, monkeypatch: pytest.MonkeyPatch, offset: str, says: str
) -> None:
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", offset)
    said = shell("find", name, "--json")
    assert said.code == 0
    assert len(said.lines()) == 40
    assert said.err == (f"warning: the clock of this machine is {says} {name}\n" if says else "")


def test_doctor_says_it_in_its_own_words_only(shell: Shell, running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", "900")
    said = shell("doctor", "zoho-sandbox")
    assert " s away from the CRM's clock" in said.out
    assert "min ahead" not in said.out + said.err
