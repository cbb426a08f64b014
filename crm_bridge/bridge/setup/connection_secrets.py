"""Secrets of one connection, from wherever they were named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crm_bridge.credentials import Secret, SecretSource
from crm_bridge.errors import CredentialStoreError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.environment import Environment


class ConnectionSecrets:
    """The secrets of one connection: the named sources first, the keyring where none was named."""

    def __init__(self, connection: str, sources: Sequence[SecretSource], env: Environment) -> None:
        """Look through `sources` in order."""
        self._connection = connection
        self._sources = sources
        self._env = env

    def get(self, item: str) -> str | None:
        """Return a secret, or None when no source has it."""
        for source in self._sources:
            if secret := source.get(self._connection, item):
                return secret.reveal()
        if self._sources and not self._env.only_loopback:
            return None
        secret = self._from_store(item)
        return secret.reveal() if secret else None

    def _from_store(self, item: str) -> Secret | None:
        return self._env.store.get(self._connection, item)

    def need(self, item: str) -> str:
        """Return a secret, or raise CredentialStoreError that says how to provide it."""
        found = self.get(item)
        if found is None:
            raise CredentialStoreError(
                _("the secret {item} of connection {name} was not found").format(item=item, name=self._connection),
                reason="secret_missing",
                hint=_("run `crm-bridge login {name}`, or name a 0600 file with --secrets-file").format(
                    name=self._connection
                ),
            )
        return found

    def where(self, item: str) -> str | None:
        """Name the place that has a secret, for `auth status`; None when none has it."""
        for source in self._sources:
            if source.get(self._connection, item):
                return source.name
        if self._sources and not self._env.only_loopback:
            return None
        return self._env.store.name if self._from_store(item) else None
