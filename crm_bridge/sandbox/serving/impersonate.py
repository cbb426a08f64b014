"""A loopback proxy that answers for host names, so that a client with a fixed address meets an emulator.

The client needs two settings that every HTTP library knows: a proxy, and the authority that signed the certificates.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from crm_bridge.clock import SystemClock
from crm_bridge.spi.emulator import WireRequest, WireResponse

Handle = Callable[[WireRequest], WireResponse]
MOST_BODY = 128 << 20


class Authority:
    """A throw-away certificate authority: its key lives in memory only and dies with it."""

    def __init__(self) -> None:
        """Make the authority's own certificate, valid from yesterday for a week."""
        self._since = SystemClock().now() - timedelta(days=1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("crm_bridge sandbox authority")
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        self.certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def context(self, host: str, folder: Path) -> ssl.SSLContext:
        """Return a server's TLS context for `host`; its key passes through a file in `folder` that is deleted."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            self._builder(_name(host[:60]), key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = folder / "server.pem"
        chain.touch(mode=0o600)
        try:
            chain.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain)
        finally:
            chain.unlink()
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._since)
            .not_valid_after(self._since + timedelta(days=8))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


class Impersonation:
    """The proxy while it runs: `with Impersonation({"crm.example": emulator.handle}, folder) as proxy: ...`."""

    def __init__(self, hosts: Mapping[str, Handle], folder: Path) -> None:
        """Answer for `hosts`; the authority's certificate is written into `folder`. Other hosts are refused."""
        authority = Authority()
        self.ca_file = folder / "authority.pem"
        self.ca_file.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        self._server = _Server(
            {host: (authority.context(host, folder), handle) for host, handle in hosts.items()},
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The proxy's address on loopback."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self) -> Mapping[str, str]:
        """Return the variables that send a client's process through here."""
        bundle = str(self.ca_file)
        return {
            "HTTPS_PROXY": self.url,
            "https_proxy": self.url,
            "NO_PROXY": "",
            "no_proxy": "",
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "CURL_CA_BUNDLE": bundle,
            "NODE_EXTRA_CA_CERTS": bundle,
        }

    def __enter__(self) -> Self:
        """Start answering."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop and close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, hosts: Mapping[str, tuple[ssl.SSLContext, Handle]]) -> None:
        self.hosts = hosts
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    answer: Handle | None = None

    def do_CONNECT(self) -> None:
        known = self.server.hosts.get(self.path.rpartition(":")[0])
        if known is None or self.answer is not None:
            self.send_error(502, "not a host that is answered for here")
            return
        context, self.answer = known
        self.send_response(200)
        self.end_headers()
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except OSError:  # the client does not trust the authority, or went away
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.answer is None or not length.isdigit() or int(length) > MOST_BODY:
            self.send_error(400, "only requests through a tunnel, with their length, are answered here")
            return
        path, _mark, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        response = self.answer(WireRequest(self.command, path, query, headers, body))
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def finish(self) -> None:
        """Close the tunnel too: the server knows only the socket that it was made from."""
        try:
            super().finish()
        finally:
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the emulator's ledger tells what happened."""


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
