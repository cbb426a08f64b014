"""Fixtures: one rig per adapter for the whole module, with the calls that its journeys make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.faults.matrix import Call, calls_of
from tests.faults.rig import Rig

ADAPTERS = ("fxiaoke", "zoho")


@dataclass(frozen=True)
class Known:
    """A rig and the calls of its journeys, in a fixed order."""

    rig: Rig
    calls: Sequence[Call]


@pytest.fixture(scope="session")
def known() -> Iterator[Mapping[str, Known]]:
    made = {}
    for name in ADAPTERS:
        rig = Rig(name)
        made[name] = Known(rig, sorted(calls_of(rig)))
    yield made
    for one in made.values():
        one.rig.close()
