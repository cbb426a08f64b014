"""Chat services and webhooks: signed as their services ask, and believed only for what their body says."""

from __future__ import annotations

import base64
import hmac
import random
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.notify.message import DeliveryState, Notice, NoticeTopic, SendResult
from crm_bridge.notify.senders.chat import Webhook, standard_signature
from crm_bridge.notify.senders.library import LibrarySender
from tests.cli.conftest import Shell
from tests.notify.conftest import Got, Receiver, Removed, chat_channel, configure

NOTICE = Notice(NoticeTopic.RUN, "01RUN", "ops", "ops", "已删除 2 份合同", 'HT-1 <at user_id="all"></at>\n' * 2)
NOW = datetime(2021, 2, 25, 14, 22, 10, tzinfo=UTC)


def send(receiver: Receiver, kind: str, secret: str | None = None, notice: Notice = NOTICE) -> SendResult:
    way = Webhook(kind, receiver.url, secret, None, ManualClock(NOW), random.Random(1))
    return way.send(notice)


def test_dingtalk_signs_time_and_secret_with_the_secret(receiver: Receiver) -> None:
    assert send(receiver, "dingtalk", "SEC1234567890").state is DeliveryState.SENT
    asked = parse_qs(urlsplit(receiver.got[0].path).query)
    stamp = str(int(NOW.timestamp() * 1000))
    expected = hmac.new(b"SEC1234567890", f"{stamp}\nSEC1234567890".encode(), sha256).digest()
    assert asked == {
        "access_token": ["t0kent0kent0ken"], "timestamp": [stamp], "sign": [base64.b64encode(expected).decode()]
    }  # fmt: skip
    body = receiver.got[0].json()
    assert (body["msgtype"], body["at"]) == ("text", {"isAtAll": False})
    assert "已删除 2 份合同" in body["text"]["content"]


def test_feishu_signs_nothing_with_time_and_secret(receiver: Receiver) -> None:
    receiver.answer = lambda _got: (200, b'{"code":0,"msg":"success","data":{}}')
    assert send(receiver, "feishu", "S3cretS3cret").state is DeliveryState.SENT
    body, stamp = receiver.got[0].json(), str(int(NOW.timestamp()))
    expected = hmac.new(f"{stamp}\nS3cretS3cret".encode(), b"", sha256).digest()
    assert (body["timestamp"], body["sign"]) == (stamp, base64.b64encode(expected).decode())
    assert "<at" not in body["content"]["text"], "a number of a contract calls nobody"


def test_wecom_has_no_signature_and_cuts_at_2048_bytes(receiver: Receiver) -> None:
    long = Notice(NoticeTopic.RUN, "01RUN", "ops", "ops", "题", "合同" * 3000)
    assert send(receiver, "wecom", notice=long).state is DeliveryState.SENT
    content = receiver.got[0].json()["text"]["content"]
    assert len(content.encode()) <= 2048
    assert content.endswith("…")


def test_a_webhook_is_signed_as_standard_webhooks_has_it(receiver: Receiver) -> None:
    receiver.answer = lambda _got: (204, b"")
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    assert send(receiver, "webhook", secret).state is DeliveryState.SENT
    got = receiver.got[0]
    content = b".".join((got.headers["webhook-id"].encode(), got.headers["webhook-timestamp"].encode(), got.body))
    expected = base64.b64encode(hmac.new(b"k" * 24, content, sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert got.headers["webhook-id"] == NOTICE.key


def test_the_published_vector_of_standard_webhooks_is_met() -> None:
    """From the specification's reference libraries: id, time, payload, secret and the signature that they make."""
    secret, key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    made = standard_signature(secret, key, 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


Answer = Callable[[Got], "tuple[int, bytes] | None"]
MOODS: list[tuple[str, Answer, DeliveryState, str]] = [
    ("dingtalk", lambda _got: (200, b'{"errcode":310000,"errmsg":"sign not match"}'), DeliveryState.REFUSED,
     "dingtalk_310000"),
    ("wecom", lambda _got: (200, b'{"errcode":45009,"errmsg":"api freq out of limit"}'), DeliveryState.REFUSED,
     "wecom_45009"),
    ("feishu", lambda _got: (200, b'{"code":19021,"msg":"sign match fail"}'), DeliveryState.REFUSED, "feishu_19021"),
    ("dingtalk", lambda _got: (200, b"<html>maintenance</html>"), DeliveryState.UNKNOWN, ""),
    ("dingtalk", lambda _got: (200, b'{"ok":true}'), DeliveryState.UNKNOWN, "no_code"),
    ("dingtalk", lambda _got: (200, b'{"errcode":"0"}'), DeliveryState.UNKNOWN, "no_code"),
    ("webhook", lambda _got: (502, b"{}"), DeliveryState.UNKNOWN, "http_502"),
    ("webhook", lambda _got: (404, b"{}"), DeliveryState.REFUSED, "http_404"),
    ("webhook", lambda _got: (429, b"{}"), DeliveryState.REFUSED, "http_429"),
    ("wecom", lambda _got: None, DeliveryState.UNKNOWN, ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "answer", "state", "detail"), MOODS)
def test_a_yes_stands_in_the_body_and_a_lost_answer_is_unknown(
    receiver: Receiver, kind: str, answer: Answer, state: DeliveryState, detail: str
) -> None:
    receiver.answer = answer
    result = send(receiver, kind)
    assert result.state is state
    assert detail in result.detail
    assert len(receiver.got) == 1, "sent once, whatever came back"


def test_nothing_is_sent_where_nobody_listens(receiver: Receiver) -> None:
    receiver.url = "http://127.0.0.1:1/"
    assert send(receiver, "webhook").state is DeliveryState.NOT_SENT


def test_plain_http_to_another_machine_is_refused(receiver: Receiver) -> None:
    receiver.url = "http://chat.example.com/hook"
    assert send(receiver, "webhook").state is DeliveryState.NOT_SENT


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own, while it is imported
def test_apprise_is_used_for_everything_else(receiver: Receiver) -> None:
    way = LibrarySender(receiver.url.replace("http://", "json://"))
    assert way.stays_here
    assert way.send(NOTICE).state is DeliveryState.SENT
    assert "HT-1" in receiver.got[0].json()["message"]
    receiver.answer = lambda _got: (500, b"{}")
    assert way.send(NOTICE).state is DeliveryState.UNKNOWN


def test_an_error_in_a_200_is_told_and_the_message_sent_again_when_asked_for(
    shell: Shell, run: Removed, receiver: Receiver
) -> None:
    secret = "SEC" + "0a1b2c3d" * 4
    configure(shell.home, chat_channel("dingtalk", language="zh"), ops={"url": receiver.url, "secret": secret})
    receiver.answer = lambda _got: (200, b'{"errcode":130101,"errmsg":"send too fast"}')
    said = shell("notify", "send")
    assert said.code == 1
    assert "dingtalk_130101" in said.out
    for text in (said.out, said.err, shell("notify", "list", "--json").out):
        assert secret not in text
        assert "t0kent0ken" not in text
    receiver.answer = lambda _got: (200, b'{"errcode":0,"errmsg":"ok"}')
    assert [shell("notify", "send").code for _time in range(2)] == [0, 0]
    assert len(receiver.got) == 2
    assert "合同已删除" in receiver.got[1].json()["text"]["content"]


def test_in_quiet_hours_messages_wait_in_the_outbox(
    shell: Shell, run: Removed, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = datetime.now(UTC).hour
    quiet = f"{hour:02}:00-{(hour + 2) % 24:02}:00"
    configure(shell.home, f'[notify]\nquiet_hours = "{quiet}"\n' + chat_channel("wecom"), ops={"url": receiver.url})
    (waits,) = shell("notify", "send", "--json").document()["deliveries"]
    assert (waits["state"], receiver.got) == ("queued", [])
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(3 * 3600))
    (sent,) = shell("notify", "send", "--json").document()["deliveries"]
    assert (sent["state"], len(receiver.got)) == ("sent", 1)


def test_a_stand_in_tells_nobody_outside(shell: Shell, run: Removed) -> None:
    url = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"
    configure(shell.home, chat_channel("dingtalk"), ops={"url": url})
    said = shell("notify", "send", "--json")
    assert said.code == 2
    assert "ops" in said.error()["message"]


def test_a_team_replaces_the_words_and_a_name_that_is_none_is_told(
    shell: Shell, run: Removed, receiver: Receiver
) -> None:
    folder = shell.home / "templates"
    folder.mkdir()
    configure(shell.home, '[notify]\ntemplates = "templates"\n' + chat_channel("wecom"), ops={"url": receiver.url})
    (folder / "run.en.txt").write_text("Ours: $count\n\n$contracts\n", encoding="utf-8")
    (notice,) = shell("notify", "send", "--preview", "--json").document()["notices"]
    assert notice["subject"].startswith("Ours: ")
    (folder / "run.en.txt").write_text("Ours: $coutn\n", encoding="utf-8")
    said = shell("notify", "send", "--json")
    assert "coutn" in said.error()["message"]
    assert "$count" in said.error()["hint"]
    assert receiver.got == []


def test_a_test_message_names_no_contract(shell: Shell, run: Removed, receiver: Receiver) -> None:
    configure(shell.home, chat_channel("wecom"), ops={"url": receiver.url})
    assert shell("notify", "test", "ops").code == 0
    assert "No contract is concerned" in receiver.got[0].json()["text"]["content"]
