"""The front door: open a state directory, and the connections in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crm_bridge import failpoints
from crm_bridge.bridge.setup.actor import os_user
from crm_bridge.bridge.setup.clock_watch import no_warning
from crm_bridge.bridge.state_directory import StateDirectory
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.i18n import _
from crm_bridge.pipeline.stopping import Progress, StopFlag, no_progress

if TYPE_CHECKING:
    from crm_bridge.bridge.connection import Connection
    from crm_bridge.bridge.environment import Environment
    from crm_bridge.bridge.run_result import Run
    from crm_bridge.bridge.setup.doctor import DoctorFinding
    from crm_bridge.bridge.setup.resolved import Resolved
    from crm_bridge.bridge.setup.signing_in import SignedIn
    from crm_bridge.bridge.undo import Undo
    from crm_bridge.clock import Clock
    from crm_bridge.domain.planning.facts import FactSheet
    from crm_bridge.domain.planning.policy import DeletionPolicy
    from crm_bridge.domain.planning.safety import SafetyPolicy
    from crm_bridge.pipeline.context import RunContext
    from crm_bridge.spi.adapter import Adapter, Profile
    from crm_bridge.spi.spec import AdapterContext
    from crm_bridge.transport import CallRecord

STOP_FILE = "stop"
"""A file of this name in the state directory stops every deletion."""


class Bridge(StateDirectory):
    """Everything in one state directory. A context manager; use one per process and directory."""

    def __init__(
        self,
        env: Environment,
        *,
        progress: Progress = no_progress,
        warn: Callable[[str], None] = no_warning,
        stop: StopFlag | None = None,
    ) -> None:
        """Use `Bridge.open`."""
        self.env = env
        self.stop = stop or StopFlag()
        self.progress = progress
        self.warn = warn
        self._adapters: dict[str, Adapter] = {}
        self._profiles: dict[str, Profile] = {}
        self._facts: dict[str, FactSheet] = {}
        self._rules: dict[str, DeletionPolicy] = {}
        self.on_call: list[CallRecord] | None = None
        self.wait_seconds = 0.0
        self.reading = False

    @classmethod
    def open(
        cls,
        home: Path | str | None = None,
        *,
        secrets_file: Path | str | None = None,
        secrets_fd: int | None = None,
        secrets_dir: Path | str | None = None,
        create: bool = False,
        wait_seconds: float = 0.0,
        reading: bool = False,
        progress: Progress = no_progress,
        warn: Callable[[str], None] = no_warning,
        clock: Clock | None = None,
        randomness: random.Random | None = None,
        environ: Mapping[str, str] | None = None,
        stop: StopFlag | None = None,
    ) -> Self:
        """Open a state directory: `home`, else CRM_BRIDGE_HOME, else the platform's place for state.

        `warn` gets sentences that are worth a look and stop nothing. Nothing is signed in and the journal is not opened
        before it is needed. `create` makes a directory that is missing; without it that is a UsageError, because the
        name may be mistyped. `wait_seconds` is how long to wait for another process that has the same contracts.
        `reading` promises that nothing will be written: a directory on a read-only disk is enough then.
        Raises ConfigError, UsageError.

        >>> with Bridge.open(home) as bridge:
        ...     print(bridge.connect("zoho-sandbox").name)
        zoho-sandbox
        """
        from crm_bridge.bridge.environment import open_environment

        env = open_environment(
            Path(home) if home is not None else None,
            secrets_file=Path(secrets_file) if secrets_file is not None else None,
            secrets_fd=secrets_fd,
            secrets_dir=Path(secrets_dir) if secrets_dir is not None else None,
            create=create,
            clock=clock,
            randomness=randomness,
            environ=environ,
        )
        opened = cls(env, progress=progress, warn=warn, stop=stop)
        opened.wait_seconds = wait_seconds
        opened.reading = reading
        return opened

    def __enter__(self) -> Self:
        """Return the bridge."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close adapters and journal."""
        self.close()

    def close(self) -> None:
        """Let go of connections and files; closing twice is harmless.

        >>> bridge = Bridge.open(home)
        >>> bridge.close()
        """
        for adapter in self._adapters.values():
            adapter.close()
        self._adapters.clear()
        if "journal" in self.__dict__:
            self.journal.close()
            del self.__dict__["journal"]

    def connections(self) -> tuple[Resolved, ...]:
        """Return every configured connection, in the order of the file."""
        return tuple(self.env.connections.values())

    def resolved(self, name: str) -> Resolved:
        """Return one connection. Raises UsageError with the nearest name."""
        import difflib

        known = self.env.connections
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=1) or [one for one in known if one.startswith(name)]
            raise UsageError(
                _("there is no connection {name}").format(name=name),
                reason="unknown_connection",
                hint=_("did you mean {name}?").format(name=near[0])
                if near
                else _("add one with `crm-bridge connections add`, or list them with `crm-bridge connections list`"),
            )
        return known[name]

    def connect(self, name: str, *, progress: Progress | None = None, stop: StopFlag | None = None) -> Connection:
        """Return a connection; signing in happens at the first call that needs it.

        Its calls tell `progress` how far they are and end early once `stop` is set, in place of those of the bridge.

        >>> crm = bridge.connect("zoho-sandbox", progress=lambda stage, done, total: None)
        """
        from crm_bridge.bridge.connection import Connection

        self.resolved(name)
        return Connection(self, name, progress=progress, stop=stop)

    def adapter(self, name: str) -> Adapter:
        """Return the adapter of a connection, one per bridge; what was observed on its tenant is among its settings."""
        if name not in self._adapters:
            from crm_bridge.bridge.setup.known_facts import settings_with

            resolved = self.resolved(name)
            settings = settings_with(resolved, self.known_facts(name))
            self.progress("sign in", 0, None)
            self._adapters[name] = resolved.spec.connect(settings, self.adapter_context(resolved))
        return self._adapters[name]

    def known_facts(self, name: str) -> FactSheet:
        """Return what was observed on a connection's tenant in the last 90 days, as journaled; nothing is sent.

        >>> bridge.known_facts("zoho-sandbox").count() is None
        True
        """
        from crm_bridge.bridge.setup.known_facts import facts_of

        if name not in self._facts:
            self._facts[name] = facts_of(self, name)
        return self._facts[name]

    def forget(self, name: str, *, use: FactSheet, adapter: Adapter | None = None) -> None:
        """Forget what is known of a connection and use these facts, with this adapter or one that signs in anew."""
        self._profiles.pop(name, None)
        self._facts[name] = use
        before = self._adapters.pop(name, None)
        if adapter is not None:
            self._adapters[name] = adapter
        elif before is not None:
            before.close()

    def adapter_context(self, resolved: Resolved) -> AdapterContext:
        """Return what the core lends the adapter of a connection."""
        from crm_bridge.domain.planning.cost import BATCHES_AT_ONCE
        from crm_bridge.spi.spec import AdapterContext
        from crm_bridge.transport import Budget, Window

        limits = resolved.spec.limits
        in_flight = resolved.config.calls_in_flight or limits.calls_in_flight
        windows = (
            (Window(calls=limits.window_calls, seconds=limits.window_seconds, per_endpoint=True),)
            if limits.window_calls and limits.window_seconds
            else ()
        )
        return AdapterContext(
            connection=resolved.config.name,
            secrets=self.env.secrets_of(resolved),
            clock=self.env.clock,
            randomness=self.env.randomness,
            state_dir=self.home,
            budget=Budget(
                in_flight=in_flight, destroy_in_flight=in_flight if windows else BATCHES_AT_ONCE, windows=windows
            ),
            on_call=self._listener(resolved.config.name),
            network=self.env.network_of(resolved),
            noise=self.rules(resolved.config.name).noise,
        )

    def _listener(self, name: str) -> Callable[[CallRecord], None]:
        # Whoever keeps the records sees the clocks in them.
        from crm_bridge.bridge.setup.clock_watch import ClockWatch

        return ClockWatch(name, self.warn) if self.on_call is None else self.on_call.append

    def keep_connection(self, name: str, *, what: str) -> AbstractContextManager[None]:
        """Keep changes of a connection out while the block runs; several runs may do so at once."""
        from crm_bridge.locks import hold

        return hold(self._connection_lock(name), what=what, shared=True)

    def change_connection(self, name: str, *, what: str) -> AbstractContextManager[None]:
        """Keep runs off a connection while its secrets or settings change. Raises JournalBusyError naming the run."""
        from crm_bridge.locks import hold

        return hold(self._connection_lock(name), what=what)

    def _connection_lock(self, name: str) -> Path:
        from urllib.parse import quote

        from crm_bridge.files import ensure_private_folder

        return ensure_private_folder(self.home / "locks") / f"connection-{quote(name, safe='')}.lock"

    def profile(self, name: str) -> Profile:
        """Sign in and say who, where, and what may be done; asked once per bridge."""
        if name not in self._profiles:
            from crm_bridge.bridge.setup.known_facts import known_profile

            with failpoints.step("signin"):
                self._profiles[name] = known_profile(self, name)
        return self._profiles[name]

    def context(self, name: str) -> RunContext:
        """Return everything the journey needs on one connection; signs in and opens the journal."""
        from crm_bridge.bridge.setup.kept import compare_with_sets
        from crm_bridge.files import ensure_private_folder
        from crm_bridge.pipeline.context import RunContext
        from crm_bridge.registry import adapter_version

        resolved, env = self.resolved(name), self.env
        profile = self.profile(name)
        compare_with_sets(self.journal, self.vault)
        return RunContext(
            connection=name,
            system=resolved.spec.name,
            adapter=self.adapter(name),
            profile=profile,
            journal=self.journal,
            vault=self.vault,
            plans=ensure_private_folder(self.home / "plans"),
            locks=ensure_private_folder(self.home / "locks"),
            receipts=self.receipts,
            clock=env.clock,
            randomness=env.randomness,
            policy=self._policy(resolved),
            rules=self.rules(name),
            actor=os_user(),
            home=self.home,
            own_approver=lambda: self.approvals.key(),
            adapter_version=adapter_version(resolved.spec.name),
            facts=self.known_facts(name),
            progress=self.progress,
            stop=self.stop,
            stop_file=self.home / STOP_FILE,
        )

    def _policy(self, resolved: Resolved) -> SafetyPolicy:
        from dataclasses import replace

        from crm_bridge.domain.planning.safety import LOOPBACK_POLICY, SafetyPolicy

        policy = LOOPBACK_POLICY if resolved.loopback else SafetyPolicy()
        settle = resolved.config.settle_seconds
        return replace(
            policy,
            best_effort=resolved.config.attachments == "best_effort",
            settle_seconds=policy.settle_seconds if settle is None else max(settle, policy.settle_seconds),
        )

    def rules(self, name: str) -> DeletionPolicy:
        """Return the policy of a connection, read once."""
        if name not in self._rules:
            self._rules[name] = self.env.config.policy_of(self.resolved(name).config)
        return self._rules[name]

    def undo(self, run: Run) -> Undo | None:
        """Return how a run can be undone: the way, its deadlines, and what will not be the same. None: it cannot be.

        >>> bridge.undo(bridge.status(run.id)).route
        <Route.UNTRASH: 'untrash'>
        """
        from crm_bridge.bridge.undo import undo_of

        return undo_of(self, run)

    def doctor(self, name: str) -> list[DoctorFinding]:
        """Check everything that a connection needs before contracts are deleted; changes nothing in the CRM.

        >>> {finding.level for finding in bridge.doctor("zoho-sandbox")} <= {"ok", "warning"}
        True
        """
        from crm_bridge.bridge.setup.doctor import Doctor

        return Doctor(self, name).run()

    def add_connection(self, name: str, adapter: str, settings: Mapping[str, str]) -> Resolved:
        """Add a connection to the configuration file; comments in it stay. Raises UsageError, and changes nothing then.

        Secrets are never settings: see `sign_in`.

        >>> try:
        ...     added = bridge.add_connection("zoho-sandbox", "zoho", {})
        ... except UsageError as wrong:
        ...     print(wrong.message)
        zoho-sandbox was not added: there is a connection zoho-sandbox already
        """
        from crm_bridge.bridge.setup.config_file import added_connection

        failure = self._or_as_before(name, _("{name} was not added: {why}"))
        with failure, added_connection(self.home, name, adapter, settings):
            self.env.reload()
            return self.resolved(name)

    def edit_connection(self, name: str, settings: Mapping[str, str], *, unset: Collection[str] = ()) -> Resolved:
        """Set keys of a connection in the configuration file and take some out; the rest of the file stays.

        Raises UsageError, and changes nothing then.

        >>> try:
        ...     edited = bridge.edit_connection("zoho-sandbox", {"no_such_key": "1"})
        ... except UsageError as wrong:
        ...     print(wrong.message.partition(":")[0])
        zoho-sandbox was not changed
        """
        from crm_bridge.bridge.setup.config_file import edited_connection

        self.resolved(name)
        with self._or_as_before(name, _("{name} was not changed: {why}")):
            holding = self.change_connection(name, what="connections edit")
            with holding, edited_connection(self.home, name, settings, unset):
                self.env.reload()
                return self.resolved(name)

    @contextmanager
    def _or_as_before(self, name: str, words: str) -> Iterator[None]:
        """Read the configuration again where a change of it failed, and say of which connection and why."""
        try:
            yield
        except CrmBridgeError as wrong:
            self.env.reload()
            message = words.format(name=name, why=wrong.message)
            raise UsageError(message, reason=wrong.reason, hint=wrong.hint) from None

    def remove_connection(self, name: str) -> Path:
        """Take a connection out of the configuration file, whose path is returned; journal, vault and secrets stay.

        >>> try:
        ...     path = bridge.remove_connection("nobody")
        ... except UsageError as wrong:
        ...     print(wrong.message)
        there is no connection nobody
        """
        from crm_bridge.bridge.setup.config_file import remove_connection

        self.resolved(name)
        with self.change_connection(name, what="connections remove"):
            path = remove_connection(self.home, name)
        self.env.reload()
        return path

    def sign_in(
        self,
        name: str,
        *,
        ask: Callable[[str], str],
        say: Callable[[str], None] | None = None,
        method: str | None = None,
        replace: bool = False,
    ) -> SignedIn:
        """Keep the secrets of a connection and sign in once; what the CRM does not accept is not kept.

        `ask` shows a label and returns the secret, `say` shows a line such as an address to open. `method` is one of
        the adapter's other ways to sign in; `replace` asks for what is kept already as well.

        >>> bridge.sign_in("zoho-sandbox", ask=lambda label: "").profile.environment
        'sandbox'
        """
        from crm_bridge.bridge.setup.signing_in import SignedIn, SigningIn

        steps = SigningIn(self, self.resolved(name), ask=ask, say=say, replace=replace)
        with self.change_connection(name, what="login"):
            return SignedIn(steps.sign_in(method), steps.kept)

    def sign_out(self, name: str, *, revoke: bool = True) -> tuple[bool, tuple[str, ...], Mapping[str, str]]:
        """Revoke a connection's secrets where the CRM can, and forget them.

        Returns whether they were revoked, which were forgotten, and which other places still give some.

        >>> revoked, forgotten, elsewhere = bridge.sign_out("zoho-sandbox", revoke=False)
        >>> revoked, forgotten
        (False, ())
        """
        from crm_bridge.bridge.setup.signing_in import sign_out

        resolved = self.resolved(name)
        with self.change_connection(name, what="logout"):
            return sign_out(self, resolved, revoke=revoke)
