"""Access tokens: where they go, how many are made, and what happens when one is no longer taken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crm_bridge.errors import ForbiddenAddressError, RateLimitedError, SignInError
from crm_bridge.spi.adapter import Query
from crm_bridge_zoho.settings import ZohoSettings, origins
from crm_bridge_zoho.signing_in.datacenters import DATA_CENTERS, Environment

ADDRESSES = {
    "us": ("https://accounts.zoho.com", "zohoapis.com"),
    "eu": ("https://accounts.zoho.eu", "zohoapis.eu"),
    "in": ("https://accounts.zoho.in", "zohoapis.in"),
    "au": ("https://accounts.zoho.com.au", "zohoapis.com.au"),
    "jp": ("https://accounts.zoho.jp", "zohoapis.jp"),
    "ca": ("https://accounts.zohocloud.ca", "zohoapis.ca"),
    "cn": ("https://accounts.zoho.com.cn", "zohoapis.com.cn"),
    "sa": ("https://accounts.zoho.sa", "zohoapis.sa"),
    "uk": ("https://accounts.zoho.uk", "zohoapis.uk"),
    "ae": ("https://accounts.zoho.ae", "zohoapis.ae"),
}


def tokens_made(zoho: Any) -> int:
    return sum(line.path == "/oauth/v2/token" and line.status == 200 for line in zoho.calls())


def test_every_data_centre_is_known() -> None:
    assert set(DATA_CENTERS) == set(ADDRESSES)


@pytest.mark.parametrize(("environment", "host"), [("production", "www"), ("sandbox", "sandbox"), ("developer",) * 2])
@pytest.mark.parametrize("data_center", list(ADDRESSES))
def test_a_connection_talks_to_two_addresses_of_its_data_centre(data_center: str, environment: str, host: str) -> None:
    settings = ZohoSettings(data_center=data_center, environment=Environment(environment))  # type: ignore[arg-type]
    accounts, domain = ADDRESSES[data_center]
    assert origins(settings) == (accounts, f"https://{host}.{domain}")


@pytest.mark.parametrize(
    "named",
    [
        "https://www.zohoapis.com",
        "https://www.zohoapis.eu.evil.example",
        "http://127.0.0.1:9999",
        "https://127.0.0.1:8801",
        "http://user@evil.example",
    ],
)
def test_an_api_domain_that_is_not_the_connections_own_gets_no_token(zoho: Any, named: str) -> None:
    zoho.control("switch", name="api_domain", value=named)
    with pytest.raises(ForbiddenAddressError) as refused:
        zoho.connect().whoami()
    assert refused.value.reason in ("api_domain", "address")
    assert [line.path for line in zoho.calls()] == ["/oauth/v2/token"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"data_center": "mars"},
        {"api_url": "http://127.0.0.1:1"},
        {"accounts_url": "http://zoho.example", "api_url": "http://127.0.0.1:1"},
        {"accounts_url": "https://a.example/path", "api_url": "https://b.example"},
        {"data_center": "eu", "fields": {"colour": "Name"}},
        {"data_center": "eu", "unknown": 1},
        {"data_center": "eu", "delete_batch": 101},
    ],
)
def test_settings_that_cannot_be_right_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ZohoSettings(**wrong)


def test_one_token_serves_every_adapter_of_a_state_directory(zoho: Any) -> None:
    for _number in range(5):
        zoho.connect().whoami()
    assert tokens_made(zoho) == 1


def renewed(zoho: Any, times: int) -> None:
    """Have the token dropped and read again, so many times."""
    for _number in range(times):
        zoho.control("expire_tokens")
        list(zoho.connect().find(Query()).pages)


def test_no_more_than_eight_tokens_are_asked_for_in_ten_minutes(zoho: Any) -> None:
    renewed(zoho, 8)
    with pytest.raises(RateLimitedError) as limited:
        renewed(zoho, 1)
    assert (limited.value.reason, tokens_made(zoho)) == ("token_window", 8)
    zoho.clock.advance(601)
    renewed(zoho, 1)
    assert tokens_made(zoho) == 9


def test_a_token_is_renewed_before_it_ends_and_the_call_is_not_repeated(zoho: Any) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    zoho.clock.advance(3600 - 30)
    start = len(zoho.calls())
    list(adapter.find(Query()).pages)
    lines = zoho.calls(start)
    assert lines[0].path == "/oauth/v2/token"
    assert {line.status for line in lines} == {200}


def test_a_token_that_zoho_drops_is_renewed_once_and_the_read_repeated(zoho: Any) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    zoho.control("expire_tokens")
    start = len(zoho.calls())
    pages = list(adapter.find(Query()).pages)
    assert pages[0].contracts
    assert [line.status for line in zoho.calls(start)][:3] == [401, 200, 200]


def test_a_token_of_the_old_style_lives_as_long_as_its_seconds_say(zoho: Any) -> None:
    zoho.control("switch", name="token_old_style", value=True)
    adapter = zoho.connect()
    adapter.whoami()
    zoho.clock.advance(3000)
    list(adapter.find(Query()).pages)
    assert tokens_made(zoho) == 1


def test_a_lock_out_of_the_token_endpoint_is_not_tried_again(zoho: Any, tmp_path: Path) -> None:
    for number in range(10):  # ten installations that do not know of each other
        zoho.connect(folder=tmp_path / str(number)).whoami()
    with pytest.raises(RateLimitedError) as locked_out:
        zoho.connect(folder=tmp_path / "one more").whoami()
    assert locked_out.value.vendor_code == "Access Denied"
    assert "10 minutes" in locked_out.value.hint
    assert tokens_made(zoho) == 10
    assert sum(line.path == "/oauth/v2/token" for line in zoho.calls()) == 11


def test_a_revoked_sign_in_says_connect_again(zoho: Any) -> None:
    zoho.control("revoke")
    with pytest.raises(SignInError) as refused:
        zoho.connect().whoami()
    assert (refused.value.vendor_code, refused.value.exit_code) == ("invalid_code", 1)
    assert "crm-bridge login" in refused.value.hint


def test_no_secret_is_ever_part_of_an_address(zoho: Any) -> None:
    adapter = zoho.connect()
    list(adapter.find(Query(words="HT-2026")).pages)
    _settings, secrets = zoho.emulator.connection()
    sent = " ".join(f"{line.path}?{line.query}" for line in zoho.calls())
    assert [name for name, value in secrets.items() if re.search(re.escape(value), sent)] == []
