"""A connection talks to its own hosts and to nothing else."""

from __future__ import annotations

import pytest

from crm_bridge.errors import ForbiddenAddressError
from crm_bridge.transport import AllowList, is_loopback, is_public_address, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://www.zohoapis.com/crm/v8", "https://www.zohoapis.com:443"),
        ("HTTPS://WWW.ZohoAPIs.com.:443", "https://www.zohoapis.com:443"),
        ("http://127.0.0.1:8801/x", "http://127.0.0.1:8801"),
        ("http://localhost", "http://localhost:80"),
        ("http://[::1]:99/", "http://[::1]:99"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "http://www.zohoapis.com",
        "ftp://www.zohoapis.com",
        "https://user:pass@www.zohoapis.com",
        "https://www.zohoapis.com@evil.example",
        "https://evil.example\\@www.zohoapis.com",
        "https://www.zohoapis.com:99999",
        "https://",
        "//www.zohoapis.com",
        "file:///etc/passwd",
        "https://www.zohoapis.com/\r\nHost: evil",
        "https://www.zohoapis.com/ x",
        "http://127.0.0.1.evil.example",
        "http://0.0.0.0",
        "",
    ],
)
def test_an_address_with_two_readings_or_without_tls_is_refused(url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        origin_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/crm",
        "https://www.zohoapis.com:8443/",
        "https://www.zohoapis.com.evil.example/",
        "https://zohoapis.com/",
        "http://localhost/",
    ],
)
def test_a_host_outside_the_list_is_refused(url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        AllowList(["https://www.zohoapis.com"]).check(url)


def test_loopback_is_told_from_other_machines() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.9.9.9", "::1", "10.0.0.1", "localhost.example")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert AllowList(["http://127.0.0.1:1", "http://localhost:2"]).all_loopback
    assert not AllowList(["http://127.0.0.1:1", "https://www.zohoapis.com"]).all_loopback


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
        "not an address",
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public_address(address)
