"""The head pin: size and root of the journal, kept where someone who changes the file cannot reach."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import JournalError
from crm_bridge.files import read_private, write_private
from crm_bridge.i18n import _
from crm_bridge.journal.format.merkle import HASH_SIZE
from crm_bridge.journal.format.note import NoteError, decode64, encode64
from crm_bridge.journal.keys import PIN


@dataclass(frozen=True, slots=True)
class Pin:
    """A size and root that a journal once had. An empty `uuid` fits any journal."""

    size: int
    root: bytes
    uuid: str = ""

    @classmethod
    def parse(cls, text: str, *, uuid: str = "") -> Pin:
        """Read `SIZE:ROOT`, the root in base64 or hex; raise JournalError when it is neither."""
        size, colon, root = text.strip().partition(":")
        try:
            digest = bytes.fromhex(root) if len(root) == 2 * HASH_SIZE else decode64(root)
            if not colon or not size.isascii() or not size.isdigit() or len(digest) != HASH_SIZE:
                raise ValueError
        except (ValueError, NoteError):
            raise JournalError(
                _("{text} is not a pin").format(text=text), reason="bad_pin", hint=_("write it as SIZE:ROOT")
            ) from None
        return cls(int(size), digest, uuid)

    def __str__(self) -> str:
        """Return `SIZE:ROOT` with the root in base64."""
        return f"{self.size}:{encode64(self.root)}"


class PinFile:
    """The pin in a file of its own, 0600: beside the keys, or wherever the configuration puts it."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or written before the first use."""
        self.name = f"file: {path}"
        self._path = path

    def get(self, name: str) -> str | None:  # noqa: ARG002 - it holds one thing
        """Return the pin as it was written, None when there is none yet."""
        try:
            return read_private(self._path, error=JournalError).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None

    def set(self, name: str, value: str) -> None:  # noqa: ARG002 - it holds one thing
        """Write the pin, replacing the one before."""
        write_private(self._path, f"{value}\n".encode("ascii"))


class NoPins:
    """No place for a pin: the keys come from where nothing can be written."""

    name = ""

    def get(self, name: str) -> str | None:  # noqa: ARG002
        """Return None: nothing was ever kept."""
        return None

    def set(self, name: str, value: str) -> None:
        """Keep nothing; `Journal.rollback_is_detected` says so."""


def read_pin(pins: KeyStore) -> Pin | None:
    """Return the stored pin, None when there is none yet."""
    text = pins.get(PIN)
    if not text:
        return None
    try:
        uuid, _space, rest = base64.b64decode(text, validate=True).decode("ascii").partition(" ")
    except ValueError:
        raise JournalError(
            _("the stored head pin is damaged"), reason="bad_pin", hint=_("run `crm-bridge journal check`")
        ) from None
    return Pin.parse(rest, uuid=uuid)


def write_pin(pins: KeyStore, pin: Pin) -> None:
    """Keep a pin, replacing the one before."""
    pins.set(PIN, base64.b64encode(f"{pin.uuid} {pin}".encode("ascii")).decode())
