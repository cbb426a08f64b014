"""Sending: what is not sent yet goes out, once; what became of each message is in the outbox and in the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Protocol

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge
from crm_bridge.bridge.setup.connection_secrets import ConnectionSecrets
from crm_bridge.credentials import EnvironmentSecrets
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.errors import SandboxOnlyError, UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.notify.message import OPEN, Dispatch, Notice, NoticeTopic, SendResult
from crm_bridge.notify.outbox import Outbox
from crm_bridge.notify.senders.chat import Webhook
from crm_bridge.notify.senders.library import LibrarySender
from crm_bridge.notify.senders.smtp import Mailer
from crm_bridge.notify_file import ChannelTable, NotifyTable
from crm_bridge.pipeline.entries import NOTIFIED

SECRETS = {"smtp": ("user", "password"), "apprise": ("url",)}
"""Secrets of a channel by its kind; the others have these."""
_WEBHOOK_SECRETS = ("url", "secret")


class WayOut(Protocol):
    """A way out: sends one message and says what it observed."""

    @property
    def stays_here(self) -> bool:
        """Return whether nothing leaves this machine."""
        ...

    def send(self, notice: Notice) -> SendResult:
        """Send one message, once."""
        ...


def post(bridge: Bridge, made: Iterable[Notice], *, again: Collection[str] = ()) -> list[Dispatch]:
    """Send what has reached nobody yet, and messages whose key is in `again`; return what became of each.

    In quiet hours everything stays queued. What was sent or is unknown is not sent again unasked. Raises UsageError,
    ConfigError, SandboxOnlyError before anything is sent, JournalBusyError while another process sends.
    """
    table, outbox = bridge.env.config.notify, Outbox(bridge.home, bridge.env.clock)
    notices = list(made)
    senders = {name: sender_of(bridge, table, name) for name in {one.channel for one in notices}}
    quiet = table.quiet(bridge.env.clock.now())
    with outbox.held():
        deliveries = [outbox.queued(notice) for notice in notices]
        for place, (notice, delivery) in enumerate(zip(notices, deliveries, strict=True)):
            if delivery.key in again or (delivery.state in OPEN and not quiet):
                deliveries[place] = _send(outbox, senders[notice.channel], notice, delivery)
        _journal(bridge, deliveries)
    return deliveries


def _send(outbox: Outbox, sender: WayOut, notice: Notice, delivery: Dispatch) -> Dispatch:
    on_its_way = outbox.sending(delivery)
    with failpoints.step("notify.send"):
        result = sender.send(notice)
    return outbox.note(on_its_way, result)


def _journal(bridge: Bridge, deliveries: list[Dispatch]) -> None:
    """Journal how many messages are in which state: a review tells who was not told."""
    if not deliveries or deliveries[0].topic == NoticeTopic.TEST.value:
        return
    counts: dict[str, JsonValue] = dict(Counter(one.state.value for one in deliveries))
    first = deliveries[0]
    run, plan = (first.about, "") if first.topic == NoticeTopic.RUN.value else ("", first.about)
    with failpoints.step("notify.journal"):
        bridge.journal.append([NewEntry(NOTIFIED, run=run, plan=plan, body={"states": counts})])


def sender_of(bridge: Bridge, table: NotifyTable, name: str) -> WayOut:
    """Return the way out of a channel. Raises UsageError, CredentialStoreError, SandboxOnlyError."""
    if name not in table.channels:
        raise UsageError(
            _("there is no channel {name}").format(name=name),
            hint=_("channels stand in config.toml as [notify.channels.NAME]"),
        )
    sender = _sender(bridge, name, table.channels[name])
    if bridge.env.only_loopback and not sender.stays_here:
        raise SandboxOnlyError(
            _("the channel {name} leaves this machine, and every connection is a stand-in").format(name=name),
            hint=_("a rehearsal tells nobody; use the state directory of the real connection"),
        )
    return sender


def _sender(bridge: Bridge, name: str, table: ChannelTable) -> WayOut:
    env, secrets = bridge.env, secrets_of(bridge, name, table)
    ca_file = bridge.home / Path(table.ca_file).expanduser() if table.ca_file else None
    if table.kind == "smtp":
        return Mailer(table, secrets.get("user"), secrets.get("password"), ca_file, env.clock)
    url = secrets.need("url")
    if table.kind == "apprise":
        return LibrarySender(url)
    return Webhook(table.kind, url, secrets.get("secret"), ca_file, env.clock, env.randomness)


def secrets_of(bridge: Bridge, name: str, table: ChannelTable) -> ConnectionSecrets:
    """Return the reader of a channel's secrets: they are kept as those of a connection `notify.NAME`."""
    env, owner = bridge.env, f"notify.{name}"
    named = [EnvironmentSecrets(owner, table.secrets_env, environ=env.environ)] if table.secrets_env else []
    return ConnectionSecrets(owner, [*env.given, *named], env)


def secret_names(table: ChannelTable) -> tuple[str, ...]:
    """Return which secrets a channel may have."""
    return SECRETS.get(table.kind, _WEBHOOK_SECRETS)
