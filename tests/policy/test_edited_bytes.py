"""A slice of the sweep over edited bytes: of a plan, of a policy and of its hold list nothing edited is carried out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sweeps.policy_sweep import sweep


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_an_edited_byte_of_a_plan_or_a_policy_is_refused(adapter: str, tmp_path: Path) -> None:
    found = sweep(adapter, tmp_path / "home", every=211, dice=random.Random(7))
    assert found["plan"].keys() == {"refused"}
    assert found["hold list"].keys() == {"refused"}
    assert found["policy"].keys() <= {"refused", "as it was"}
    assert found["policy"]["refused"] > found["policy"].get("as it was", 0)
