"""A very small CRM for the tests of the sandbox: it echoes, and removes what it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from crm_bridge.domain.capabilities import Capabilities, Fact, Limits, Support
from crm_bridge.errors import UsageError
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge.spi.adapter import Adapter
from crm_bridge.spi.emulator import Effect, LedgerEntry, LoadedContract, WireRequest, WireResponse
from crm_bridge.spi.spec import AdapterContext, AdapterSpec


class EchoCrm:
    """Answers `GET /items` with ids, `DELETE /items/<id>` by removing one, everything else with what it was sent."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.items = ["1", "2", "3"]
        self.turnstile: threading.Barrier | None = None
        self._lines: list[LedgerEntry] = []

    def handle(self, request: WireRequest) -> WireResponse:
        if self.turnstile:
            self.turnstile.wait(10)
        effects: tuple[Effect, ...] = ()
        answer = WireResponse.of_json(
            {
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "size": len(request.body),
                "said": request.headers.get("x-said", ""),
            }
        )
        if request.method == "DELETE":
            gone = request.path.rpartition("/")[2]
            self.items.remove(gone)
            effects = (Effect("trashed", "items", gone, "me"),)
            answer = WireResponse(204, (("Content-Type", "text/plain"),), b"not for the wire")
        elif request.path == "/items":
            answer = WireResponse.of_json({"total": 3, "items": [{"id": i, "amount": "1.10"} for i in self.items]})
        line = LedgerEntry(
            len(self._lines) + 1, "", request.method, request.path, request.query, answer.status, "", effects
        )
        self._lines.append(line)
        return answer

    def ledger(self) -> Sequence[LedgerEntry]:
        return tuple(self._lines)

    def ready(self) -> Mapping[str, str]:
        return {"base_url": self.base_url, "key": "k-1"}

    def connection(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        return {"adapter": "echo", "base_url": self.base_url}, {"key": 'k-1"\\\n钥匙'}

    def load(self, contracts: Sequence[LoadedContract], extra_columns: Sequence[str]) -> Sequence[str]:
        self.items = [contract.text("number") for contract in contracts]
        return ()

    def control(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if command == "contracts":
            return {"ids": self.items}
        return {"error": f"no {command} with {json.dumps(dict(arguments))}"}


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A running server with the echo CRM."""
    server = SandboxServer()
    server.mount(EchoCrm(server.base_url))
    with server:
        yield server


@pytest.fixture
def crm(server: SandboxServer) -> EchoCrm:
    """The CRM behind the server."""
    found = server.exchange.emulator
    assert isinstance(found, EchoCrm)
    return found


@pytest.fixture
def echo_spec() -> Callable[[str], AdapterSpec]:
    """Make specs whose emulator is the echo CRM; nothing connects to it."""

    def make(name: str) -> AdapterSpec:
        fact = Fact(Support.ABSENT, "echo")
        return AdapterSpec(
            name=name,
            title=name,
            about="",
            capabilities=Capabilities(fact, fact, fact, fact, fact, fact, fact, {}),
            limits=Limits(1, 1, 1, 1, 1, 1, None, 1, "echo"),
            errors=(),
            settings=lambda: BaseModel,
            secrets=(),
            origins=lambda _settings: (),
            connect=_no_connection,
            emulator=lambda url, _clock, _seed, _count: EchoCrm(url),
        )

    return make


def _no_connection(_settings: BaseModel, _adapter_context: AdapterContext) -> Adapter:
    raise UsageError("the echo CRM is never connected to")
