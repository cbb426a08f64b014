"""Fixtures for the tests of somebody's own scripts. pytest loads them wherever crm_bridge is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:  # who tests something else should not wait for us
    from crm_bridge.testing.stand_in import Fault, StandIn


class MakeSandbox(Protocol):
    """Serves a stand-in of a CRM for one test."""

    def __call__(
        self,
        adapter: str,
        *,
        name: str = ...,
        count: int = ...,
        load: Path | None = ...,
        faults: Sequence[Fault] = ...,
        now: datetime | None = ...,
        impersonate: bool = ...,
    ) -> StandIn:
        """Return the stand-in of an installed adapter; see `crm_bridge.testing.stand_in.stand_in`."""
        ...


@pytest.fixture
def crm_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeSandbox]:
    """Serve stand-ins of CRMs: `crm_sandbox("zoho", count=20, faults=[...], now=...)`.

    `Bridge.open()` and `crm-bridge` find the state directory of the last one, and take its time for the time.
    """
    with ExitStack() as stack:

        def make(adapter: str, **wanted: object) -> StandIn:
            from crm_bridge.testing.stand_in import stand_in

            folder = tmp_path / f"crm-{adapter}"
            made = stack.enter_context(stand_in(adapter, folder, **wanted))  # type: ignore[arg-type]
            _enter(made, monkeypatch)
            return made

        yield make


def _enter(made: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead this process, and those that it starts, to a stand-in."""
    monkeypatch.setenv("CRM_BRIDGE_HOME", str(made.home))
    monkeypatch.setattr("crm_bridge.bridge.environment.clock_from", lambda _environ: made.clock)
    # Another process cannot share the clock: it begins at the same time, and goes on.
    offset = (made.clock.now() - datetime.now(UTC)).total_seconds()
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(offset))
    if made.running.proxy is not None:
        for variable, value in made.running.proxy.environment().items():
            monkeypatch.setenv(variable, value)
