"""Only a certificate that is valid, trusted and made for this host lets a byte of a request out."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_bridge.errors import NotSentError
from crm_bridge.transport import Network, Purpose, Transport
from crm_bridge.transport.network import tls_context
from tests.transport.authority import Authority
from tests.transport.servers import Server, call_to, reply

Serve = Callable[..., Server]
Make = Callable[..., Transport]
NOW = datetime.now(UTC)


def answer(connection: ssl.SSLSocket, _turn: int) -> None:
    connection.sendall(reply())


def test_a_server_of_the_trusted_authority_is_talked_to(serve: Serve, transport_to: Make, authority: Authority) -> None:
    server = serve(answer, authority.context())
    transport = transport_to(server.origin, network=authority.network)
    assert transport.send(call_to(server.origin)).status == 200


def test_the_environment_cannot_have_the_keys_of_connections_written_down(
    serve: Serve, transport_to: Make, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    tls_context.cache_clear()
    server = serve(answer, authority.context())
    assert transport_to(server.origin, network=authority.network).send(call_to(server.origin)).status == 200
    lines = keys.read_text().splitlines() if keys.exists() else []
    assert [line for line in lines if not line.startswith("#")] == []


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("fault", ["self-signed", "wrong host", "expired", "unknown authority"])
def test_a_certificate_that_does_not_verify_gets_no_request(
    serve: Serve, transport_to: Make, authority: Authority, fault: str, purpose: Purpose
) -> None:
    context = {
        "self-signed": lambda: authority.context(self_signed=True),
        "wrong host": lambda: authority.context(host="other.example"),
        "expired": lambda: authority.context(days=-1),
        "unknown authority": lambda: authority.context(),
    }[fault]()
    server = serve(answer, context)
    trusted = None if fault == "unknown authority" else authority.file
    with pytest.raises(NotSentError) as refused:
        transport_to(server.origin, network=Network(ca_file=trusted)).send(call_to(server.origin, purpose))
    assert refused.value.reason == "tls"
    assert server.requests == []
    assert server.connections == 1, "not worth repeating"


def test_tls_before_1_2_is_not_spoken() -> None:
    assert tls_context().minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls_context().verify_mode == ssl.CERT_REQUIRED
    assert tls_context().check_hostname


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_server_that_offers_only_tls_1_1_gets_no_request(
    serve: Serve, transport_to: Make, authority: Authority
) -> None:
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = serve(answer, context)
    with pytest.raises(NotSentError):
        transport_to(server.origin, network=authority.network).send(call_to(server.origin, Purpose.DESTROY))
    assert server.requests == []


def test_one_context_serves_all_connections_of_the_process() -> None:
    assert tls_context() is tls_context()


def test_a_session_cannot_be_asked_not_to_verify(serve: Serve, authority: Authority) -> None:
    import requests

    from crm_bridge.transport.wire.connections import pools
    from crm_bridge.transport.wire.session import CrmSession

    server = serve(answer, authority.context())
    with (
        CrmSession(
            check=lambda _url: None, context=tls_context(), pools=pools(Network(), time.monotonic), pool_size=1
        ) as session,
        pytest.raises(requests.exceptions.SSLError),
    ):
        session.get(server.origin, verify=False, timeout=5)
    assert server.requests == []
