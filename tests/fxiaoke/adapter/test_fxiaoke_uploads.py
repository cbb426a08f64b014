"""Files go back by the way that each style documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crm_bridge.domain.snapshot import Attachment
from crm_bridge.errors import ForbiddenAddressError, RequestRefusedError
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.restoring.uploads import Uploads

STYLES = pytest.mark.parametrize("auth", ["corp_token", "app_secret"])
MEGABYTE = 1024 * 1024


def file(content: bytes, *, times: int = 1, name: str = "合同 扫描件.pdf") -> Attachment:
    return Attachment("N_1", name, len(content) * times, "attach__c", lambda: iter([content] * times))


def uploads(rig: Any, **settings: object) -> Uploads:
    adapter = rig.connect(**settings)
    adapter.whoami()
    return Uploads(adapter.client)


@STYLES
def test_a_file_comes_back_with_the_same_bytes(mount: Any, auth: str) -> None:
    rig = mount(count=3)
    sender = uploads(rig, auth=auth)
    sent = sender.send(file(b"%PDF-1.4 content"))
    world = rig.emulator.world
    assert world.files[world.media.get(sent.path, sent.path)].content == b"%PDF-1.4 content"
    assert sent.name == "合同 扫描件.pdf"
    assert rig.calls("/media/upload") == (1 if auth == "corp_token" else 0)


def test_the_older_way_carries_the_token_as_a_form_field_and_never_in_the_address(mount: Any) -> None:
    rig = mount(count=3)
    sender = uploads(rig, auth="corp_token")
    heard: list[WireRequest] = []
    rig.intercept = lambda request: heard.append(request)
    sender.send(file(b"x"))
    [upload] = [one for one in heard if one.path == "/media/upload"]
    assert b'name="corpAccessToken"' in upload.body
    assert b'name="media"' in upload.body
    assert "corpAccessToken" not in upload.query


def test_the_newer_way_sends_the_bytes_without_credentials_to_the_signed_address(mount: Any) -> None:
    rig = mount(count=3)
    sender = uploads(rig, auth="app_secret")
    heard: list[WireRequest] = []
    rig.intercept = lambda request: heard.append(request)
    sent = sender.send(file(b"bytes"))
    [upload] = [one for one in heard if one.path.startswith("/filesvc/upload/")]
    assert (upload.body, upload.path[-1]) == (b"bytes", "/")
    assert "authorization" not in upload.headers
    assert sent.path.startswith("TN_")


def test_a_file_over_twenty_megabytes_takes_the_signed_way(mount: Any) -> None:
    rig = mount(count=3)
    uploads(rig, auth="corp_token").send(file(b"x" * MEGABYTE, times=21))
    assert rig.calls("/media/upload") == 0
    assert rig.calls("/generatorFileUploadCredential") == 1


def test_a_file_over_a_hundred_megabytes_is_refused_before_it_is_sent(mount: Any) -> None:
    rig = mount(count=3)
    sender = uploads(rig)
    with pytest.raises(RequestRefusedError) as caught:
        sender.send(file(b"x" * MEGABYTE, times=101))
    assert caught.value.reason == "too_large"
    assert rig.calls("/media/upload") == 0


def test_an_address_on_a_strange_host_gets_nothing(mount: Any) -> None:
    rig = mount(count=3)
    sender = uploads(rig, auth="app_secret")
    strange = {"errorCode": 0, "data": {"url": "https://evil.example.com/up/", "sign": "s"}}

    def answer(request: WireRequest) -> WireResponse | None:
        return WireResponse.of_json(strange) if request.path.endswith("Credential") else None

    rig.intercept = answer
    with pytest.raises(ForbiddenAddressError):
        sender.send(file(b"secret"))


@pytest.mark.parametrize("body", [{"success": False, "code": 400, "message": "签名已过期"}, {}])
def test_an_upload_that_the_file_store_refuses_is_an_error(mount: Any, body: dict[str, Any]) -> None:
    rig = mount(count=3)
    sender = uploads(rig, auth="app_secret")

    def answer(request: WireRequest) -> WireResponse | None:
        return WireResponse.of_json(body) if request.path.startswith("/filesvc/") else None

    rig.intercept = answer
    with pytest.raises(RequestRefusedError):
        sender.send(file(b"x"))


def test_names_of_files_stay_data(mount: Any) -> None:
    rig = mount(count=3)
    sender = uploads(rig, auth="app_secret")
    heard: list[WireRequest] = []
    rig.intercept = lambda request: heard.append(request)
    sender.send(file(b"x", name='../../etc/"passwd\r\nX: 1'))
    asked = json.loads(next(one.body for one in heard if one.path.endswith("Credential")))
    assert asked["data"]["filename"] == '../../etc/"passwd\r\nX: 1'
