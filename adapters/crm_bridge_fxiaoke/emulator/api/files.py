"""Files: media calls of the old style, signed addresses and upload credentials of the new one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from crm_bridge.spi.emulator import Effect, WireRequest, WireResponse
from crm_bridge_fxiaoke.emulator.call import Call, as_bool, as_int, need_list, need_text
from crm_bridge_fxiaoke.emulator.envelope import business, missing
from crm_bridge_fxiaoke.emulator.state.present import View
from crm_bridge_fxiaoke.emulator.state.state import StoredFile, World

PRESIGNED = "/filesvc/get/"
UPLOADS = "/filesvc/upload/"
MOST = {"document": 20 << 20, "image": 5 << 20}
IMAGES = frozenset({"jpg", "jpeg", "png", "gif", "bmp"})
_KEY = b"signs the sandbox's own addresses"


def upload(world: World, call: Call) -> dict[str, Any]:
    """Answer media/upload: a multipart body whose part is called `media`."""
    parts = multipart(call.request)
    kind = str(call.params.get("type") or call.body.get("type") or "document").lower()
    if "media" not in parts:
        raise missing("media", 10006)
    name, content = parts["media"]
    if kind not in MOST or (kind == "image" and name.rpartition(".")[2].lower() not in IMAGES):
        raise missing("type", 10006)
    if len(content) > MOST[kind]:
        raise business(f"文件大小超过{MOST[kind] >> 20}M")
    stored = world.add_file(name, content, temporary=True)
    world.effects.append(Effect("attached", "media", stored.path, call.actor))
    return {"mediaId": stored.media_id}


def download(world: World, call: Call) -> WireResponse:
    """Answer media/download with the bytes; an npath counts only where `igonreMediaIdConvert` says so."""
    name = need_text(call.body, "mediaId")
    if as_bool(call.body.get("igonreMediaIdConvert")) or call.style == "new":
        path = View.of(world, call).read_path(name)
    elif name in world.media:
        path = world.media[name]
    else:
        raise business("文件不存在或已过期")
    if path not in world.files:
        raise business("文件不存在或已过期")
    return _bytes(world.files[path])


def delete(world: World, call: Call) -> dict[str, Any]:
    """Answer media/delete."""
    path = world.media.pop(need_text(call.body, "mediaId"), "")
    if world.files.pop(path, None) is None:
        raise business("文件不存在或已过期")
    return {}


def presign(world: World, call: Call) -> dict[str, Any]:
    """Answer getPresignedUrl: addresses that need no token until they expire, in seconds."""
    if not world.switches.presigned_urls:
        raise business("当前企业不支持获取文件预签名地址")
    seconds = as_int(call.data.get("expire"), "expire", 600) or 600
    until = world.now_ms() + seconds * 1000
    told = []
    for path in need_list(call.data, "paths"):
        kept = View.of(world, call).read_path(path)
        url = f"{world.base_url}{PRESIGNED}{quote(kept)}?expire={until}&sign={_sign(kept, str(until))}"
        told.append({"path": path, "url": url})
    return {"data": told}


def credential(world: World, call: Call) -> dict[str, Any]:
    """Answer generatorFileUploadCredential: a signed address for one upload."""
    seconds = as_int(call.data.get("expireTime"), "expireTime", 600)
    size = as_int(call.data.get("fileSize"), "fileSize", 0)
    kind = call.text("resourceType")
    if not 60 <= seconds <= 604_800 or size > 100 << 20 or kind not in ("N", "TN"):
        raise missing("expireTime" if kind in ("N", "TN") else "resourceType")
    name = call.text("filename")
    ticket = world.new_id()
    until = str(world.now_ms() + seconds * 1000)
    world.uploads[ticket] = (kind, name)
    data = {
        "method": "POST",
        "url": f"{world.base_url}{UPLOADS}{ticket}/",
        "acid": ticket,
        "resource": kind,
        "ak": "sandbox",
        "sign": _sign(ticket, until),
        "expiry": until,
        "filename": quote(name),
        "size": str(size),
        "digest": "",
        "contentType": "application/octet-stream",
    }
    return {"data": data}


def fetch_signed(world: World, request: WireRequest) -> WireResponse:
    """Serve a presigned address."""
    path = unquote(request.path.removeprefix(PRESIGNED))
    params = request.params()
    until = params.get("expire", "")
    good = hmac.compare_digest(params.get("sign", "").encode(), _sign(path, until).encode())
    if not good or not until.isdigit() or int(until) < world.now_ms() or path not in world.files:
        return WireResponse.of_json({"success": False, "code": 400, "message": "签名已过期"})
    return _bytes(world.files[path])


def take_upload(world: World, request: WireRequest) -> WireResponse:
    """Serve the second step of an upload: raw bytes, or a form with the part `facishareFile`. One ticket, one use."""
    ticket, slash = request.path.removeprefix(UPLOADS)[:-1], request.path[-1:]
    headers = request.headers
    until = headers.get("expiry", "")
    good = hmac.compare_digest(headers.get("sign", "").encode(), _sign(ticket, until).encode())
    if not good or slash != "/" or not until.isdigit() or int(until) < world.now_ms() or ticket not in world.uploads:
        return WireResponse.of_json({"success": False, "code": 400, "message": "签名已过期"})
    kind, name = world.uploads.pop(ticket)
    content = request.body
    if headers.get("content-type", "").startswith("multipart/"):
        content = multipart(request).get("facishareFile", ("", b""))[1]
    stored = world.add_file(name, content, temporary=kind == "TN")
    world.effects.append(Effect("attached", "file", stored.path))
    return WireResponse.of_json({"success": True, "code": 200, "message": "success", "data": stored.path})


def multipart(request: WireRequest) -> Mapping[str, tuple[str, bytes]]:
    """Return the parts of a form by name, each with its file name and bytes."""
    header = request.headers.get("content-type", "")
    _kind, _mark, boundary = header.partition("boundary=")
    parts: dict[str, tuple[str, bytes]] = {}
    boundary = boundary.split(";")[0].strip('" ')
    if not boundary:
        return parts
    for part in (b"\r\n" + request.body).split(b"\r\n--" + boundary.encode())[1:-1]:
        head, _blank, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        text = head.decode(errors="replace")
        if name := _parameter(text, "name"):
            parts[name] = (_parameter(text, "filename"), content)
    return parts


def _parameter(head: str, name: str) -> str:
    for piece in head.replace("\r\n", ";").split(";"):
        key, _equals, value = piece.strip().partition("=")
        if key == name + "*":
            return unquote(value.partition("''")[2])
        if key == name:
            return value.strip('"')
    return ""


def form_fields(request: WireRequest) -> dict[str, Any]:
    """Return the text parts of a form, which may carry the credentials."""
    parts = multipart(request)
    return {
        name: content.decode(errors="replace")
        for name, (file, content) in parts.items()
        if not file and name != "media"
    }


def _bytes(stored: StoredFile) -> WireResponse:
    headers = (
        ("Content-Type", "application/octet-stream"),
        ("Content-Disposition", f"attachment;filename*=UTF-8''{quote(stored.name)}"),
    )
    return WireResponse(200, headers, stored.content)


def _sign(subject: str, until: str) -> str:
    return hmac.new(_KEY, f"{subject}\n{until}".encode(), hashlib.sha256).hexdigest()
