"""Both CRMs with a policy of the test's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from tests.journeys.conftest import House, Tenant, served

RELEASE = "[policy.retention.sandbox]"


class Ruled:
    """A served sandbox whose policy is written anew for every bridge that is opened."""

    def __init__(self, house: House, name: str, stack: ExitStack) -> None:
        """`name` is the adapter."""
        self.house = house
        self.name = name
        self.added: Counter[tuple[str, str]] = Counter()
        """What was added to contracts so far, by id and kind."""
        self._stack = stack
        self._path = house.home / "config.toml"
        self._plain = self._path.read_text().replace("[policy.retention.sandbox]\n", "").split("releases =")
        tail = self._plain[1].split("\n", 1)[1] if len(self._plain) > 1 else ""
        self._plain_text = self._plain[0] + tail

    def assume(self, line: str) -> None:
        """Set an assumption of the connection from the next bridge on."""
        head = f"[connections.{self.name}-sandbox]\n"
        self._plain_text = self._plain_text.replace(head, f"{head}assumptions.{line}\n")

    def under(self, policy: str, *, release: bool = True) -> Tenant:
        """Return the CRM as a new process sees it, under this `[policy]`."""
        rule = (
            f'\n{RELEASE}\nreleases = ["payment", "order", "invoice", "envelope", "signed_copy"]\n' if release else ""
        )
        self._path.write_text(f"{self._plain_text}\n[policy]\n{policy}\n{rule}")
        bridge = self._stack.enter_context(Bridge.open(self.house.home, clock=self.house.clock, environ={}))
        emulator = self.house.running.servers[self.name].exchange.emulator
        return Tenant(bridge.connect(f"{self.name}-sandbox"), emulator)


@pytest.fixture(params=["zoho", "fxiaoke"])
def ruled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ruled]:
    """One CRM after the other, with thirty contracts."""
    with ExitStack() as stack:
        yield Ruled(stack.enter_context(served(tmp_path / "home", count=30)), request.param, stack)
