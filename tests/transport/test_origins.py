"""A connection talks to its own hosts and to nothing else."""

from __future__ import annotations

import pytest

from crm_bridge.errors import ForbiddenAddressError
from crm_bridge.transport import AllowList, is_loopback, origin_of


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
