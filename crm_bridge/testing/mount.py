"""Emulators within reach of a test: in memory on `responses`, or behind a real port on loopback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.sandbox.faults import SOCKET_KINDS, FaultPlan, FaultRule
from crm_bridge.sandbox.serving.dispatch import Dispatcher
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge.spi.emulator import Emulator, WireRequest

if TYPE_CHECKING:
    import requests

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Mounted:
    """An emulator in memory. Every call goes through here and is counted; `inject` spoils some of them."""

    def __init__(self, emulator: Emulator) -> None:
        """Answer for this emulator."""
        self.emulator = emulator
        self.faults = FaultPlan()
        self.requests: list[WireRequest] = []
        self._exchange = Dispatcher(emulator, self.faults)

    @property
    def calls(self) -> int:
        """Return how many requests came so far."""
        return len(self.requests)

    def paths(self) -> list[str]:
        """Return method and path of every request so far."""
        return [f"{request.method} {request.path}" for request in self.requests]

    def inject(self, *rules: FaultRule) -> None:
        """Replace the fault plan. Raises UsageError for kinds that only a real connection can show."""
        if unfit := sorted({rule.kind for rule in rules} & SOCKET_KINDS):
            raise UsageError(
                _("{kinds} need a real connection").format(kinds=", ".join(unfit)),
                hint=_("use `serving` instead of `mounted`"),
            )
        self.faults.replace(rules)

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        """Answer one prepared request, as `responses` wants it; a lost answer raises as requests would."""
        import requests

        wire = wire_of(request)
        self.requests.append(wire)
        found = self._exchange.deliver(wire)
        if found.response is None:
            raise requests.ConnectionError("the connection was lost")
        return found.response.status, dict(found.response.headers), found.response.body


@contextmanager
def mounted(*emulators: Emulator) -> Iterator[Mounted]:
    """Mount emulators in memory on `responses`: whatever is asked under their addresses, they answer; nobody else.

    Yields the first one; `all_mounted` yields every one. Needs the package `responses`.
    """
    with all_mounted(emulators) as found:
        yield found[0]


@contextmanager
def all_mounted(emulators: Sequence[Emulator]) -> Iterator[list[Mounted]]:
    """Mount several emulators in memory; see `mounted`."""
    try:
        import responses
    except ImportError:
        raise UsageError(
            _("mounting an emulator in memory needs the package {name}").format(name="responses"),
            hint=_("install it, or use `serving`, which needs nothing"),
        ) from None
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        found = []
        for emulator in emulators:
            one = Mounted(emulator)
            address = re.compile(re.escape(emulator.base_url.rstrip("/")) + r"([/?].*)?$")
            for verb in VERBS:
                mock.add_callback(verb, address, callback=one.answer, content_type=None)
            found.append(one)
        yield found


@contextmanager
def serving(make: Callable[[str], Emulator], *, port: int = 0) -> Iterator[SandboxServer]:
    """Serve an emulator on loopback while the block runs; `make` gets the address that it will have."""
    server = SandboxServer(port)
    try:
        server.mount(make(server.base_url))
        server.start()
        yield server
    finally:
        server.close()


def sent_bytes(request: requests.PreparedRequest) -> bytes:
    """Return the whole body that a request would send; multipart bodies are written out part by part."""
    body = request.body
    if isinstance(body, str):
        return body.encode()
    if body is None or isinstance(body, bytes):
        return body or b""
    assert isinstance(body, Iterable)  # our transport streams parts, never file objects
    return b"".join(part.encode() if isinstance(part, str) else part for part in body)


def wire_of(request: requests.PreparedRequest) -> WireRequest:
    """Return what an emulator gets to see of a request, its path decoded as a server does it."""
    parts = urlsplit(request.url or "")
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    return WireRequest(request.method or "GET", unquote(parts.path) or "/", parts.query, headers, sent_bytes(request))
