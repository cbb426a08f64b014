"""The device flow: a code is shown, typed in elsewhere, and becomes a refresh token; everything else says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.errors import ForbiddenAddressError, MalformedAnswerError, SignInError
from crm_bridge.spi.emulator import WireRequest
from crm_bridge_zoho import ADAPTER
from crm_bridge_zoho.signing_in.device import login_by_device
from tests.zoho.adapter.test_zoho_login import given, works


class Elsewhere:
    """A person with a telephone: reads the code, and acts when the device has asked so many times."""

    def __init__(self, zoho: Any, *, answer: str = "accept", after: int = 1) -> None:
        self.zoho, self.answer, self.after = zoho, answer, after
        self.said: list[str] = []
        self.slept: list[float] = []

    def clock(self) -> Any:
        person, clock = self, self.zoho.clock

        class Clock:
            def __getattr__(self, name: str) -> Any:
                return getattr(clock, name)

            def sleep(self, seconds: float) -> None:
                person.slept.append(seconds)
                clock.sleep(seconds)
                if len(person.slept) == person.after:
                    person.zoho.control("device_enter", user_code=person.code(), answer=person.answer)

        return Clock()

    def code(self) -> str:
        return self.said[0].split(" code ")[1].split(";")[0]

    def sign_in(self, tmp_path: Path) -> str:
        settings, adapter_context = given(self.zoho, tmp_path, self.said.append)
        return login_by_device(settings, replace(adapter_context, clock=self.clock()))


def test_a_code_that_is_accepted_elsewhere_becomes_a_refresh_token(zoho: Any, tmp_path: Path) -> None:
    person = Elsewhere(zoho, after=3)
    assert works(zoho, person.sign_in(tmp_path))
    assert person.slept == [30.0, 30.0, 30.0], "at the pace that Zoho named, in milliseconds"
    assert "/oauth/v3/device " in person.said[0]


def test_no_secret_is_in_an_address_and_none_is_shown(zoho: Any, tmp_path: Path) -> None:
    seen: list[WireRequest] = []
    handle = zoho.emulator.handle

    def noted(request: WireRequest) -> Any:
        seen.append(request)
        return handle(request)

    zoho.emulator.handle = noted
    person = Elsewhere(zoho)
    token = person.sign_in(tmp_path)
    assert {request.query for request in seen} == {""}
    secret = zoho.emulator.connection()[1]["client_secret"]
    assert not any(text in "".join(person.said) for text in (secret, token, *zoho.emulator.accounts.devices.waiting))


@pytest.mark.parametrize(("answer", "word"), [("deny", "access_denied"), ("other_dc", "other_dc")])
def test_a_refusal_says_what_to_do(zoho: Any, tmp_path: Path, answer: str, word: str) -> None:
    with pytest.raises(SignInError) as refused:
        Elsewhere(zoho, answer=answer).sign_in(tmp_path)
    assert refused.value.vendor_code == word
    assert refused.value.hint
    if answer == "other_dc":
        assert 'data_center = "in"' in refused.value.hint


def test_nobody_who_acts_ends_it_when_the_code_expires(zoho: Any, tmp_path: Path) -> None:
    person = Elsewhere(zoho, after=99)
    with pytest.raises(SignInError, match="in time") as refused:
        person.sign_in(tmp_path)
    assert refused.value.reason == "signed_out"
    assert sum(person.slept) <= 300


def meddled(zoho: Any, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the answers to a device that begins."""
    start = zoho.emulator.accounts._device_code

    def changed(request: WireRequest) -> Any:
        import json

        answer = start(request)
        body = json.loads(answer.body)
        change(body)
        return replace(answer, body=json.dumps(body).encode())

    zoho.emulator.accounts._device_code = changed


def test_a_page_that_is_not_zohos_is_not_shown(zoho: Any, tmp_path: Path) -> None:
    meddled(zoho, lambda body: body.update(verification_url="https://accounts.zoho.eu.evil.example/device"))
    person = Elsewhere(zoho)
    with pytest.raises(ForbiddenAddressError):
        person.sign_in(tmp_path)
    assert person.said == []


@pytest.mark.parametrize("name", ["user_code", "verification_url", "device_code"])
def test_an_answer_without_its_parts_is_refused(zoho: Any, tmp_path: Path, name: str) -> None:
    meddled(zoho, lambda body: body.pop(name))
    with pytest.raises(MalformedAnswerError):
        Elsewhere(zoho).sign_in(tmp_path)


def test_a_device_that_asks_too_often_is_slowed_down(zoho: Any, tmp_path: Path) -> None:
    meddled(zoho, lambda body: body.update(interval=1))
    person = Elsewhere(zoho, after=4)
    assert works(zoho, person.sign_in(tmp_path))
    assert person.slept == sorted(person.slept)
    assert person.slept[0] == 5.0, "never faster than every five seconds"
    assert person.slept[-1] > person.slept[0]


def test_the_device_flow_is_a_way_of_login() -> None:
    assert ADAPTER.login["device"].makes == "refresh_token"
    assert ADAPTER.login["device"].asks == ""
