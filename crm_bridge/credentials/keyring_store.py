"""The system's keyring: only kinds of store that keep secrets secret, asked with a time limit."""

from __future__ import annotations

import configparser
import os
import secrets
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from crm_bridge.credentials.secret import Secret
from crm_bridge.errors import CredentialStoreError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "crm_bridge"
LIMIT_SECONDS = 10.0
LONGEST_ITEM = 1200  # no token or key of a CRM is longer: what is longer was pasted by mistake

ACCEPTED = frozenset(
    {
        "keyring.backends.macOS.Keyring",
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
    }
)
CHAINER = "keyring.backends.chainer.ChainerBackend"

T = TypeVar("T")


class KeyringStore:
    """Items of service `crm_bridge`, account `<connection>/<item>`, in a store that was checked and probed."""

    def __init__(self, backend: KeyringBackend, *, limit: float = LIMIT_SECONDS) -> None:
        """Use `open_keyring`, which checks the backend; `limit` is in seconds for every single request."""
        self.name = f"keyring: {type(backend).__module__.rpartition('.')[2]}"
        self._backend = backend
        self._limit = limit

    def get(self, connection: str, item: str) -> Secret | None:
        """Return the secret, or None."""
        account = _account(connection, item)
        value = limited(lambda: self._backend.get_password(SERVICE, account), self._limit)
        return None if value is None else Secret(value)

    def set(self, connection: str, item: str, value: str) -> None:
        """Keep the secret and read it back; CredentialStoreError if it is too long or did not arrive."""
        account = _account(connection, item)
        if not value or len(value) > LONGEST_ITEM:
            raise CredentialStoreError(
                _("{item} is empty or longer than {count} characters").format(item=item, count=LONGEST_ITEM)
            )
        limited(lambda: self._backend.set_password(SERVICE, account, value), self._limit)
        kept = limited(lambda: self._backend.get_password(SERVICE, account), self._limit)
        if kept is None or not secrets.compare_digest(kept.encode(), value.encode()):
            raise CredentialStoreError(_("{store} did not keep {item}").format(store=self.name, item=item))

    def delete(self, connection: str, item: str) -> None:
        """Forget the secret; nothing happens if there is none."""
        account = _account(connection, item)
        if limited(lambda: self._backend.get_password(SERVICE, account), self._limit) is not None:
            limited(lambda: self._backend.delete_password(SERVICE, account), self._limit)

    def probe(self) -> None:
        """Write, read and delete a random value; CredentialStoreError if the store does not do all three."""
        account, value = f"@probe-{secrets.token_hex(4)}", secrets.token_urlsafe(32)
        self.set(account, "probe", value)
        self.delete(account, "probe")
        if self.get(account, "probe") is not None:
            raise CredentialStoreError(_("{store} does not delete").format(store=self.name))


def open_keyring(
    backend: KeyringBackend | None = None,
    *,
    accepted: Collection[str] = ACCEPTED,
    limit: float = LIMIT_SECONDS,
    environ: Mapping[str, str] | None = None,
) -> KeyringStore:
    """Return the system's keyring after checking its kind and probing it; there is no fallback.

    PYTHON_KEYRING_BACKEND counts only if it names an accepted class. CredentialStoreError for every other kind, for a
    chain that holds one, and for a store that does not answer within `limit` seconds.
    """
    found = backend
    if found is None:
        asked = (os.environ if environ is None else environ).get("PYTHON_KEYRING_BACKEND", "")
        named = asked if asked in accepted else _configured(accepted)
        found = limited(lambda: _detect(named), limit)
    store = KeyringStore(_checked(found, accepted), limit=limit)
    store.probe()
    return store


def _detect(named: str) -> KeyringBackend:
    """Return the backend that keyring would choose, without its own reading of environment and configuration."""
    from keyring import core  # here, because it imports every backend and starts to look for buses
    from keyring.backend import by_priority, get_all_keyring
    from keyring.backends import fail

    if named:
        return core.load_keyring(named)
    return max(get_all_keyring(), default=fail.Keyring(), key=by_priority)  # type: ignore[no-untyped-call]


def _configured(accepted: Collection[str]) -> str:
    """Return the class named in keyringrc.cfg; refused before it is imported if it is not accepted."""
    from keyring.util import platform_

    config = configparser.RawConfigParser()
    # Not keyring's own loader: that would also put the file's `keyring-path` in front of sys.path.
    config.read(Path(platform_.config_root()) / "keyringrc.cfg", encoding="utf-8")
    named = config.get("backend", "default-keyring", fallback="").strip()
    if named and named not in {*accepted, CHAINER}:
        raise _refused(named)
    return named


def _checked(backend: KeyringBackend, accepted: Collection[str]) -> KeyringBackend:
    """Return the backend to talk to; a chain is looked into and never used as such."""
    kind = f"{type(backend).__module__}.{type(backend).__qualname__}"
    if kind == CHAINER:
        inside = [_checked(one, accepted) for one in getattr(backend, "backends", ())]
        if inside:
            return inside[0]
    if kind in accepted:
        return backend
    raise _refused(kind)


def _refused(kind: str) -> CredentialStoreError:
    return CredentialStoreError(
        _("the keyring {kind} is not accepted").format(kind=kind),
        reason="keyring_refused",
        hint=_(
            "use Secret Service, KWallet or macOS Keychain,"
            " or --secrets-file with keys that `crm-bridge keys init` made"
        ),
    )


def limited(ask: Callable[[], T], seconds: float) -> T:
    """Return what `ask` returns; CredentialStoreError after `seconds` or for any failure inside the store.

    The thread that hangs is left behind: a call into a bus that does not answer cannot be interrupted.
    """
    results: list[T] = []
    failures: list[str] = []

    def work() -> None:
        try:
            results.append(ask())
        except Exception as error:  # noqa: BLE001 - a backend may raise anything, and its text may hold the value
            failures.append(type(error).__name__)

    thread = threading.Thread(target=work, name="crm-bridge-keyring", daemon=True)
    thread.start()
    thread.join(seconds)
    if results:
        return results[0]
    hint = _("unlock or start the keyring, or use --secrets-file with keys that `crm-bridge keys init` made")
    if failures:
        raise CredentialStoreError(
            _("the keyring failed ({kind})").format(kind=failures[0]), reason="keyring_failed", hint=hint
        )
    raise CredentialStoreError(
        _("the keyring did not answer within {seconds} s").format(seconds=f"{seconds:g}"),
        reason="keyring_silent",
        hint=hint,
    )


def _account(connection: str, item: str) -> str:
    return f"{connection}/{item}"
