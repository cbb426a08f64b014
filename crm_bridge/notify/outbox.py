"""The outbox: a private file for each message, written before and after every step of its sending.

A message that was on its way when the program ended is `unknown` from then on: it may have arrived.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from crm_bridge import failpoints
from crm_bridge.clock import Clock
from crm_bridge.errors import ConfigError
from crm_bridge.files import ensure_private_folder, read_private, write_private
from crm_bridge.i18n import _
from crm_bridge.locks import hold
from crm_bridge.notify.message import DeliveryState, Dispatch, Notice, SendResult

FOLDER = "outbox"


class Outbox:
    """What became of every message. Changed by one process at a time, the one that holds it."""

    def __init__(self, home: Path, clock: Clock) -> None:
        """Use the folder of a state directory; the first message makes it."""
        self._folder = home / FOLDER
        self._clock = clock

    def held(self) -> AbstractContextManager[None]:
        """Keep other processes out while the block runs. Raises JournalBusyError."""
        return hold(ensure_private_folder(self._folder) / "lock", what="notify")

    def deliveries(self) -> Iterator[Dispatch]:
        """Yield every message, the oldest first."""
        read = [self._read(path) for path in self._folder.glob("*.json")] if self._folder.is_dir() else []
        yield from sorted(read, key=lambda one: (one.at, one.key))

    def queued(self, notice: Notice) -> Dispatch:
        """Return the state of a message, and enter it where it is new. The caller holds the outbox."""
        try:
            known = self._read(self._path(notice.key))
        except FileNotFoundError:
            new = Dispatch(
                notice.key, notice.topic.value, notice.about, notice.channel, notice.recipient, DeliveryState.QUEUED
            )
            return self._write("notify.queue", new)
        if known.state is DeliveryState.SENDING:
            return self._write("notify.note", replace(known, state=DeliveryState.UNKNOWN, detail="interrupted"))
        return known

    def sending(self, delivery: Dispatch) -> Dispatch:
        """Note that a message is about to leave: on disk before its first byte."""
        changed = replace(delivery, state=DeliveryState.SENDING, tries=delivery.tries + 1, detail="")
        return self._write("notify.intent", changed)

    def note(self, delivery: Dispatch, result: SendResult) -> Dispatch:
        """Note what the sender observed."""
        return self._write("notify.note", replace(delivery, state=result.state, detail=result.detail))

    def _write(self, step: str, delivery: Dispatch) -> Dispatch:
        written = replace(delivery, at=self._clock.now().isoformat(timespec="milliseconds"))
        with failpoints.step(step):
            write_private(self._path(written.key), json.dumps(written.as_json(), indent=1).encode())
        return written

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _read(self, path: Path) -> Dispatch:
        try:
            return Dispatch.from_json(json.loads(read_private(path)))
        except (ValueError, KeyError, TypeError):
            # Not taken for a message that was never sent: that would send it again.
            raise ConfigError(_("{path} is no message of the outbox").format(path=path), reason="outbox") from None
