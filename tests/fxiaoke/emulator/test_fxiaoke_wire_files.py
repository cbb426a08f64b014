"""Files in both styles: media calls, signed addresses, upload credentials."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe

CONTENT = b"\r\n--fence\r\x00\xff--"


def attachment(probe: Probe, ids: list[str], **data: Any) -> dict[str, Any]:
    for key in ids:
        found = probe.data("get", objectDataId=key, **data)["data"]
        if "attach__c" in found:
            item: dict[str, Any] = found["attach__c"][0]
            return item
    raise AssertionError("no attachment in the seed")


def fetch(emulator: FxiaokeEmulator, url: str) -> WireResponse:
    parts = urlsplit(url)
    return emulator.handle(WireRequest("GET", parts.path, parts.query))


def form(name: str, filename: str, content: bytes, fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    parts = [
        f'--f0\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--f0\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
    return b"".join(parts) + head.encode() + content + b"\r\n--f0--\r\n", {
        "content-type": "multipart/form-data; boundary=f0"
    }


def test_the_style_decides_between_media_id_and_npath(old: Probe, new: Probe, ids: list[str]) -> None:
    npath = attachment(new, ids)["path"]
    assert npath.startswith("N_202608_03_")
    assert attachment(old, ids)["path"] != npath
    assert attachment(old, ids, igonreMediaIdConvert=True)["path"] == npath


def test_a_download_by_media_id_or_by_npath_gives_the_same_bytes(old: Probe, ids: list[str]) -> None:
    media, npath = attachment(old, ids), attachment(old, ids, igonreMediaIdConvert=True)

    def download(**top: Any) -> WireResponse:
        return old.raw("/media/download", json.dumps({**old.credentials()[0], **top}).encode())

    by_media = download(mediaId=media["path"])
    by_npath = download(mediaId=npath["path"], igonreMediaIdConvert=True, mediaTypeDesc="DOCUMENT")
    assert by_media.body == by_npath.body
    assert by_media.body.startswith(b"%PDF-1.4")
    assert len(by_media.body) == media["size"]
    assert "filename" in dict(by_media.headers)["Content-Disposition"]
    assert json.loads(download(mediaId=npath["path"]).body)["errorCode"] == 50009


@pytest.mark.parametrize("in_form", [True, False])
def test_an_uploaded_file_is_attached_and_comes_back(
    old: Probe, emulator: FxiaokeEmulator, ids: list[str], in_form: bool
) -> None:
    known = {key: str(value) for key, value in old.credentials()[0].items()} | {"type": "document"}
    body, headers = form("media", "合同.pdf", CONTENT, known if in_form else {})
    query = "" if in_form else f"?corpAccessToken={old.token}&corpId={emulator.world.corp_id}&type=document"
    media = json.loads(old.raw(f"/media/upload{query}", body, headers).body)["mediaId"]
    data = {"dataObjectApiName": "SaleContractObj", "_id": ids[1], "attach__c": [{"name": "a.pdf", "path": media}]}
    assert old.data("update", object_data=data)["errorCode"] == 0
    kept = old.data("get", objectDataId=ids[1], igonreMediaIdConvert="true")["data"]["attach__c"][0]
    assert (kept["filename"], kept["size"], kept["ext"]) == ("a.pdf", len(CONTENT), "pdf")
    assert kept["path"].startswith("N_")
    credentials = old.credentials()[0]
    asked = json.dumps({**credentials, "mediaId": kept["path"], "igonreMediaIdConvert": True}).encode()
    assert old.raw("/media/download", asked).body == CONTENT


def test_an_image_must_be_one(old: Probe, emulator: FxiaokeEmulator) -> None:
    body, headers = form("media", "a.pdf", b"x", {})
    query = f"?corpAccessToken={old.token}&corpId={emulator.world.corp_id}&type=image"
    assert json.loads(old.raw(f"/media/upload{query}", body, headers).body)["errorCode"] == 10006


def test_a_signed_address_works_without_a_token_until_it_expires(
    new: Probe, emulator: FxiaokeEmulator, clock: ManualClock, ids: list[str]
) -> None:
    npath = attachment(new, ids)["path"]
    told = new.call("/cgi/crm/v2/file/getPresignedUrl", {"paths": [npath], "expire": 60}, includeNull=True)
    url = told["data"][0]["url"]
    assert fetch(emulator, url).body.startswith(b"%PDF")
    assert json.loads(fetch(emulator, url.replace("sign=", "sign=0")).body)["success"] is False
    clock.advance(61)
    assert json.loads(fetch(emulator, url).body)["message"] == "签名已过期"


@pytest.mark.parametrize("stream", [True, False])
def test_an_upload_credential_is_good_for_one_upload(new: Probe, emulator: FxiaokeEmulator, stream: bool) -> None:
    data = {"expireTime": 600, "resourceType": "TN", "isStreamUpload": stream, "filename": "合同.pdf", "fileSize": 7}
    given = new.call("/cgi/crm/v2/generatorFileUploadCredential", data)["data"]
    body, more = (CONTENT, {}) if stream else form("facishareFile", "合同.pdf", CONTENT, {})
    headers = {key: value for key, value in given.items() if key not in ("method", "url")} | more
    path = given["url"].removeprefix("http://fx.test") + "?traceId=1&linkId=2"
    first = json.loads(new.raw(path, body, headers).body)
    second = json.loads(new.raw(path, body, headers).body)
    assert (first["success"], first["code"], first["data"][:3]) == (True, 200, "TN_")
    assert emulator.world.files[first["data"]].content == CONTENT
    assert second == {"success": False, "code": 400, "message": "签名已过期"}


def test_a_deleted_file_is_gone(old: Probe, ids: list[str]) -> None:
    media = attachment(old, ids)["path"]
    assert old.call("/media/delete", mediaId=media)["errorCode"] == 0
    assert old.call("/media/download", mediaId=media)["errorCode"] == 50009
