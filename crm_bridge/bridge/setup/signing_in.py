"""Signing in and out: gather secrets, keep them, try them, take them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crm_bridge.errors import CredentialStoreError, SignInError, UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge
    from crm_bridge.bridge.setup.resolved import Resolved
    from crm_bridge.credentials import Secret
    from crm_bridge.spi.adapter import Profile
    from crm_bridge.spi.spec import LoginWay, SecretItem

Ask = Callable[[str], str]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that the CRM accepted. `kept` maps secrets to the names of the stores that have them."""

    profile: Profile
    kept: Mapping[str, str]


class SigningIn:
    """One sign-in: what is kept where, and what was there before. `kept` maps items to the names of their stores."""

    def __init__(
        self, bridge: Bridge, resolved: Resolved, *, ask: Ask, say: Say | None = None, replace: bool = False
    ) -> None:
        """`ask` shows a label and returns what was typed, `say` shows a line; `replace` asks for what is kept too."""
        self.kept: dict[str, str] = {}
        self._bridge = bridge
        self._resolved = resolved
        self._replace = replace
        self._ask = ask
        self._say = say
        self._before: dict[str, Secret | None] = {}

    def sign_in(self, method: str | None) -> Profile:
        """Gather, keep, sign in. What the CRM does not accept is not kept: the old secrets are put back then."""
        way = self._way(method)
        self._gather(way)
        try:
            # Opened anew without --secrets-...: what signs in here is what later commands will find.
            env = self._bridge.env
            with type(self._bridge).open(env.home, clock=env.clock, environ=env.environ) as later:
                if way is not None:
                    self._run(way, later)
                return later.profile(self._resolved.config.name)
        except SignInError:
            self._put_back()
            raise

    def _way(self, method: str | None) -> LoginWay | None:
        ways = self._resolved.spec.login
        if method is None:
            return None
        if method not in ways:
            raise UsageError(
                _("{adapter} has no way {method} to sign in").format(adapter=self._resolved.spec.name, method=method),
                reason="unknown_method",
                hint=_("one of: {names}").format(names=", ".join(ways) or _("none; secrets are typed in")),
            )
        return ways[method]

    def _gather(self, way: LoginWay | None) -> None:
        for item in self._resolved.secrets:
            if way is None or item.name != way.makes:
                self._one(item)

    def _one(self, item: SecretItem) -> None:
        config, env = self._resolved.config, self._bridge.env
        if found := _handed_over(self._bridge, config.name, item.name):
            self._keep(item.name, found.reveal())
            return
        if not self._replace and (place := env.secrets_of(self._resolved).where(item.name)):
            self.kept[item.name] = place
            return
        if env.given or not (item.required or self._replace):
            return  # a source was named and does not have it: signing in will say what is missing
        if typed := self._ask(f"{_(item.label)} ({item.name})"):
            self._keep(item.name, typed)
        elif item.required:
            raise CredentialStoreError(_("{item} is needed").format(item=item.name), reason="secret_missing")

    def _run(self, way: LoginWay, bridge: Bridge) -> None:
        pasted = self._ask(_(way.asks)) if way.asks else ""
        adapter_context = replace(bridge.adapter_context(self._resolved), say=self._say)
        self._keep(way.makes, way.run(self._resolved.settings, adapter_context, pasted))

    def _keep(self, item: str, value: str) -> None:
        name, store = self._resolved.config.name, self._bridge.env.store
        self._before.setdefault(item, store.get(name, item))
        store.set(name, item, value.strip())
        self.kept[item] = store.name

    def _put_back(self) -> None:
        name, store = self._resolved.config.name, self._bridge.env.store
        for item, old in self._before.items():
            if old is None:
                store.delete(name, item)
            else:
                store.set(name, item, old.reveal())


def _handed_over(bridge: Bridge, connection: str, item: str) -> Secret | None:
    """Return a secret from --secrets-fd or --secrets-file; what the configuration names stays where it is."""
    env = bridge.env
    if env.secrets_fd is None and env.secrets_file is None:
        return None
    return next((found for source in env.given if (found := source.get(connection, item))), None)


def sign_out(bridge: Bridge, resolved: Resolved, *, revoke: bool) -> tuple[bool, tuple[str, ...], Mapping[str, str]]:
    """Revoke, then forget; returns whether it was revoked, what was forgotten, and what other places still give.

    When the CRM cannot be asked to revoke, its error is raised and nothing is forgotten.
    """
    from crm_bridge.credentials import forget_token

    env, name, spec = bridge.env, resolved.config.name, resolved.spec
    revoked = False
    if revoke and spec.revoke is not None:
        spec.revoke(resolved.settings, bridge.adapter_context(resolved))
        revoked = True
    forget_token(bridge.home / "tokens", name)
    forgotten = []
    for item in resolved.secrets:
        if env.store.get(name, item.name) is not None:
            env.store.delete(name, item.name)
            forgotten.append(item.name)
    reader = env.secrets_of(resolved)
    elsewhere = {item.name: place for item in resolved.secrets if (place := reader.where(item.name))}
    return revoked, tuple(forgotten), elsewhere


def secret_rows(bridge: Bridge, resolved: Resolved) -> list[dict[str, Any]]:
    """Return one row per secret of a connection: its name, whether it is needed, the store that has it, or why not."""
    reader = bridge.env.secrets_of(resolved)
    rows: list[dict[str, Any]] = []
    for item in resolved.secrets:
        row: dict[str, Any] = {"connection": resolved.config.name, "item": item.name, "required": item.required}
        try:
            row["store"] = reader.where(item.name)
        except CredentialStoreError as problem:
            row |= {"store": None, "problem": problem.message}
        rows.append(row)
    return rows
