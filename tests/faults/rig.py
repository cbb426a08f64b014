"""One journey over real sockets, with a fault armed for one call of one verb, and everything written down."""

from __future__ import annotations

import random
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from crm_bridge.bridge import Bridge
from crm_bridge.bridge.setup.resolved import Resolved
from crm_bridge.clock import SystemClock
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.registry import load_adapter
from crm_bridge.sandbox.faults import FaultPlan, FaultRule
from crm_bridge.sandbox.home import connection_name, write_home
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge.spi.adapter import Adapter, Query, Restored, RestoreItem, Search
from crm_bridge.spi.later import Later
from crm_bridge.spi.spec import AdapterContext
from crm_bridge.transport import Timeouts

CONTRACTS = 20
PATIENT = Timeouts(connect=60.0, read=240.0, total=240.0, download=240.0)
"""Whatever the machine does meanwhile: only a fault ends a call."""


def hasty(factor: float) -> Timeouts:
    """Return limits that slow faults exceed and honest calls do not, on a machine so many times slower."""
    return Timeouts(connect=60.0, read=0.4 * factor, total=0.5 * factor, download=0.5 * factor)


class SkippingClock(SystemClock):
    """Real time, but nobody waits: a sleep moves all clocks of the rig ahead, the CRM's as well."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += max(0.0, seconds)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request at the door of the CRM, and during which verb it came."""

    verb: str
    method: str
    target: str
    body: bytes


class WatchedFaults(FaultPlan):
    """A fault plan that notes every request that asks it."""

    def __init__(self) -> None:
        super().__init__()
        self.verb = ""
        self.seen: list[Seen] = []
        self.watcher: Callable[[Seen], None] = lambda _seen: None
        self.struck = 0

    def next_connection(self) -> FaultRule | None:
        rule = super().next_connection()
        self.struck += rule is not None
        return rule

    def early_for(self, method: str, target: str) -> FaultRule | None:
        rule = super().early_for(method, target)
        self.struck += rule is not None
        return rule

    def next_for(self, method: str, target: str, body: bytes = b"") -> FaultRule | None:
        request = Seen(self.verb, method, target, body)
        self.seen.append(request)
        self.watcher(request)
        rule = super().next_for(method, target, body)
        self.struck += rule is not None
        return rule


@dataclass(slots=True)
class Aim:
    """Where the fault strikes: in one verb (`remove-1`), and for which rule. `lasting`: until `Rig.calm`."""

    verb: str
    rule: FaultRule
    lasting: bool = False


@dataclass
class Verbs:
    """Counts the verbs of one adapter and arms the fault when its turn comes."""

    faults: WatchedFaults
    aim: Aim | None = None
    hang_up: Callable[[], None] = lambda: None
    counts: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def during(self, verb: str) -> Iterator[str]:
        """Name the verb that runs now."""
        self.counts[verb] = self.counts.get(verb, 0) + 1
        with self.named(f"{verb}-{self.counts[verb]}") as name:
            yield name

    @contextmanager
    def named(self, name: str) -> Iterator[str]:
        """Let everything in the block belong to one run of a verb, of which the name is known."""
        hit = self.aim is not None and self.aim.verb == name
        before, self.faults.verb = self.faults.verb, name
        if hit and self.aim:
            self.faults.replace([self.aim.rule])
            if self.aim.rule.kind == "refuse":
                self.hang_up()
        try:
            yield name
        finally:
            self.faults.verb = before
            if hit and self.aim and not self.aim.lasting:
                self.faults.replace([])


class Armed:
    """An adapter, verb by verb."""

    def __init__(self, inner: Adapter, verbs: Verbs) -> None:
        self._inner = inner
        self._verbs = verbs

    def whoami(self) -> Any:
        with self._verbs.during("whoami"):
            profile = self._inner.whoami()
        return replace(
            profile,
            relations=Later(partial(self._told, profile, "relations")),
            warnings=Later(partial(self._told, profile, "warnings")),
            assumptions=Later(partial(self._told, profile, "assumptions")),
            costs=Later(partial(self._told, profile, "costs")),
        )

    def _told(self, profile: Any, name: str) -> tuple[Any, ...]:
        """Return a part of a profile; what it asks the CRM when it is first looked into belongs to signing in."""
        with self._verbs.during("whoami"):
            return tuple(getattr(profile, name))

    def find(self, query: Query) -> Search:
        with self._verbs.during("find"):
            search = self._inner.find(query)
            pages = list(search.pages)
        return replace(search, pages=iter(pages))

    def snapshot(self, refs: Sequence[ContractRef], *, final: bool = False) -> Iterator[Any]:
        with self._verbs.during("snapshot") as name:
            for copy in self._inner.snapshot(refs, final=final):
                yield self._with_files(copy, name) if isinstance(copy, Snapshot) else copy

    def _with_files(self, copy: Snapshot, name: str) -> Snapshot:
        """Return a copy whose files, which are downloaded while it is saved, belong to the verb that made it."""
        files = (replace(file, chunks=partial(self._downloaded, file, name)) for file in copy.attachments)
        return replace(copy, attachments=tuple(files))

    def _downloaded(self, file: Attachment, name: str) -> Iterator[bytes]:
        with self._verbs.named(name):
            yield from file.chunks()

    def prepare(self, *args: Any, **more: Any) -> int:
        with self._verbs.during("prepare"):
            return self._inner.prepare(*args, **more)

    def remove(self, *args: Any, **more: Any) -> Any:
        with self._verbs.during("remove"):
            return self._inner.remove(*args, **more)

    def locate(self, *args: Any, **more: Any) -> Any:
        with self._verbs.during("locate"):
            return self._inner.locate(*args, **more)

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        with self._verbs.during(route.value):
            return self._inner.bring_back(route, items)

    def close(self) -> None:
        self._inner.close()


class RigBridge(Bridge):
    """A bridge whose adapters are armed, and whose calls give up sooner."""

    verbs: Verbs
    timeouts: Timeouts = PATIENT

    def adapter(self, name: str) -> Adapter:
        found = super().adapter(name)
        return (
            found if isinstance(found, Armed) else self._adapters.setdefault(f"armed {name}", Armed(found, self.verbs))
        )

    def adapter_context(self, resolved: Resolved) -> AdapterContext:
        adapter_context = super().adapter_context(resolved)
        adapter_context.budget.timeouts = self.timeouts
        return adapter_context


class Decoy:
    """Where a redirect points to: a port that counts who comes."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        self.visitors = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        with suppress(OSError):
            while True:
                self._listening.accept()[0].close()
                self.visitors += 1

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


class Rig:
    """One adapter's emulator behind a port of its own; `fresh` begins again with new records and a new home."""

    def __init__(self, adapter: str, *, folder: Path | None = None) -> None:
        self.adapter = adapter
        self.spec = load_adapter(adapter)
        self.name = connection_name(adapter)
        self._base = Path(tempfile.mkdtemp(prefix="crm-bridge-faults-", dir=folder))
        self.server = SandboxServer()
        self.faults = WatchedFaults()
        self.server.faults = self.faults
        self.decoy = Decoy()
        self._turn = 0
        self.fresh()
        self.server.start()

    def fresh(self, aim: Aim | None = None, *, timeouts: Timeouts = PATIENT) -> None:
        """Begin a case."""
        self._turn += 1
        self.calm()
        self.faults.seen = []
        self.faults.struck = 0
        self.faults.watcher = lambda _seen: None
        self.clock = SkippingClock()
        self.emulator = self.spec.emulator(self.server.base_url, self.clock, 7, CONTRACTS)
        self.server.mount(self.emulator)
        self.home = self._base / str(self._turn)
        shutil.rmtree(self._base / str(self._turn - 1), ignore_errors=True)
        write_home(self.home, {self.adapter: self.emulator})
        self.verbs = Verbs(self.faults, aim, self.server._listener.hang_up)
        self.timeouts = timeouts

    def calm(self) -> None:
        """Let everything work again."""
        self.faults.replace([])

    @contextmanager
    def bridge(self) -> Iterator[RigBridge]:
        """Open the state directory, as a new process would."""
        with RigBridge.open(self.home, clock=self.clock, randomness=random.Random(7), environ={}) as opened:
            opened.verbs = self.verbs
            opened.timeouts = self.timeouts
            yield opened

    def control(self, command: str, **arguments: Any) -> Mapping[str, Any]:
        """Act as somebody else at the CRM."""
        return self.emulator.control(command, arguments)

    def contracts(self) -> list[str]:
        """Return the ids of the contracts that are live in the CRM, in its own order."""
        return [str(one) for one in self.control("contracts")["ids"]]

    def close(self) -> None:
        """Stop serving and tidy up."""
        self.server.close()
        self.decoy.close()
        shutil.rmtree(self._base, ignore_errors=True)
