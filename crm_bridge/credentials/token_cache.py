"""One access token for all threads and processes of a connection: fetched once, shared sealed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_bridge.clock import Clock, boot_id
from crm_bridge.credentials.binding import Binding, Identity
from crm_bridge.credentials.secret import Secret
from crm_bridge.errors import CredentialStoreError, RateLimitedError
from crm_bridge.files import ensure_private_folder, read_private, write_private
from crm_bridge.i18n import _
from crm_bridge.locks import hold

if TYPE_CHECKING:
    from crm_bridge.credentials.sealing import Sealer

LOCK_TIMEOUT = 180.0
_PLAIN_NAME = re.compile(r"\w[\w.-]{0,63}")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token, how many seconds it lives from now on, and what came with it (api domain, tenant)."""

    value: Secret
    expires_in: float
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A point in time on both clocks; monotonic times are compared only within one boot."""

    wall: float
    monotonic: float
    boot: str

    def age(self, now: _Moment) -> float | None:
        """Return the seconds since, or None if they cannot be told."""
        elapsed = now.monotonic - self.monotonic if now.boot == self.boot else now.wall - self.wall
        return elapsed if elapsed >= 0 else None

    def as_list(self) -> list[float | str]:
        return [self.wall, self.monotonic, self.boot]


@dataclass(frozen=True, slots=True)
class _Kept:
    token: AccessToken
    received: _Moment


class TokenCache:
    """The file `tokens/<connection>.json`, sealed under the connection's own secrets, and its single flight.

    A token is renewed by one thread of one process; all others wait for it. At most `per_window` tokens are fetched
    in `window` seconds by all processes together, because CRMs lock an account out that asks more often. A token that
    is new to this process, whoever fetched it, is handed out once the CRM said that it opens whom the first one opened.
    """

    def __init__(
        self,
        folder: Path,
        connection: str,
        secrets: Sequence[str],
        *,
        identify: Callable[[], Identity],
        clock: Clock,
        min_left: float = 60.0,
        per_window: int = 8,
        window: float = 600.0,
    ) -> None:
        """`folder` is the state directory's `tokens`; `secrets` are long-lived, in a fixed order; times in seconds.

        `identify` asks the CRM who answers; calls of `token` that it makes itself get the token that it asks about.
        """
        self._folder = folder
        self._path, self._lock_path = _paths(folder, connection)
        self._binding = Binding(identify)
        self._purpose = f"token cache of {connection}"
        self._secrets = tuple(secrets)
        self._clock = clock
        self._min_left = min_left
        self._per_window = per_window
        self._window = window
        self._boot = boot_id()
        self._lock = threading.RLock()
        self._kept: _Kept | None = None

    def token(self, fetch: Callable[[], AccessToken], *, stale: str | None = None) -> AccessToken:
        """Return a token that is good for a while; `fetch` is called only if no thread or process has one.

        `stale` is the value the CRM has just rejected: it is replaced unless somebody already did. The returned
        `expires_in` is what is left. Raises TenantChangedError for one that opens another organisation or user than the
        first, RateLimitedError for one token too many, and whatever `fetch` and `identify` raise.
        """
        found = self._usable(self._kept, stale)
        if found and self._binding.holds(found.value):
            return found
        with self._lock:
            found = self._usable(self._kept, stale) or self._from_disk(fetch, stale)
            if not self._binding.asking and not self._binding.holds(found.value):
                self._binding.bind(self._newest)
                found = self._usable(self._kept, None) or found
            return found

    def _newest(self) -> Secret | None:
        return self._kept.token.value if self._kept else None

    def _from_disk(self, fetch: Callable[[], AccessToken], stale: str | None) -> AccessToken:
        try:
            return self._shared(fetch, stale)
        except OSError as problem:
            why = problem.strerror or type(problem).__name__
        raise CredentialStoreError(
            _("the token cannot be kept in {path}: {why}").format(path=self._path.name, why=why),
            reason="token_cache",
            hint=_("check permissions and free space of the state directory"),
        )

    def _shared(self, fetch: Callable[[], AccessToken], stale: str | None) -> AccessToken:
        """Look into the file, and fetch under its lock; whatever the disk refuses is an OSError."""
        ensure_private_folder(self._folder, error=CredentialStoreError)
        with hold(self._lock_path, what="token", wait=LOCK_TIMEOUT, busy=CredentialStoreError):
            stored = self._read()
            self._kept = self._opened(stored)
            return self._usable(self._kept, stale) or self._renew(fetch, stored)

    def _renew(self, fetch: Callable[[], AccessToken], stored: dict[str, Any]) -> AccessToken:
        fetches = self._fetches_with_this_one(stored["fetches"])
        # Counted before it is made: a process that dies in the middle has used up one of the few as well.
        self._write({**stored, "fetches": fetches})
        token = fetch()
        kept = _Kept(token, self._now())
        self._write({"fetches": fetches, "sealed": self._sealer.seal(_text(kept))})
        back = self._opened(self._read())
        if back is None or back.token.value != token.value:
            raise CredentialStoreError(
                _("the token could not be read back from {path}").format(path=self._path.name),
                hint=_("check the state directory; nothing else was changed"),
            )
        self._kept = back
        return token

    def _fetches_with_this_one(self, known: Sequence[Sequence[Any]]) -> list[list[float | str]]:
        now = self._now()
        moments = [_Moment(float(wall), float(monotonic), str(boot)) for wall, monotonic, boot in known]
        ages = [(moment, moment.age(now)) for moment in moments]
        # An age that cannot be told (the clock went back over a reboot) is dropped: it must not lock us out for ever.
        recent = [(moment, age) for moment, age in ages if age is not None and age < self._window]
        if len(recent) >= self._per_window:
            wait = self._window - max(age for _moment, age in recent)
            raise RateLimitedError(
                _("{count} access tokens were fetched in the last {minutes} minutes").format(
                    count=len(recent), minutes=round(self._window / 60)
                ),
                reason="token_window",
                hint=_("wait, then resume: the CRM locks out accounts that ask for more"),
                retry_after=round(wait, 1),
            )
        return [moment.as_list() for moment, _age in recent] + [now.as_list()]

    def _usable(self, kept: _Kept | None, stale: str | None) -> AccessToken | None:
        if kept is None or (stale is not None and kept.token.value.reveal() == stale):
            return None
        age = kept.received.age(self._now())
        left = -1.0 if age is None else kept.token.expires_in - age
        # A short-lived token is renewed a tenth of its life ahead: CRMs hand out tokens that are nearly over.
        if left <= min(self._min_left, 0.1 * kept.token.expires_in):
            return None
        return AccessToken(kept.token.value, left, kept.token.extra)

    def _now(self) -> _Moment:
        return _Moment(self._clock.now().timestamp(), self._clock.monotonic(), self._boot)

    @cached_property
    def _sealer(self) -> Sealer:
        from crm_bridge.credentials.sealing import Sealer  # cryptography is imported when a token is needed

        return Sealer(self._secrets, purpose=self._purpose)

    def _read(self) -> dict[str, Any]:
        return _read(self._path)

    def _write(self, content: Mapping[str, Any]) -> None:
        _write(self._path, content)

    def _opened(self, stored: Mapping[str, Any]) -> _Kept | None:
        text = self._sealer.open(stored["sealed"]) if stored["sealed"] else None
        return None if text is None else _kept(text)


def _text(kept: _Kept) -> str:
    token = kept.token
    return json.dumps([token.value.reveal(), token.expires_in, dict(token.extra), kept.received.as_list()])


def _kept(text: str) -> _Kept:
    value, expires_in, extra, (wall, monotonic, boot) = json.loads(text)
    return _Kept(AccessToken(Secret(value), float(expires_in), extra), _Moment(wall, monotonic, boot))


def forget_token(folder: Path, connection: str) -> None:
    """Drop the token in the file, for `logout`; the count of fetches stays."""
    path, lock = _paths(folder, connection)
    if path.exists():
        with hold(lock, what="token", wait=LOCK_TIMEOUT, busy=CredentialStoreError):
            _write(path, {"fetches": _read(path)["fetches"]})


def _paths(folder: Path, connection: str) -> tuple[Path, Path]:
    name = connection if _PLAIN_NAME.fullmatch(connection) else sha256(connection.encode()).hexdigest()[:32]
    return folder / f"{name}.json", folder / f"{name}.lock"


def _read(path: Path) -> dict[str, Any]:
    """Return the file's content; a missing, foreign or damaged file counts as empty."""
    try:
        found = json.loads(read_private(path, error=CredentialStoreError))
        fetches = [[float(wall), float(mono), str(boot)] for wall, mono, boot in found["fetches"]]
        return {"fetches": fetches, "sealed": str(found.get("sealed", ""))}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {"fetches": [], "sealed": ""}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_private(path, json.dumps({"v": 1, **content}).encode("utf-8"))
