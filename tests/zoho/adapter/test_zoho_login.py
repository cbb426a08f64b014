"""Signing in for the first time: a self client's code, the browser on a loopback redirect, and taking it back."""

from __future__ import annotations

import random
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from crm_bridge.errors import ForbiddenAddressError, SignInError
from crm_bridge.spi.adapter import Query
from crm_bridge.spi.emulator import WireRequest
from crm_bridge.spi.spec import AdapterContext
from crm_bridge.transport import Budget
from crm_bridge_zoho import ADAPTER
from crm_bridge_zoho.settings import ZohoSettings
from crm_bridge_zoho.signing_in.login import code_of, consent_url, login, revoke
from crm_bridge_zoho.signing_in.scopes import SCOPES
from tests.zoho.adapter.conftest import Secrets

STATE = "state-that-was-sent"
EU = ZohoSettings(data_center="eu")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A browser's address bar: shows where it is sent."""

    def redirect_request(self, *_given: Any) -> None:
        return None


OPENER = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))


def visit(url: str) -> tuple[int, str]:
    """Open a page on this machine; return its status, and where it sends the browser."""
    try:
        with OPENER.open(url, timeout=10) as page:
            return page.status, ""
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers.get("Location", "")


class Person:
    """Somebody who accepts on Zoho's page and lets the browser go where it is sent."""

    def __init__(self, zoho: Any, **changes: str) -> None:
        self.zoho = zoho
        self.changes = changes
        self.asked: Mapping[str, list[str]] = {}
        self.read: list[str] = []

    def open(self, start: str) -> None:
        _status, consent = visit(start)
        parts = urlsplit(consent)
        self.asked = parse_qs(parts.query)
        said = self.zoho.emulator.handle(WireRequest("GET", parts.path, parts.query, {}, b""))
        back = urlsplit(dict(said.headers)["Location"])
        query = {key: values[0] for key, values in parse_qs(back.query).items()} | self.changes
        visit(f"{back.scheme}://{back.netloc}{back.path}?{urlencode(query)}")


def given(zoho: Any, tmp_path: Path, say: Callable[[str], None] | None = None) -> tuple[ZohoSettings, AdapterContext]:
    settings, secrets = zoho.emulator.connection()
    named = {key: value for key, value in settings.items() if key != "adapter"}
    adapter_context = AdapterContext(
        connection="zoho-test",
        secrets=Secrets(secrets),
        clock=zoho.clock,
        randomness=random.Random(1),
        state_dir=tmp_path,
        budget=Budget(),
        say=say,
    )
    return ZohoSettings(**named), adapter_context


def by_browser(zoho: Any, tmp_path: Path, person: Person) -> str:
    settings, adapter_context = given(zoho, tmp_path, person.read.append)
    return login(settings, adapter_context, method="browser", port=0, open_page=person.open, wait_seconds=10)


def works(zoho: Any, token: str) -> bool:
    return token in zoho.emulator.accounts.grants


def test_a_code_of_a_self_client_becomes_a_refresh_token_once(zoho: Any, tmp_path: Path) -> None:
    settings, adapter_context = given(zoho, tmp_path)
    code = zoho.control("grant_code")["code"]
    assert works(zoho, login(settings, adapter_context, method="code", code=code))
    with pytest.raises(SignInError) as again:
        login(settings, adapter_context, method="code", code=code)
    assert again.value.vendor_code == "invalid_code"


def test_the_browser_comes_back_to_this_machine_and_a_refresh_token_is_made(zoho: Any, tmp_path: Path) -> None:
    person = Person(zoho)
    assert works(zoho, by_browser(zoho, tmp_path, person))
    assert person.asked["access_type"] == ["offline"]
    assert person.asked["prompt"] == ["consent"]
    assert person.asked["redirect_uri"][0].startswith("http://127.0.0.1:")
    assert person.asked["scope"] == [",".join(SCOPES)]


def test_what_is_shown_for_people_without_a_desktop_names_no_client(zoho: Any, tmp_path: Path) -> None:
    person = Person(zoho)
    by_browser(zoho, tmp_path, person)
    [line] = person.read
    assert "http://127.0.0.1:" in line
    assert person.asked["client_id"][0] not in line


def test_every_sign_in_has_another_state(zoho: Any, tmp_path: Path) -> None:
    people = [Person(zoho), Person(zoho)]
    for person in people:
        by_browser(zoho, tmp_path, person)
    states = [person.asked["state"][0] for person in people]
    assert states[0] != states[1]
    assert min(map(len, states)) >= 24


def test_a_browser_that_comes_back_with_another_state_signs_nobody_in(zoho: Any, tmp_path: Path) -> None:
    with pytest.raises(SignInError) as refused:
        by_browser(zoho, tmp_path, Person(zoho, state="somebody-else"))
    assert refused.value.reason == "state"


def test_a_refusal_on_zohos_page_is_said_so(zoho: Any, tmp_path: Path) -> None:
    zoho.control("switch", name="refuse_consent", value=True)
    with pytest.raises(SignInError) as refused:
        by_browser(zoho, tmp_path, Person(zoho))
    assert refused.value.vendor_code == "access_denied"


def test_nobody_who_comes_back_ends_the_wait(zoho: Any, tmp_path: Path) -> None:
    settings, adapter_context = given(zoho, tmp_path)
    with pytest.raises(SignInError) as late:
        login(settings, adapter_context, method="browser", port=0, open_page=lambda _page: None, wait_seconds=0.01)
    assert late.value.reason == "timeout"


def test_a_port_that_is_taken_is_named(zoho: Any, tmp_path: Path) -> None:
    settings, adapter_context = given(zoho, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(SignInError) as refused:
        login(settings, adapter_context, method="browser", port=other.getsockname()[1], open_page=lambda _page: None)
    assert (refused.value.reason, bool(refused.value.hint)) == ("port_in_use", True)


@pytest.mark.parametrize(
    ("server", "error", "reason", "word"),
    [
        ("https://accounts.zoho.in", SignInError, "data_center", 'data_center = "in"'),
        ("https://accounts.zohocloud.ca", SignInError, "data_center", 'data_center = "ca"'),
        ("https://accounts.zoho.evil.example", ForbiddenAddressError, "accounts_server", ""),
        ("http://accounts.zoho.eu", ForbiddenAddressError, "plain_http", ""),
    ],
)
def test_a_code_goes_to_the_data_centre_of_the_connection_only(
    server: str, error: type[Exception], reason: str, word: str
) -> None:
    query = {"state": STATE, "code": "1000.a.b", "accounts-server": server}
    with pytest.raises(error) as refused:
        code_of(query, EU, state=STATE)
    assert refused.value.reason == reason  # type: ignore[attr-defined]
    assert word in refused.value.hint  # type: ignore[attr-defined]


def test_the_data_centres_own_accounts_server_is_taken() -> None:
    query = {"state": STATE, "code": "1000.a.b", "accounts-server": "https://accounts.zoho.eu"}
    assert code_of(query, EU, state=STATE) == ("1000.a.b", "https://accounts.zoho.eu")


def test_the_consent_page_is_the_one_of_the_data_centre() -> None:
    url = consent_url(ZohoSettings(data_center="ca"), "1000.C", redirect="http://127.0.0.1:1/callback", state=STATE)
    assert url.startswith("https://accounts.zohocloud.ca/oauth/v2/auth?")


def test_revoking_kills_the_refresh_token_and_its_access_tokens(zoho: Any, tmp_path: Path) -> None:
    adapter = zoho.connect()
    adapter.whoami()
    settings, adapter_context = given(zoho, tmp_path)
    revoke(settings, adapter_context)
    with pytest.raises(SignInError):
        zoho.connect(folder=tmp_path / "other").whoami()
    with pytest.raises(SignInError):
        list(adapter.find(Query()).pages)


def test_three_ways_are_offered_and_make_the_refresh_token() -> None:
    assert {name: way.makes for name, way in ADAPTER.login.items()} == {
        "code": "refresh_token",
        "browser": "refresh_token",
        "device": "refresh_token",
    }
