"""The keyring in a file, for sandboxes and rehearsals only: the caller guarantees that every connection is loopback."""

from __future__ import annotations

import json
from pathlib import Path

from crm_bridge.credentials.secret import Secret
from crm_bridge.errors import CredentialStoreError
from crm_bridge.files import read_private, write_private
from crm_bridge.i18n import _
from crm_bridge.locks import hold


class LoopbackKeyFile:
    """JSON of mode 0600 in the state directory, one member per `<connection>/<item>`. Not encrypted."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or written before the first use."""
        self.name = f"file for loopback connections: {path.name}"
        self._path = path
        self._lock = path.with_name(f"{path.name}.lock")

    def get(self, connection: str, item: str) -> Secret | None:
        """Return the secret, or None."""
        value = self._read().get(f"{connection}/{item}")
        return None if value is None else Secret(value)

    def set(self, connection: str, item: str, value: str) -> None:
        """Keep the secret."""
        with hold(self._lock, what="secrets", wait=10.0):
            self._write({**self._read(), f"{connection}/{item}": value})

    def delete(self, connection: str, item: str) -> None:
        """Forget the secret; nothing happens if there is none."""
        with hold(self._lock, what="secrets", wait=10.0):
            known = self._read()
            if known.pop(f"{connection}/{item}", None) is not None:
                self._write(known)

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(read_private(self._path, error=CredentialStoreError))
        except FileNotFoundError:
            return {}
        except ValueError:
            known = None
        if not isinstance(known, dict) or not all(isinstance(value, str) for value in known.values()):
            raise CredentialStoreError(_("{path} is not a file of secrets").format(path=self._path))
        return known

    def _write(self, known: dict[str, str]) -> None:
        write_private(self._path, json.dumps(known, indent=1, sort_keys=True).encode("utf-8"))
