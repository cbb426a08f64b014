"""A signed-in client of the Zoho emulator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_zoho.emulator import ZohoEmulator

BASE = "http://127.0.0.1:8801"


@dataclass
class Reply:
    """An answer with its JSON read."""

    wire: WireResponse

    @property
    def status(self) -> int:
        return self.wire.status

    @property
    def json(self) -> Any:
        return json.loads(self.wire.body)

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.wire.headers)


@dataclass
class Client:
    """Sends requests as the API user."""

    emulator: ZohoEmulator
    clock: ManualClock
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def sign_in(self) -> Reply:
        ready = self.emulator.ready()
        form = {name: ready[name] for name in ("client_id", "client_secret", "refresh_token")}
        reply = self.send("POST", "/oauth/v2/token", body=urlencode(form | {"grant_type": "refresh_token"}).encode())
        self.token = reply.json.get("access_token", "")
        return reply

    def send(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        auth = {"authorization": f"Zoho-oauthtoken {self.token}"} if self.token else {}
        return Reply(self.emulator.handle(WireRequest(method, path, query, {**auth, **(headers or {})}, body)))

    def get(self, path: str, headers: Mapping[str, str] | None = None, **params: Any) -> Reply:
        return self.send("GET", f"/crm/v8{path}", urlencode(params), headers=headers)

    def delete(self, path: str, **params: Any) -> Reply:
        return self.send("DELETE", f"/crm/v8{path}", urlencode(params))

    def post(self, path: str, body: Any = None, **params: Any) -> Reply:
        data = b"" if body is None else json.dumps(body).encode()
        return self.send("POST", f"/crm/v8{path}", urlencode(params), data)

    def put(self, path: str, body: Any) -> Reply:
        return self.send("PUT", f"/crm/v8{path}", "", json.dumps(body).encode())

    def coql(self, query: str, **extra: Any) -> Reply:
        return self.post("/coql", {"select_query": query, **extra})

    def switch(self, name: str, value: Any) -> None:
        assert "error" not in self.emulator.control("switch", {"name": name, "value": value})

    def control(self, command: str, **arguments: Any) -> Mapping[str, Any]:
        return self.emulator.control(command, arguments)

    def contracts(self) -> list[str]:
        ids: list[str] = self.control("contracts")["ids"]
        return ids

    def effects(self) -> list[tuple[str, str]]:
        return [(effect.kind, effect.id) for effect in self.emulator.ledger()[-1].effects]


@pytest.fixture
def zoho() -> Client:
    """A small rich org, signed in."""
    clock = ManualClock()
    client = Client(ZohoEmulator(BASE, clock=clock, count=60), clock)
    client.sign_in()
    return client


@pytest.fixture
def plain() -> Client:
    """An org whose contracts need no call per record."""
    clock = ManualClock()
    client = Client(ZohoEmulator(BASE, clock=clock, count=1200, plain=True), clock)
    client.sign_in()
    return client
