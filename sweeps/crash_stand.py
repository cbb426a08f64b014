"""The stand-ins that the sweeps break deletions against: served by a process of their own, asked over HTTP."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm_bridge.sandbox.records import SeedContract, contracts
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, serve

SEED = 7


@dataclass
class Crm:
    """One served CRM: its connection, its address, and what its contracts are made from."""

    name: str
    url: str
    seeds: dict[str, SeedContract] = field(default_factory=dict)
    _seen: int = 0

    def control(self, command: str, **arguments: object) -> dict[str, Any]:
        """Act as somebody else at the CRM."""
        return self._ask("control", {"command": command, "arguments": arguments})

    def faults(self, rules: list[dict[str, object]]) -> None:
        """Let requests go wrong from now on, as the rules say."""
        self._ask("faults", rules)

    def met(self) -> list[dict[str, Any]]:
        """Return the faults that requests have met so far."""
        found: list[dict[str, Any]] = self._ask(f"ledger?after={self._seen}")["faults"]
        return found

    def ledger(self, after: int) -> list[dict[str, Any]]:
        """Return the requests after a sequence number."""
        entries: list[dict[str, Any]] = self._ask(f"ledger?after={after}")["entries"]
        self._seen = max([self._seen, *(line["seq"] for line in entries)])
        return entries

    def now(self) -> int:
        """Return the sequence number of the last request."""
        self.ledger(self._seen)
        return self._seen

    def _ask(self, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__sandbox__/{path}", data=data)
        with urllib.request.urlopen(request, timeout=60) as answer:
            value: dict[str, Any] = json.load(answer)
            return value


class Stand:
    """Both CRMs, served until `close`."""

    def __init__(self, home: Path, count: int, prepare: Callable[[Sandbox], None] = lambda _running: None) -> None:
        """Serve `count` contracts per CRM in a forked process; `home` becomes a ready state directory.

        `prepare` changes the stand-ins before anybody signs in.
        """
        self.home = home
        source, sink = os.pipe()
        parent, self._process = os.getpid(), os.fork()
        if self._process == 0:
            try:
                os.close(source)
                options = SandboxOptions(home=home, count=count, seed=SEED)
                serve(options, on_ready=lambda running: _begin(running, sink, parent, prepare))
            finally:
                os._exit(0)
        os.close(sink)
        with os.fdopen(source) as pipe:
            ready = json.loads(pipe.readline())
        self.secrets = sorted({value for block in ready.values() for name, value in block.items() if _is_secret(name)})
        self.crms = {name: Crm(f"{name}-sandbox", block["base_url"]) for name, block in ready.items()}
        self.crms["zoho"].control("switch", name="token_throttle", value=False)
        self.crms["fxiaoke"].control("switch", name="token_calls_per_minute", value=0)
        self.crms["fxiaoke"].control("switch", name="calls_per_window", value=0)
        seeds = contracts(count, SEED)
        for crm in self.crms.values():
            crm.seeds = dict(zip(crm.control("contracts")["ids"], seeds, strict=True))

    def close(self) -> None:
        """Stop serving."""
        os.kill(self._process, signal.SIGTERM)
        os.waitpid(self._process, 0)


def _begin(running: Sandbox, sink: int, parent: int, prepare: Callable[[Sandbox], None]) -> None:
    """Say that everything listens, and stop with the sweep, however that ends."""
    prepare(running)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        running.stop()

    threading.Thread(target=watch, daemon=True).start()
    os.write(sink, json.dumps(running.ready()).encode() + b"\n")
    os.close(sink)


def _is_secret(name: str) -> bool:
    return name in {"client_secret", "refresh_token", "app_secret", "permanent_code"}


def destructive(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the requests that mean to remove something, whatever became of them."""
    return [
        line
        for line in lines
        if line["method"] == "DELETE" or line["path"].endswith(("/invalid", "/delete", "/mass_delete"))
    ]


def in_vain(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return removals that changed nothing, and not because of an injected fault: what they were for was gone."""
    return [line for line in destructive(lines) if not line["effects"] and not line["code"].startswith("fault:")]
