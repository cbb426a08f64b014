"""A Zoho emulator mounted behind the HTTP library, and an adapter that talks to it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from crm_bridge.clock import ManualClock
from crm_bridge.errors import CredentialStoreError
from crm_bridge.spi.emulator import LedgerEntry, WireRequest, WireResponse
from crm_bridge.spi.spec import AdapterContext
from crm_bridge.testing.mount import wire_of
from crm_bridge.transport import Budget
from crm_bridge_zoho import ADAPTER
from crm_bridge_zoho.adapter import ZohoAdapter
from crm_bridge_zoho.emulator import ZohoEmulator

BASE = "http://127.0.0.1:8801"
VERBS = (responses.GET, responses.POST, responses.PUT, responses.DELETE)


class Secrets:
    """Secrets in a dictionary."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = dict(known)

    def get(self, item: str) -> str | None:
        return self.known.get(item)

    def need(self, item: str) -> str:
        if item not in self.known:
            raise CredentialStoreError(f"no {item}")
        return self.known[item]


class Zoho:
    """An emulator, its clock, and adapters for it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.clock = ManualClock()
        self.emulator = ZohoEmulator(BASE, clock=self.clock, **options)
        self._folder = folder
        self.in_flight = 5
        self.intercept: Callable[[WireRequest], WireResponse | None] = lambda request: None
        """Answers instead of the emulator where it returns something."""

    def connect(self, folder: Path | None = None, **settings: Any) -> ZohoAdapter:
        given, secrets = self.emulator.connection()
        model = ADAPTER.settings()
        named = {key: value for key, value in given.items() if key != "adapter"}
        adapter_context = AdapterContext(
            connection="zoho-test",
            secrets=Secrets(secrets),
            clock=self.clock,
            randomness=random.Random(1),
            state_dir=folder or self._folder,
            budget=Budget(in_flight=self.in_flight),
        )
        adapter = ADAPTER.connect(model(**{**named, **settings}), adapter_context)
        assert isinstance(adapter, ZohoAdapter)
        return adapter

    def calls(self, start: int = 0) -> list[LedgerEntry]:
        return list(self.emulator.ledger())[start:]

    def control(self, command: str, **arguments: Any) -> Mapping[str, Any]:
        found = self.emulator.control(command, arguments)
        assert "error" not in found, found
        return found

    def ids(self) -> list[str]:
        return list(self.control("contracts")["ids"])

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        wire = wire_of(request)
        found = self.intercept(wire) or self.emulator.handle(wire)
        return found.status, dict(found.headers), found.body


@pytest.fixture
def make_zoho(tmp_path: Path) -> Iterator[Callable[..., Zoho]]:
    """Mount an emulator; it is the only thing that answers."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:

        def make(**options: Any) -> Zoho:
            made = Zoho(tmp_path / "state", **{"count": 60, **options})
            for verb in VERBS:
                mock.add_callback(
                    verb, re.compile(r"http://127\.0\.0\.1:8801/.*"), callback=made.answer, content_type=None
                )
            return made

        yield make


@pytest.fixture
def zoho(make_zoho: Callable[..., Zoho]) -> Zoho:
    """Return a full emulated org of 60 contracts."""
    return make_zoho()
