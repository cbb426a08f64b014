"""Services that take messages, on this machine: a real mail server and real HTTP receivers, each with its moods."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from crm_bridge.bridge import Bridge
from crm_bridge.domain.contract import Contract
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.cli.conftest import Shell, shell

__all__ = ["shell"]


@dataclass(frozen=True)
class Removed:
    """A run that is over: its id, the contracts that it removed, and an owner of some of them."""

    run: str
    contracts: tuple[Contract, ...]

    @property
    def owner(self) -> str:
        return str(self.contracts[0].owner)


@pytest.fixture(scope="session")
def over(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Removed]:
    """A state directory with one run in it. Its CRM is not there any more: to tell people, nothing is asked."""
    home = tmp_path_factory.mktemp("over") / "home"
    with sandbox(SandboxOptions(home=home, count=12, only=("zoho",))), Bridge.open(home) as bridge:
        crm = bridge.connect("zoho-sandbox")
        chosen = tuple(crm.find("everything", limit=6))
        run = crm.apply(crm.plan(contracts=chosen, reason="imported twice"), confirm=lambda plan: plan.digest)
    return home, Removed(run.id, chosen)


@pytest.fixture
def run(shell: Shell, over: tuple[Path, Removed]) -> Removed:
    """The run, in a copy of its state directory."""
    shutil.copytree(over[0], shell.home)
    return over[1]


class OnFreePort(Controller):
    """A controller that connects, to see whether it listens, to the port that it was given."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class MailServer:
    """An SMTP server that keeps what it takes. `mood`: take, refuse, drop (takes, and ends the line), greylist."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.mood = "take"
        self._controller = OnFreePort(self, hostname="127.0.0.1", port=0)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.mood == "greylist":
            return "450 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        if self.mood == "refuse":
            return "554 no"
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        (address,) = envelope.rcpt_tos
        self.taken.append((address, message))
        if self.mood == "drop":
            server.transport.abort()
        return "250 taken"

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def to(self, address: str) -> list[EmailMessage]:
        return [message for one, message in self.taken if one == address]

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@dataclass(frozen=True)
class Got:
    """One request that a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """An HTTP service that keeps what it gets. `answer` makes status and body; None ends the line without one."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], tuple[int, bytes] | None] = lambda _got: (200, b'{"errcode":0,"errmsg":"ok"}')


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            kept.got.append(got)
            answer = kept.answer(got)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/robot/send?access_token=t0kent0kent0ken"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def configure(home: Path, text: str, **secrets: dict[str, str]) -> None:
    """Add tables to the configuration, and secrets of channels to the secrets file."""
    with (home / "config.toml").open("a", encoding="utf-8") as config:
        config.write("\n" + text)
    with (home / "secrets.toml").open("a", encoding="utf-8") as file:
        for channel, items in secrets.items():
            file.write(f'\n[connections."notify.{channel}"]\n')
            file.writelines(f"{name} = {json.dumps(value)}\n" for name, value in items.items())


def mail_channel(port: int, *, more: str = "") -> str:
    return f"""
[notify.channels.mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "crm@example.com"
to = ["finance@example.com"]
{more}
"""


def chat_channel(kind: str, *, language: str = "en") -> str:
    return f'[notify.channels.ops]\nkind = "{kind}"\nlanguage = "{language}"\n'
