"""Through a company's proxy: nothing of a request before the host's own TLS stands; errors name the setting."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from crm_bridge.errors import ConfigError, NotSentError
from crm_bridge.transport import CallRecord, Network, Purpose, Transport
from crm_bridge.transport.network import Proxy, parse_proxy, proxy_of_environment
from tests.transport.authority import Authority
from tests.transport.connect_proxy import ConnectProxy, proxy_to
from tests.transport.servers import Server, call_to, reply

Serve = Callable[..., Server]
Make = Callable[..., Transport]
HOST = "crm.example"
ORIGIN = f"https://{HOST}"


def answer(connection: ssl.SSLSocket, _turn: int) -> None:
    connection.sendall(reply())


@pytest.fixture
def crm(serve: Serve, authority: Authority) -> Server:
    """A CRM that only the proxy can find: no name server knows it."""
    return serve(answer, authority.context(host=HOST))


def port_of(server: Server) -> int:
    return int(server.listening.getsockname()[1])


def through(proxy: ConnectProxy, authority: Authority, user: str = "") -> Network:
    found = parse_proxy(proxy.url)
    if user:
        name, _colon, password = user.partition(":")
        found = replace(found, credentials=lambda: (name, password))
    return Network(found, ca_file=authority.file)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_purpose_reaches_the_host_through_a_tunnel(
    crm: Server, authority: Authority, transport_to: Make, purpose: Purpose, scheme: str
) -> None:
    tls = authority.context() if scheme == "https" else None
    with proxy_to({f"{HOST}:443": port_of(crm)}, tls=tls) as proxy:
        transport = transport_to(ORIGIN, network=through(proxy, authority))
        secret = {"Authorization": "Bearer of-the-crm"}
        assert transport.send(call_to(ORIGIN, purpose, headers=secret)).status == 200
        assert transport.send(call_to(ORIGIN, purpose, headers=secret)).status == 200
    assert set(proxy.targets) == {f"{HOST}:443"}
    assert b"of-the-crm" not in b"".join(proxy.heads) + bytes(proxy.carried)
    assert [b"of-the-crm" in request for request in crm.requests] == [True, True]


def test_a_large_answer_and_its_end_survive_tls_within_tls(
    serve: Serve, authority: Authority, transport_to: Make
) -> None:
    body = b'{"text": "' + b"x" * 300_000 + b'"}'

    def large(connection: ssl.SSLSocket, _turn: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body)
        connection.close()

    server = serve(large, authority.context(host=HOST))
    with proxy_to({f"{HOST}:443": port_of(server)}, tls=authority.context()) as proxy:
        assert transport_to(ORIGIN, network=through(proxy, authority)).send(call_to(ORIGIN)).body == body


def test_the_proxys_password_goes_to_the_proxy_alone(crm: Server, authority: Authority, transport_to: Make) -> None:
    with proxy_to({f"{HOST}:443": port_of(crm)}, user="张三:p@ss:word") as proxy:
        network = through(proxy, authority, "张三:p@ss:word")
        assert transport_to(ORIGIN, network=network).send(call_to(ORIGIN)).status == 200
    assert b"roxy-" in proxy.heads[0]
    assert b"roxy-" not in crm.requests[0]
    assert "p@ss" not in repr(network)


TROUBLE = {
    "password": ({"user": "me:secret"}, "proxy_auth", "proxy_user"),
    "policy": ({"refuses": "403 Forbidden"}, "proxy_refused", "`proxy`"),
    "host": ({"refuses": "503 Service Unavailable"}, "proxy_failed", "proxy of the connection"),
    "redirect": ({"refuses": "302 Found"}, "proxy_refused", "`proxy`"),
    "silence": ({"silent": True}, "proxy_silent", "`proxy`"),
}


@pytest.mark.parametrize("purpose", [Purpose.READ, Purpose.DESTROY, Purpose.CREATE])
@pytest.mark.parametrize("trouble", TROUBLE)
def test_what_fails_at_the_proxy_was_not_sent_and_names_the_setting(
    crm: Server, authority: Authority, transport_to: Make, trouble: str, purpose: Purpose
) -> None:
    settings, reason, setting = TROUBLE[trouble]
    with proxy_to({f"{HOST}:443": port_of(crm)}, **settings) as proxy:  # type: ignore[arg-type]
        transport = transport_to(ORIGIN, network=through(proxy, authority), total=0.3, read=0.3)
        with pytest.raises(NotSentError) as refused:
            transport.send(call_to(ORIGIN, purpose))
    assert refused.value.reason == reason
    assert f"127.0.0.1:{proxy.port}" in refused.value.message
    assert setting in refused.value.hint
    assert crm.connections == 0


@pytest.mark.parametrize("purpose", [Purpose.READ, Purpose.DESTROY])
def test_a_proxy_that_is_not_there_was_not_sent(
    authority: Authority, transport_to: Make, purpose: Purpose, records: list[CallRecord]
) -> None:
    with proxy_to({}) as proxy:
        network = through(proxy, authority)
    with pytest.raises(NotSentError, match="proxy") as refused:
        transport_to(ORIGIN, network=network).send(call_to(ORIGIN, purpose))
    assert refused.value.reason == "proxy"
    assert {record.reason for record in records} == {"proxy"}


def test_a_proxy_whose_certificate_is_not_trusted_gets_no_password(
    crm: Server, authority: Authority, transport_to: Make
) -> None:
    with proxy_to({f"{HOST}:443": port_of(crm)}, tls=authority.context(self_signed=True)) as proxy:
        with pytest.raises(NotSentError) as refused:
            transport_to(ORIGIN, network=through(proxy, authority, "me:secret")).send(call_to(ORIGIN))
        assert proxy.heads == []
    assert refused.value.reason == "proxy_tls"
    assert "ca_file" in refused.value.hint


@pytest.mark.parametrize("purpose", [Purpose.READ, Purpose.DESTROY])
def test_a_proxy_that_opens_tls_is_refused_until_its_authority_is_named(
    crm: Server, authority: Authority, transport_to: Make, purpose: Purpose
) -> None:
    with proxy_to({f"{HOST}:443": port_of(crm)}) as proxy:
        with pytest.raises(NotSentError) as refused:
            transport_to(ORIGIN, network=Network(parse_proxy(proxy.url))).send(call_to(ORIGIN, purpose))
        assert transport_to(ORIGIN, network=through(proxy, authority)).send(call_to(ORIGIN, purpose)).status == 200
    assert refused.value.reason == "tls"
    assert "ca_file" in refused.value.hint


def test_an_answer_that_breaks_off_behind_the_tunnel_is_not_taken_for_the_proxys_fault(
    serve: Serve, authority: Authority, transport_to: Make
) -> None:
    from crm_bridge.errors import AnswerLostError

    server = serve(lambda connection, _turn: connection.close(), authority.context(host=HOST))
    with proxy_to({f"{HOST}:443": port_of(server)}) as proxy, pytest.raises(AnswerLostError):
        transport_to(ORIGIN, network=through(proxy, authority)).send(call_to(ORIGIN, Purpose.DESTROY))


def test_hosts_of_the_bypass_are_reached_directly(serve: Serve, authority: Authority, transport_to: Make) -> None:
    server = serve(answer, authority.context())
    with proxy_to({}) as proxy:
        network = replace(through(proxy, authority), bypass="other.example,127.0.0.1")
        assert transport_to(server.origin, network=network).send(call_to(server.origin)).status == 200
        assert proxy.heads == []


@pytest.mark.parametrize(
    ("host", "listed", "direct"),
    [
        ("crm.example", "crm.example", True),
        ("www.crm.example", ".crm.example", True),
        ("www.crm.example", " crm.example , other", True),
        ("evilcrm.example", "crm.example", False),
        ("crm.example", "", False),
        ("crm.example", "*", True),
    ],
)
def test_names_of_the_bypass_are_whole_names_and_what_lies_below(host: str, listed: str, direct: bool) -> None:
    network = Network(Proxy("http", "proxy", 3128), bypass=listed)
    assert (network.proxy_for(host) is None) is direct


@pytest.mark.parametrize(
    "url",
    ["http://me:pw@proxy:3128", "http://me@proxy", "socks5://proxy:1080", "proxy:3128", "http://", "http://proxy/x", "",
     "http://proxy:99999", "http://pro xy:1", "http://proxy?x=1", "http://proxy\\@evil:1"],
)  # fmt: skip
def test_an_address_that_is_no_proxy_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"proxy|[Pp]ort") as refused:
        parse_proxy(url)
    assert "pw" not in str(refused.value)


def test_the_environment_may_hold_a_password_and_never_shows_it() -> None:
    proxy, bypass = proxy_of_environment({"HTTPS_PROXY": "http://me:p%40ss@proxy.corp:8080", "no_proxy": ".corp"})
    assert proxy is not None
    assert (proxy.name, proxy.credentials(), bypass) == ("proxy.corp:8080", ("me", "p@ss"), ".corp")
    assert "p@ss" not in repr(proxy)
    assert proxy_of_environment({"HTTP_PROXY": "http://proxy"}) == (None, "")
    assert proxy_of_environment({"https_proxy": "proxy.corp:8080"})[0] == Proxy("http", "proxy.corp", 8080)
    with pytest.raises(ConfigError) as refused:
        proxy_of_environment({"https_proxy": "socks5://me:pw@proxy"})
    assert "pw" not in refused.value.message


def test_the_public_authorities_stay_unless_the_file_is_to_replace_them(authority: Authority) -> None:
    beside, instead = Network(ca_file=authority.file), Network(ca_file=authority.file, ca_only=True)
    assert len(beside.context().get_ca_certs()) > 50
    assert len(instead.context().get_ca_certs()) == 1


def test_the_oldest_version_of_tls_can_only_be_raised(serve: Serve, authority: Authority, transport_to: Make) -> None:
    context = authority.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = serve(answer, context)
    assert transport_to(server.origin, network=authority.network).send(call_to(server.origin)).status == 200
    with pytest.raises(NotSentError) as refused:
        transport_to(server.origin, network=replace(authority.network, tls_min="1.3")).send(call_to(server.origin))
    assert refused.value.reason == "tls"
    assert "tls_min" in refused.value.hint


@pytest.mark.parametrize("kind", ["missing", "empty", "no certificate", "writable by all", "folder"])
def test_a_file_of_authorities_that_cannot_be_used_is_named(tmp_path: Path, authority: Authority, kind: str) -> None:
    path = tmp_path / "corp.pem"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        text = {"empty": b"", "no certificate": b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"}
        path.write_bytes(text.get(kind, authority.file.read_bytes()))
        path.chmod(0o666 if kind == "writable by all" else 0o644)
    with pytest.raises(ConfigError, match=r"corp\.pem"):
        Network(ca_file=path).context()


def test_a_link_to_the_authorities_of_the_system_is_followed(tmp_path: Path, authority: Authority) -> None:
    link = tmp_path / "link.pem"
    link.symlink_to(authority.file)
    assert len(Network(ca_file=link, ca_only=True).context().get_ca_certs()) == 1
