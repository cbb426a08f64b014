"""Only a certificate that is valid, trusted and made for this host lets a byte of a request out."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crm_bridge.errors import NotSentError, RequestRefusedError
from crm_bridge.transport import Purpose, Transport, fetch_public, is_loopback
from crm_bridge.transport.session import tls_context
from tests.transport.servers import ImpatientClock, Server, call_to, reply

Serve = Callable[..., Server]
Make = Callable[..., Transport]
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own, as a file to trust."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    file: Path

    def context(self, *, host: str = "127.0.0.1", days: int = 1, self_signed: bool = False) -> ssl.SSLContext:
        """Return a server context with a certificate for `host` that ends in `days`."""
        key = ec.generate_private_key(ec.SECP256R1())
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(NOW + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(key if self_signed else self.key, hashes.SHA256())
        )
        pem = self.file.with_name(f"{host}-{days}-{self_signed}.pem")
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(key, certificate, file)


def answer(connection: ssl.SSLSocket, _turn: int) -> None:
    connection.sendall(reply())


def test_a_server_of_the_trusted_authority_is_talked_to(serve: Serve, transport_to: Make, authority: Authority) -> None:
    server = serve(answer, authority.context())
    transport = transport_to(server.origin, ca_file=authority.file)
    assert transport.send(call_to(server.origin)).status == 200


def test_the_environment_cannot_have_the_keys_of_connections_written_down(
    serve: Serve, transport_to: Make, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    tls_context.cache_clear()
    server = serve(answer, authority.context())
    assert transport_to(server.origin, ca_file=authority.file).send(call_to(server.origin)).status == 200
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
        transport_to(server.origin, ca_file=trusted).send(call_to(server.origin, purpose))
    assert refused.value.reason == "tls"
    assert server.requests == []
    assert server.connections == 1, "not worth repeating"


def test_tls_before_1_2_is_not_spoken() -> None:
    assert tls_context(None).minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls_context(None).verify_mode == ssl.CERT_REQUIRED
    assert tls_context(None).check_hostname


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
        transport_to(server.origin, ca_file=authority.file).send(call_to(server.origin, Purpose.DESTROY))
    assert server.requests == []


def test_one_context_serves_all_connections_of_the_process() -> None:
    assert tls_context(None) is tls_context(None)


def test_a_session_cannot_be_asked_not_to_verify(serve: Serve, authority: Authority) -> None:
    import requests

    from crm_bridge.transport.connections import pools
    from crm_bridge.transport.session import CrmSession

    server = serve(answer, authority.context())
    with (
        CrmSession(check=lambda _url: None, context=tls_context(None), pools=pools(), pool_size=1) as session,
        pytest.raises(requests.exceptions.SSLError),
    ):
        session.get(server.origin, verify=False, timeout=5)
    assert server.requests == []


def public(server: Server, authority: Authority, clock: ImpatientClock, path: str = "/a.pdf") -> bytes:
    import random

    port = server.listening.getsockname()[1]
    return b"".join(
        fetch_public(
            server.origin + path,
            max_bytes=1000,
            clock=clock,
            randomness=random.Random(1),
            permitted=is_loopback,
            ports=(port,),
            ca_file=authority.file,
        )
    )


def test_a_public_link_is_fetched_without_credentials(
    serve: Serve, authority: Authority, clock: ImpatientClock
) -> None:
    server = serve(answer, authority.context())
    assert public(server, authority, clock) == b"{}"
    sent = server.requests[0].lower()
    assert b"authorization" not in sent
    assert b"cookie" not in sent


def test_a_public_link_that_is_refused_says_so(serve: Serve, authority: Authority, clock: ImpatientClock) -> None:
    server = serve(lambda connection, _turn: connection.sendall(reply(status="404 No")), authority.context())
    with pytest.raises(RequestRefusedError):
        public(server, authority, clock)
