"""One state directory: its connections, its journal, its vault."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crm_bridge import failpoints
from crm_bridge.bridge.actor import os_user
from crm_bridge.bridge.clock_watch import no_warning
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.pipeline.stopping import Progress, StopFlag, no_progress

if TYPE_CHECKING:
    from crm_bridge.bridge.connection import Connection
    from crm_bridge.bridge.environment import Environment, Resolved
    from crm_bridge.bridge.own_keys import OwnKey
    from crm_bridge.bridge.results import Plan, Receipt, Run
    from crm_bridge.clock import Clock
    from crm_bridge.domain.planning.policy import DeletionPolicy
    from crm_bridge.domain.planning.safety import SafetyPolicy
    from crm_bridge.journal.checking.external_evidence import ReceiptFile
    from crm_bridge.journal.checking.findings import JournalFindings
    from crm_bridge.journal.pin import Pin
    from crm_bridge.journal.store import Journal
    from crm_bridge.pipeline.context import RunContext
    from crm_bridge.pipeline.receipt import Withdrawal
    from crm_bridge.pipeline.runs import RunInfo
    from crm_bridge.pipeline.vault_admin.retention import VaultRetention
    from crm_bridge.spi.adapter import Adapter, Profile
    from crm_bridge.spi.spec import AdapterContext
    from crm_bridge.transport import CallRecord
    from crm_bridge.vault import Vault

JOURNAL_FOLDER = "journal"
STOP_FILE = "stop"
"""A file of this name in the state directory stops every deletion."""


class Bridge:
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

    @property
    def home(self) -> Path:
        """Return the state directory."""
        return self.env.home

    @property
    def receipts(self) -> Path:
        """Return where receipts are kept."""
        from crm_bridge.files import ensure_private_folder

        folder = self.home / "receipts"
        return folder if self._only_readable(self.home) else ensure_private_folder(folder)

    def _only_readable(self, folder: Path) -> bool:
        """Return whether a command that only reads stands before a folder that cannot be written to."""
        return self.reading and folder.exists() and not os.access(folder, os.W_OK)

    @cached_property
    def journal(self) -> Journal:
        """Open the journal, creating it and its keys when missing. Raises JournalError, CredentialStoreError."""
        from crm_bridge.bridge.kept import compare_with_receipts
        from crm_bridge.files import ensure_private_folder
        from crm_bridge.journal.store import Journal

        env, folder = self.env, self.home / JOURNAL_FOLDER
        read_only = self._only_readable(folder)
        journal = Journal.open(
            folder if read_only else ensure_private_folder(folder),
            keys=env.keys,
            pins=env.pins,
            clock=env.clock,
            randomness=env.randomness,
            read_only=read_only,
        )
        try:
            compare_with_receipts(journal, self.home / "receipts")
        except BaseException:
            journal.close()
            raise
        return journal

    @contextmanager
    def reading_journal(self) -> Iterator[Journal]:
        """Lend the journal; once the bridge was closed, it is opened for as long as the block runs."""
        known = "journal" in self.__dict__
        try:
            yield self.journal
        finally:
            if not known:
                self.journal.close()
                del self.__dict__["journal"]

    def make_keys(self) -> tuple[str, ...]:
        """Make the keys of journal and backups that are missing; return their names. Raises JournalError.

        They go where `secrets_dir` or `secrets_file` say, else where secrets are kept for good.
        """
        from crm_bridge.bridge.own_keys import make_missing, refuse_strange_journal

        keys = self.env.writable_keys()
        refuse_strange_journal(self.home / JOURNAL_FOLDER, keys)
        return make_missing(keys, self.env.randomness)

    def own_keys(self) -> list[OwnKey]:
        """Describe the keys of journal and backups without showing them."""
        from crm_bridge.bridge.own_keys import own_keys

        return own_keys(self.env.keys, self.env.keys.name)

    @cached_property
    def vault(self) -> Vault:
        """Return the vault."""
        from crm_bridge.vault import Vault

        return Vault(
            self.home / "vault",
            keys=self.env.keys,
            clock=self.env.clock,
            randomness=self.env.randomness,
            attachment_cap=self.env.config.max_attachment_mb * 1024 * 1024,
        )

    @property
    def retention(self) -> VaultRetention:
        """Return what checks, prunes and shreds backup sets; opens the journal."""
        from crm_bridge.pipeline.vault_admin.retention import VaultRetention

        return VaultRetention(self.vault, self.journal, self.env.clock, os_user())

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
        """Return the adapter of a connection, one per bridge."""
        if name not in self._adapters:
            resolved = self.resolved(name)
            self.progress("sign in", 0, None)
            self._adapters[name] = resolved.spec.connect(resolved.settings, self.adapter_context(resolved))
        return self._adapters[name]

    def adapter_context(self, resolved: Resolved) -> AdapterContext:
        """Return what the core lends the adapter of a connection."""
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
            budget=Budget(in_flight=in_flight, destroy_in_flight=in_flight if windows else 2, windows=windows),
            on_call=self._listener(resolved.config.name),
            network=self.env.network_of(resolved),
            noise=self.rules(resolved.config.name).noise,
        )

    def _listener(self, name: str) -> Callable[[CallRecord], None]:
        # Whoever keeps the records sees the clocks in them.
        from crm_bridge.bridge.clock_watch import ClockWatch

        return ClockWatch(name, self.warn) if self.on_call is None else self.on_call.append

    def keep_connection(self, name: str, *, what: str) -> AbstractContextManager[None]:
        """Keep changes of a connection out while the block runs; several runs may do so at once."""
        from crm_bridge.files import hold

        return hold(self._connection_lock(name), what=what, shared=True)

    def change_connection(self, name: str, *, what: str) -> AbstractContextManager[None]:
        """Keep runs off a connection while its secrets or settings change. Raises JournalBusyError naming the run."""
        from crm_bridge.files import hold

        return hold(self._connection_lock(name), what=what)

    def _connection_lock(self, name: str) -> Path:
        from urllib.parse import quote

        from crm_bridge.files import ensure_private_folder

        return ensure_private_folder(self.home / "locks") / f"connection-{quote(name, safe='')}.lock"

    def profile(self, name: str) -> Profile:
        """Sign in and say who, where, and what may be done; asked once per bridge."""
        if name not in self._profiles:
            with failpoints.step("signin"):
                self._profiles[name] = self.adapter(name).whoami()
        return self._profiles[name]

    def context(self, name: str) -> RunContext:
        """Return everything the journey needs on one connection; signs in and opens the journal."""
        from crm_bridge.bridge.kept import compare_with_sets
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
            adapter_version=adapter_version(resolved.spec.name),
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

    def open_plan(self, path: Path | str) -> Plan:
        """Read a plan file and check that nothing in it was altered. Needs no connection.

        >>> path = crm.plan(number="HT-2025-0001", output=folder / "one.plan").path
        >>> bridge.open_plan(path).count
        1
        """
        from crm_bridge.bridge.results import Plan
        from crm_bridge.pipeline.planning.plan_file import open_plan

        self.progress("plan", 0, None)
        return Plan(open_plan(Path(path), journal=self.journal))

    def runs(self) -> Iterator[RunInfo]:
        """Return every run, oldest first, from the journal.

        >>> [(info.ref.connection, info.count, info.complete) for info in bridge.runs()][:1]
        [('zoho-sandbox', 1, True)]
        """
        from crm_bridge.pipeline.runs import all_runs

        return all_runs(self.journal)

    def run(self, run_id: str | None = None) -> RunInfo:
        """Return a run by id or its beginning, or the last one.

        >>> bridge.run().id == bridge.run(run.id[:20]).id
        True
        """
        from crm_bridge.pipeline.runs import find_run

        return find_run(self.journal, run_id)

    def status(self, run_id: str | None = None) -> Run:
        """Return where every contract of a run stands, from the journal (and the kept plan, for names) alone.

        >>> bridge.status(run.id).exit_code
        <ExitCode.OK: 0>
        """
        from crm_bridge.bridge.run_reading import read_run
        from crm_bridge.pipeline.runs import find_run

        return read_run(self, find_run(self.journal, run_id))

    def find_removed(self, wanted: str, *, connection: str | None = None) -> tuple[str, str]:
        """Return (run id, record id) of the last run that went through the gate with this contract id or number.

        `connection` narrows. Raises UsageError, and AmbiguousContractError where several contracts are meant.

        >>> run_id, record_id = bridge.find_removed(removed.number, connection="zoho-sandbox")
        >>> record_id == removed.id
        True
        """
        from crm_bridge.bridge.removals import the_removal

        removal = the_removal(self, wanted, connection=connection)
        return removal.run.id, removal.record_id

    def has_removed(self, wanted: str) -> bool:
        """Return whether a run went through the gate with a contract of this id or number."""
        from crm_bridge.bridge.removals import removals

        return bool(removals(self, wanted))

    def check_journal(
        self,
        *,
        vkeys: Sequence[str] = (),
        pin: Pin | None = None,
        checkpoints: Sequence[str] = (),
        receipts: Sequence[str | bytes | ReceiptFile] = (),
    ) -> JournalFindings:
        """Recompute the journal; without `vkeys` and `pin`, compare it with the key and the pin of this installation.

        The journal is not opened for it: one that does not verify can still be checked.

        >>> int(bridge.check_journal().exit_code)
        0
        """
        from crm_bridge.journal.checking.check import check_journal
        from crm_bridge.journal.known import own_vkey
        from crm_bridge.journal.pin import read_pin

        folder, keys = self.home / JOURNAL_FOLDER, self.env.keys
        own = own_vkey(folder, keys)
        return check_journal(
            folder,
            vkeys=vkeys or ((own,) if own else ()),
            pin=pin or read_pin(self.env.pins),
            checkpoints=checkpoints,
            receipts=receipts,
        )

    def export_journal(self, output: Path, *, force: bool = False) -> tuple[int, str]:
        """Write the journal's export to a file; return the number of entries and the public key, empty if unknown.

        The journal is not opened for it: one that does not verify can still be handed to somebody who looks. A file
        that is there and no older export is overwritten with `force` only.

        >>> count, vkey = bridge.export_journal(folder / "journal.jsonl")
        >>> count > 0
        True
        """
        from crm_bridge.files import create_private
        from crm_bridge.journal.export import export_journal, is_export
        from crm_bridge.journal.known import own_vkey
        from crm_bridge.overwriting import check_replaceable

        check_replaceable(output, is_export, force=force)
        folder = self.home / JOURNAL_FOLDER
        part = output.with_name(f".{output.name}.part")
        part.unlink(missing_ok=True)
        try:
            # Never through a link that somebody put there: the folder of the export may be anybody's.
            with os.fdopen(create_private(part), "wb") as file:
                count = export_journal(folder, file)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
        return count, own_vkey(folder, self.env.keys)

    def journal_keys(self) -> tuple[str, ...]:
        """Return every public key that this installation's journal has had, as far as one handed over to the next.

        Recomputes the journal; of one that does not verify only the key in the keyring is believed.
        """
        from crm_bridge.journal.checking.findings import CheckCode
        from crm_bridge.journal.known import own_vkey

        found = self.check_journal()
        if found.exit_code in (0, CheckCode.OPEN_INTENTS):
            return found.keys
        own = own_vkey(self.home / JOURNAL_FOLDER, self.env.keys)
        return (own,) if own else ()

    def issue_receipt(self, run_id: str | None = None, *, record_id: str | None = None) -> Receipt:
        """Issue the receipt of a run, or of one contract in it, from the journal.

        >>> receipt = bridge.issue_receipt(run.id, record_id=removed.id)
        >>> [line["record"] == removed.id for line in receipt.lines()]
        [True]
        """
        from crm_bridge.bridge.results import Receipt
        from crm_bridge.pipeline.receipt import issue_receipt
        from crm_bridge.pipeline.runs import find_run

        return Receipt(issue_receipt(self.journal, find_run(self.journal, run_id), record_id=record_id))

    def withdrawn(self, run_id: str | None = None) -> Iterator[Withdrawal]:
        """Stream the contracts of which the journal says something else since the run's receipt was sealed."""
        from crm_bridge.pipeline.receipt import withdrawn
        from crm_bridge.pipeline.runs import find_run

        return withdrawn(self.journal, find_run(self.journal, run_id))
