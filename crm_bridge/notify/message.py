"""A message: one recipient, one subject of one run or plan, and what became of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Self


class NoticeTopic(StrEnum):
    """Kinds of messages."""

    RUN = "run"
    """A run has ended."""
    PLAN = "plan"
    """A plan is announced."""
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message as it is sent. `table` is a CSV of its contracts, for ways out that can attach one."""

    topic: NoticeTopic
    about: str
    """Id of the run, or digest of the plan."""
    channel: str
    recipient: str
    """An address, or the name of the channel where that is all there is to address."""
    subject: str
    text: str
    table: bytes = b""

    @property
    def key(self) -> str:
        """Return the stable name of the message: one for each topic, subject, channel and recipient."""
        told = "\0".join((self.topic.value, self.about, self.channel, self.recipient))
        return sha256(told.encode()).hexdigest()[:32]


class DeliveryState(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    """Not sent yet: quiet hours, or the program ended before."""
    SENDING = "sending"
    """On its way; found later, nobody knows."""
    SENT = "sent"
    """The service took it."""
    REFUSED = "refused"
    """The service answered that it did not take it; sent again when asked for."""
    NOT_SENT = "not_sent"
    """It did not leave this machine; sent again when asked for."""
    UNKNOWN = "unknown"
    """It left, and the answer is not known: sent again only when somebody says so."""


OPEN = frozenset({DeliveryState.QUEUED, DeliveryState.REFUSED, DeliveryState.NOT_SENT})
"""States in which a message has reached nobody, and the next call sends it."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """What a sender observed. `detail` is a code or reason, never text of the service."""

    state: DeliveryState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One message in the outbox, without its content."""

    key: str
    topic: str
    about: str
    channel: str
    recipient: str
    state: DeliveryState
    at: str = ""
    tries: int = 0
    detail: str = field(default="")

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read what `as_json` returned. Raises KeyError, TypeError, ValueError for anything else."""
        return cls(**{**value, "state": DeliveryState(value["state"])})
