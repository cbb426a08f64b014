"""Webhooks: signed as their services ask for, and believed only for what their body says.

DingTalk, WeCom and Feishu answer HTTP 200 and say in the body whether they took a message. Signatures:
DingTalk https://open.dingtalk.com/document/robots/customize-robot-security-settings, Feishu
https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot, WeCom has none
(https://developer.work.weixin.qq.com/document/path/91770), others https://www.standardwebhooks.com.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crm_bridge.clock import Clock
from crm_bridge.errors import AnswerLostError, ConfigError, CrmBridgeError, MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.notify.message import DeliveryState, Notice, SendResult
from crm_bridge.transport import Budget, Call, Network, Purpose, Response, Transport, is_loopback


@dataclass(frozen=True, slots=True)
class Webhook:
    """The way out of one channel that is an address. The address is a secret: it holds the service's token."""

    kind: str
    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    ca_file: Path | None
    clock: Clock
    randomness: random.Random

    @property
    def stays_here(self) -> bool:
        """Return whether the address is this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")

    def send(self, notice: Notice) -> SendResult:
        """Send one message and return what was observed; raises nothing for what the service or the network does."""
        call = KINDS[self.kind](self, notice)
        try:
            with Transport(
                name=notice.channel,
                origins=[self.url],
                clock=self.clock,
                randomness=self.randomness,
                budget=Budget(in_flight=1),
                network=Network(ca_file=self.ca_file),
            ) as transport:
                return _judged(self.kind, transport.send(call))
        except (AnswerLostError, MalformedAnswerError) as lost:
            return SendResult(DeliveryState.UNKNOWN, lost.reason)
        except CrmBridgeError as problem:
            return SendResult(DeliveryState.NOT_SENT, problem.reason)

    def call(self, body: bytes, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str]) -> Call:
        """Return the request; it is sent once, whatever comes back."""
        return Call(
            "POST",
            self.url,
            "/webhook",
            Purpose.CREATE,
            params=params or {},
            headers=headers,
            body=body,
            content_type="application/json; charset=utf-8",
        )

    @property
    def seconds(self) -> int:
        """Return the time of signatures."""
        return int(self.clock.now().timestamp())


def _judged(kind: str, answer: Response) -> SendResult:
    if not answer.ok:
        state = DeliveryState.UNKNOWN if answer.status >= 500 else DeliveryState.REFUSED
        return SendResult(state, f"http_{answer.status}")
    if kind == "webhook":
        return SendResult(DeliveryState.SENT)
    said = answer.json()
    code = said.get(_CODES[kind]) if isinstance(said, dict) else None
    if type(code) is not int:
        return SendResult(DeliveryState.UNKNOWN, "no_code")
    return SendResult(DeliveryState.SENT) if code == 0 else SendResult(DeliveryState.REFUSED, f"{kind}_{code}")


def _signed(key: str, content: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), content.encode(), sha256).digest()).decode()


def _text(notice: Notice, most: int) -> str:
    """Return subject and text, cut at so many bytes; nothing in it calls anybody (`<at ...>`)."""
    whole = f"{notice.subject}\n\n{notice.text}".replace("<", "＜").encode()
    return whole.decode() if len(whole) <= most else whole[: most - 3].decode(errors="ignore") + "…"


def _dingtalk(way: Webhook, notice: Notice) -> Call:
    stamp = str(way.seconds * 1000)
    sign = {"timestamp": stamp, "sign": _signed(way.secret, f"{stamp}\n{way.secret}")} if way.secret else {}
    body = {"msgtype": "text", "text": {"content": _text(notice, 18_000)}, "at": {"isAtAll": False}}
    return way.call(_json(body), params=sign, headers={})


def _wecom(way: Webhook, notice: Notice) -> Call:
    return way.call(_json({"msgtype": "text", "text": {"content": _text(notice, 2048)}}), headers={})


def _feishu(way: Webhook, notice: Notice) -> Call:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": _text(notice, 18_000)}}
    if way.secret:
        stamp = str(way.seconds)
        # Here the stamp and the secret are the key, and nothing is signed.
        body |= {"timestamp": stamp, "sign": _signed(f"{stamp}\n{way.secret}", "")}
    return way.call(_json(body), headers={})


def _standard(way: Webhook, notice: Notice) -> Call:
    """Return a call as Standard Webhooks has it; `webhook-id` is the same however often it is sent."""
    body = _json({"type": f"crm_bridge.{notice.topic}", "about": notice.about, "text": notice.text})
    headers = {"webhook-id": notice.key, "webhook-timestamp": str(way.seconds)}
    if way.secret:
        headers["webhook-signature"] = standard_signature(way.secret, notice.key, way.seconds, body)
    return way.call(body, headers=headers)


def standard_signature(secret: str, key: str, seconds: int, body: bytes) -> str:
    """Return the signature of Standard Webhooks, version 1. Raises ConfigError for a secret that is none."""
    try:
        raw = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ConfigError(_("the secret of a webhook is whsec_ and base64")) from None
    content = f"{key}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(raw, content, sha256).digest()).decode()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


KINDS: Mapping[str, Callable[[Webhook, Notice], Call]] = {
    "dingtalk": _dingtalk,
    "wecom": _wecom,
    "feishu": _feishu,
    "webhook": _standard,
}
_CODES = {"dingtalk": "errcode", "wecom": "errcode", "feishu": "code"}
