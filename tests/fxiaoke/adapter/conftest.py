"""The adapter against the emulator, mounted in memory: every test speaks the vendor's wire."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import responses
from requests import PreparedRequest

from crm_bridge.clock import ManualClock
from crm_bridge.errors import CredentialStoreError
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.spi.spec import AdapterContext
from crm_bridge.testing.mount import wire_of
from crm_bridge.transport import Budget, Window
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator, Switches
from crm_bridge_fxiaoke.settings import FxiaokeSettings

BASE = "http://127.0.0.1:8802"
Intercept = Callable[[WireRequest], WireResponse | None]


@dataclass
class GivenSecrets:
    """Secrets of a test connection."""

    values: Mapping[str, str] = field(repr=False)

    def get(self, item: str) -> str | None:
        return self.values.get(item)

    def need(self, item: str) -> str:
        if item not in self.values:
            raise CredentialStoreError(f"no {item}")
        return self.values[item]


@dataclass
class Rig:
    """An emulator, and adapters connected to it."""

    emulator: FxiaokeEmulator
    clock: ManualClock
    folder: Path
    intercept: Intercept | None = None

    def connect(
        self, *, secrets: Mapping[str, str] | None = None, name: str = "test", **settings: object
    ) -> FxiaokeAdapter:
        found, known = self.emulator.connection()
        merged = {**{key: value for key, value in found.items() if key != "adapter"}, **settings}
        adapter_context = AdapterContext(
            connection=name,
            secrets=GivenSecrets(known if secrets is None else secrets),
            clock=self.clock,
            randomness=random.Random(1),
            state_dir=self.folder,
            budget=Budget(in_flight=10, destroy_in_flight=10, windows=(Window(100, 20.0),)),
        )
        return FxiaokeAdapter(FxiaokeSettings.model_validate(merged), adapter_context)

    def calls(self, ending: str = "") -> int:
        return sum(1 for line in self.emulator.ledger() if line.path.endswith(ending))

    def answer(self, request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        wire = wire_of(request)
        given = self.intercept(wire) if self.intercept else None
        response = given or self.emulator.handle(wire)
        return response.status, dict(response.headers), response.body


Mount = Callable[..., Rig]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Return what makes a rig: `mount(count=..., object_name=..., switches=...)`."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:

        def make(*, count: int = 30, object_name: str = "SaleContractObj", switches: Switches | None = None) -> Rig:
            clock = ManualClock()
            emulator = FxiaokeEmulator(BASE, clock=clock, count=count, object_name=object_name, switches=switches)
            rig = Rig(emulator, clock, folder)
            for method in (responses.POST, responses.GET):
                mock.add_callback(method, re.compile(f"{BASE}/.*"), callback=rig.answer)
            return rig

        yield make
