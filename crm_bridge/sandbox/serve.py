"""The sandbox of `crm-bridge sandbox serve`: one emulator per installed adapter, each on its own port."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_bridge.clock import Clock, SystemClock
from crm_bridge.errors import UsageError
from crm_bridge.files import check_folder_of_ours, write_private
from crm_bridge.i18n import _
from crm_bridge.registry import load_adapter, working_adapters
from crm_bridge.sandbox.exports import Export, LoadOptions, read_export
from crm_bridge.sandbox.home import check_home, write_home
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge.spi.spec import AdapterSpec

if TYPE_CHECKING:
    from crm_bridge.sandbox.serving.impersonate import Impersonation


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Options of the sandbox. `port` 0 takes free ones, else the first adapter gets it and the others the next ones."""

    port: int = 0
    ready_file: Path | None = None
    home: Path | None = None
    load: Path | None = None
    load_as: LoadOptions = field(default_factory=LoadOptions)
    """How the file of `load` is read."""
    count: int = 1200
    seed: int = 7
    only: tuple[str, ...] = ()
    """Names of adapters; none means all that are installed."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What connections are called, by adapter; else after the adapter."""
    impersonate: Path | None = None
    """Folder for the certificate of a proxy that answers for the vendors' own hosts; none without it."""


@dataclass(slots=True)
class Sandbox:
    """A running sandbox. `stop` may be called from any thread or signal handler; `wait` returns after it."""

    servers: Mapping[str, SandboxServer]
    loaded: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By adapter that took the CSV: what it took differently, in words; empty without a CSV."""
    home: Path | None = None
    export: Export | None = None
    """The CSV that was loaded."""
    proxy: Impersonation | None = None
    """Answers for the vendors' own hosts, where that was asked for."""
    proxied: tuple[str, ...] = ()
    """Names of the adapters whose hosts it answers for."""
    _stop: threading.Event = field(default_factory=threading.Event)

    def ready(self) -> dict[str, dict[str, str]]:
        """Return what any client needs, by adapter: the content of the ready file."""
        found = {name: dict(server.exchange.emulator.ready()) for name, server in self.servers.items()}
        if self.proxy:
            for name in self.proxied:
                found[name] |= {"proxy": self.proxy.url, "authority": str(self.proxy.ca_file)}
        return found

    def stop(self) -> None:
        """Ask `wait` to return."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until `stop`; True if it came."""
        # In short pieces: on some systems a wait without end cannot be interrupted by Ctrl-C.
        while not self._stop.wait(0.5 if seconds is None else seconds):
            if seconds is not None:
                return False
        return True


@contextmanager
def sandbox(
    options: SandboxOptions, *, clock: Clock | None = None, specs: Sequence[AdapterSpec] | None = None
) -> Iterator[Sandbox]:
    """Serve while the block runs. Everything listens, and the files are written, before the block begins.

    `specs` replaces the installed adapters (for tests of an adapter that is not installed).
    Raises UsageError for an unknown adapter, a port that is taken, a home of somebody's own or a bad CSV.
    """
    export = read_export(options.load, options.load_as) if options.load else None
    if options.home:
        check_home(options.home)
    clock = clock or SystemClock()
    with ExitStack() as stack:
        servers: dict[str, SandboxServer] = {}
        loaded: dict[str, Sequence[str]] = {}
        served = _specs(options, specs)
        for number, spec in enumerate(served):
            server = SandboxServer(options.port + number if options.port else 0)
            stack.callback(server.close)
            emulator = spec.emulator(server.base_url, clock, options.seed, options.count)
            if export is not None:
                loaded[spec.name] = emulator.load(export.contracts, export.extra_columns)
            server.mount(emulator)
            servers[spec.name] = server
        running = Sandbox(servers, loaded, options.home, export)
        for server in servers.values():
            server.start()
        if options.impersonate:
            running.proxied = tuple(spec.name for spec in served if spec.hosts)
            running.proxy = stack.enter_context(_proxy(options.impersonate, served, servers))
        if options.home:
            emulators = {name: server.exchange.emulator for name, server in servers.items()}
            write_home(options.home, emulators, names=options.names)
        if options.ready_file:
            _write_ready(options.ready_file, running)
            stack.callback(options.ready_file.unlink, missing_ok=True)
        yield running


def serve(
    options: SandboxOptions, *, on_ready: Callable[[Sandbox], None] | None = None, clock: Clock | None = None
) -> None:
    """Serve until SIGTERM, Ctrl-C or `Sandbox.stop`. `on_ready` is called once everything listens; prints nothing."""
    with sandbox(options, clock=clock) as running, _stopped_by_signals(running):
        if on_ready:
            on_ready(running)
        running.wait()


def _proxy(folder: Path, specs: Sequence[AdapterSpec], servers: Mapping[str, SandboxServer]) -> Impersonation:
    """Return a proxy that answers for the hosts of every vendor that is served. UsageError where there are none."""
    from crm_bridge.sandbox.serving.impersonate import Impersonation  # cryptography is imported when it is wanted

    hosts = {host: servers[spec.name].exchange.emulator.handle for spec in specs for host in spec.hosts}
    if not hosts:
        raise UsageError(
            _("no adapter that is served names hosts to answer for"),
            reason="no_hosts",
            hint=_("see `crm-bridge adapters`"),
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder_of_ours(folder)  # only a certificate stays in it: others may read what they read before
    return Impersonation(hosts, folder)  # its clients live in the machine's time, whatever the stand-ins' clock says


def _write_ready(path: Path, running: Sandbox) -> None:
    try:
        write_private(path, json.dumps(running.ready(), ensure_ascii=False, indent=2).encode())
    except OSError as problem:
        raise UsageError(
            _("{path} cannot be written: {why}").format(path=path, why=problem.strerror or type(problem).__name__)
        ) from None


def _specs(options: SandboxOptions, given: Sequence[AdapterSpec] | None) -> list[AdapterSpec]:
    if given is None:
        # One that does not work is in nobody's way unless it was asked for; `crm-bridge adapters` names it.
        found = [load_adapter(name) for name in options.only] or working_adapters()[0]
    else:
        found = [spec for spec in given if not options.only or spec.name in options.only]
    if not found:
        raise UsageError(_("no adapter is installed"), reason="no_adapter")
    return found


@contextmanager
def _stopped_by_signals(running: Sandbox) -> Iterator[None]:
    """Stop on SIGTERM and Ctrl-C; outside the main thread, where Python allows no handlers, only `stop` does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: Any) -> None:
        running.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
