"""Event callbacks by push: a receiver of its own checks, decrypts and answers them, with only our key."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe


class Receiver(HTTPServer):
    """A subscriber: what it decrypted, and how it answers."""

    def __init__(self, key: str) -> None:
        super().__init__(("127.0.0.1", 0), Callback)
        self.key = key
        self.heard: list[dict[str, Any]] = []
        self.bodies: list[dict[str, Any]] = []
        self.manners = ["full"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/event/crmCallback"

    def cipher(self) -> Cipher[modes.CBC]:
        raw = base64.b64decode(self.key)
        return Cipher(algorithms.AES(raw), modes.CBC(raw[:16]))

    def open(self, body: dict[str, Any]) -> dict[str, Any]:
        names = ("timestamp", "nonce", "messageId", "retryTimes", "enterpriseAccount", "encryptedContent")
        text = "".join(str(body[name]) for name in names if name in body) + self.key
        assert body["signature"] == hashlib.sha1(text.encode()).hexdigest()
        opened = self.cipher().decryptor()
        padded = opened.update(base64.b64decode(body["encryptedContent"])) + opened.finalize()
        plain: dict[str, Any] = json.loads(padded[: -padded[-1]])
        return plain

    def reply(self, manner: str) -> bytes:
        sealed = self.cipher().encryptor()
        word = b"success" + b"\x09" * 9  # PKCS padding to sixteen bytes
        secret = base64.b64encode(sealed.update(word) + sealed.finalize()).decode()
        if manner == "short":
            return json.dumps({"encryptedResult": secret}).encode()
        if manner == "wrong":
            return b"ok"
        signed = hashlib.sha1(f"17abc{secret}{self.key}".encode()).hexdigest()
        told = {"timestamp": 17, "nonce": "abc", "encryptedResult": secret, "signature": signed}
        return json.dumps(told | ({"signature": "0" * 40} if manner == "forged" else {})).encode()


class Callback(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.heard.append(self.server.open(body))
        manners = self.server.manners
        answer = self.server.reply(manners.pop(0) if len(manners) > 1 else manners[0])
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def receiver(emulator: FxiaokeEmulator) -> Iterator[Receiver]:
    with Receiver(emulator.control("events", {})["key"]) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("manner", ["full", "short"])
def test_a_void_and_a_recovery_are_heard_of_and_acknowledged(
    old: Probe,
    emulator: FxiaokeEmulator,
    switch: Callable[..., None],
    ids: list[str],
    receiver: Receiver,
    manner: str,
) -> None:
    switch(events="all", cascade="none")
    receiver.manners = [manner]
    old.data("invalid", object_data_id=ids[0])
    old.data("recover", idList=[ids[0]])
    told = emulator.control("deliver", {"url": receiver.url})["delivered"]
    assert [(one["acknowledged"], one["attempts"]) for one in told] == [(True, 1), (True, 1)]
    about = {"apiName": "SaleContractObj", "dataId": ids[0]}
    assert receiver.heard == [{**about, "eventType": "invalid"}, {**about, "eventType": "recover"}]
    assert emulator.control("deliver", {"url": receiver.url}) == {"delivered": []}


@pytest.mark.parametrize("manner", ["wrong", "forged"])
def test_an_answer_that_does_not_acknowledge_is_followed_by_one_retry(
    old: Probe,
    emulator: FxiaokeEmulator,
    switch: Callable[..., None],
    ids: list[str],
    receiver: Receiver,
    manner: str,
) -> None:
    switch(events="all", cascade="none")
    receiver.manners = [manner, "full"]
    old.data("invalid", object_data_id=ids[0])
    [told] = emulator.control("deliver", {"url": receiver.url})["delivered"]
    assert (told["acknowledged"], told["attempts"]) == (True, 2)
    first, second = receiver.bodies
    assert "retryTimes" not in first
    assert (second["retryTimes"], second["messageId"]) == (1, first["messageId"])


def test_a_receiver_that_is_not_there_is_told(
    old: Probe, emulator: FxiaokeEmulator, switch: Callable[..., None], ids: list[str]
) -> None:
    switch(events="all", cascade="none")
    old.data("invalid", object_data_id=ids[0])
    [told] = emulator.control("deliver", {"url": "http://127.0.0.1:9"})["delivered"]
    assert (told["acknowledged"], told["attempts"]) == (False, 2)


@pytest.mark.parametrize("url", ["", "https://127.0.0.1/x", "http://crm.example/x", "file:///etc/passwd"])
def test_events_never_leave_this_machine(
    old: Probe, emulator: FxiaokeEmulator, switch: Callable[..., None], ids: list[str], url: str
) -> None:
    switch(events="all", cascade="none")
    old.data("invalid", object_data_id=ids[0])
    assert "error" in emulator.control("deliver", {"url": url})
    assert len(emulator.control("events", {})["events"]) == 1
