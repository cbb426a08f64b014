"""Two state directories with one account: of a contract only one of them says that it removed it. Some of the races."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.two_homes import CRMS, forced


@pytest.mark.parametrize("before", [9, 13])
@pytest.mark.parametrize("crm", CRMS)
def test_a_contract_is_claimed_once(tmp_path: Path, crm: str, before: int) -> None:
    race = forced(crm, before, tmp_path)
    assert race.met
    assert race.good, race
    assert sum(race.claims.values()) == len(race.claims) == 7
