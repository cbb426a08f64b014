"""Keys of the program itself (journal, backups) in the same stores as the connections' secrets."""

from __future__ import annotations

from typing import Protocol

from crm_bridge.credentials.secret import Secret
from crm_bridge.errors import CredentialStoreError
from crm_bridge.i18n import _

OWNER = "@keys"  # no connection may be called that: names have no "@"


class KeyStore(Protocol):
    """Where the program keeps its own keys, by name: the keyring, or a stand-in for tests."""

    def get(self, name: str, /) -> str | None:
        """Return the value, None when there is none."""
        ...

    def set(self, name: str, value: str, /) -> None:
        """Keep a value, replacing the one before."""
        ...


class _Store(Protocol):
    name: str

    def get(self, connection: str, item: str) -> Secret | None: ...

    def set(self, connection: str, item: str, value: str) -> None: ...


class _KeyTable(Protocol):
    name: str

    def key(self, name: str) -> Secret | None: ...


class StoredKeys:
    """Keys in a keyring or in the file for loopback connections."""

    def __init__(self, store: _Store) -> None:
        """Keep them in `store`."""
        self.name = store.name
        self._store = store

    def get(self, name: str) -> str | None:
        """Return the key, or None."""
        found = self._store.get(OWNER, name)
        return None if found is None else found.reveal()

    def set(self, name: str, value: str) -> None:
        """Keep the key."""
        self._store.set(OWNER, name, value)


class GivenKeys:
    """Keys from the table `[keys]` of a secrets file or descriptor: they are read, never written."""

    def __init__(self, source: _KeyTable) -> None:
        """Read them from `source`."""
        self.name = source.name
        self._source = source

    def source_is(self, kind: type) -> bool:
        """Return whether the keys come from this kind of source."""
        return isinstance(self._source, kind)

    def get(self, name: str) -> str | None:
        """Return the key, or None."""
        found = self._source.key(name)
        return None if found is None else found.reveal()

    def set(self, name: str, value: str) -> None:  # noqa: ARG002
        """Refuse: nothing is written back to where the user keeps secrets."""
        raise CredentialStoreError(
            _("{name} cannot be kept in {source}").format(name=name, source=self._source.name),
            reason="read_only",
            hint=_("make it there once: `crm-bridge keys init` with the same option"),
        )
