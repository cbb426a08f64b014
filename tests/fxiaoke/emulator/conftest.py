"""A small tenant and callers of both generations."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def emulator(clock: ManualClock) -> FxiaokeEmulator:
    """A tenant with 60 contracts."""
    return FxiaokeEmulator("http://fx.test", clock=clock, count=60)


@pytest.fixture
def old(emulator: FxiaokeEmulator) -> Probe:
    """A caller with corpAccessToken in the body."""
    return Probe(emulator).sign_in()


@pytest.fixture
def new(emulator: FxiaokeEmulator) -> Probe:
    """A caller with headers."""
    return Probe(emulator, "new").sign_in()


@pytest.fixture
def custom(emulator: FxiaokeEmulator) -> Probe:
    """A caller who works on the tenant's own contract object."""
    return Probe(emulator, object_name="object_9Kx2p__c").sign_in()


@pytest.fixture
def ids(emulator: FxiaokeEmulator) -> list[str]:
    """The ids of the live contracts, in order."""
    return list(emulator.control("contracts", {})["ids"])


@pytest.fixture
def switch(emulator: FxiaokeEmulator) -> Callable[..., None]:
    """Move switches by name."""

    def move(**values: object) -> None:
        for name, value in values.items():
            answer = emulator.control("switch", {"name": name, "value": value})
            assert "error" not in answer, answer

    return move
