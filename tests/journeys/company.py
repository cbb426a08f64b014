"""A company's network: the CRM's own host names, behind TLS of a private authority, reached only through a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from crm_bridge.clock import SystemClock
from crm_bridge.registry import load_adapter
from crm_bridge.sandbox.serving.impersonate import Authority
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge.spi.emulator import Emulator
from tests.transport.connect_proxy import ConnectProxy, proxy_to


@dataclass(frozen=True)
class Company:
    """The way to one CRM."""

    emulator: Emulator
    proxy: ConnectProxy
    authority: Path


@contextmanager
def company(adapter: str, hosts: tuple[str, ...], folder: Path, *, user: str, count: int = 30) -> Iterator[Company]:
    """Serve a CRM for `hosts`, the last of which is the one that its API names; nothing else resolves them."""
    clock, spec = SystemClock(), load_adapter(adapter)
    authority = Authority()
    file = folder / "company-ca.pem"
    from cryptography.hazmat.primitives.serialization import Encoding

    file.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    emulator = spec.emulator(f"https://{hosts[-1]}", clock, 7, count)
    servers = [SandboxServer() for _host in hosts]
    try:
        for host, server in zip(hosts, servers, strict=True):
            server.mount(emulator)
            context = authority.context(host, folder)
            listener = server._listener
            listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
            server.start()
        names = {f"{host}:443": server.port for host, server in zip(hosts, servers, strict=True)}
        with proxy_to(names, user=user) as proxy:
            assert urlsplit(proxy.url).hostname == "127.0.0.1"
            yield Company(emulator, proxy, file)
    finally:
        for server in servers:
            server.close()
