"""A CRM for the tests of somebody's own script: the stand-in of one adapter, and a state directory connected to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_bridge.clock import ManualClock
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.sandbox.faults import parse_plan
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.emulator import Effect, Emulator

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Connection

COUNT = 40
Fault = Mapping[str, Any]
"""One rule of a fault plan: `kind`, and optional `match` and `arguments`."""


@dataclass
class StandIn:
    """One served CRM. `home` is a state directory with one connection to it, `name`; time moves by `clock` only."""

    adapter: str
    name: str
    home: Path
    clock: ManualClock
    running: Sandbox
    _closing: ExitStack = field(repr=False)

    @property
    def emulator(self) -> Emulator:
        """Return the CRM itself, as its tests see it."""
        return self.running.servers[self.adapter].exchange.emulator

    @cached_property
    def bridge(self) -> Bridge:
        """Return an open bridge on the state directory; closed at the end of the test."""
        from crm_bridge.bridge import Bridge

        return self._closing.enter_context(Bridge.open(self.home, clock=self.clock))

    @property
    def crm(self) -> Connection:
        """Return the connection to this CRM."""
        return self.bridge.connect(self.name)

    @property
    def url(self) -> str:
        """Return the CRM's address on this machine."""
        return self.emulator.base_url

    def ready(self) -> Mapping[str, str]:
        """Return addresses and made-up secrets with which any client of the vendor signs in."""
        return self.running.ready()[self.adapter]

    def ids(self) -> list[str]:
        """Return the ids of the live contracts."""
        return [str(one) for one in self.control("contracts")["ids"]]

    def control(self, command: str, **arguments: Any) -> Mapping[str, Any]:
        """Act as somebody else at the CRM: `edit`, `delete`, `lock`, `restore`, ... Fails the test where that fails."""
        told = self.emulator.control(command, arguments)
        assert "error" not in told, f"{command}: {told['error']}"
        return told

    def edit(self, record_id: str, meaning: str, value: object) -> None:
        """Let somebody else edit a contract; `meaning` is a field of every contract, such as `title`."""
        name = next(one.name for one in self.crm.profile().fields if one.meaning == meaning)
        self.control("edit", id=record_id, field=name, value=value)

    def inject(self, *faults: Fault) -> None:
        """Spoil requests from now on; without any fault everything works again. Raises UsageError."""
        self.running.servers[self.adapter].inject(*parse_plan(list(faults)))

    def effects(self, *kinds: str) -> list[Effect]:
        """Return what requests changed so far, of some kinds (`trashed`, `purged`, `created`, ...) or of all."""
        found = (effect for line in self.emulator.ledger() for effect in line.effects)
        return [effect for effect in found if not kinds or effect.kind in kinds]

    def assert_no_effects(self) -> None:
        """Fail unless no request changed anything at the CRM."""
        assert self.effects() == [], "requests changed something at the CRM"


@contextmanager
def stand_in(
    adapter: str,
    folder: Path,
    *,
    name: str = "",
    count: int = COUNT,
    load: Path | None = None,
    faults: Sequence[Fault] = (),
    now: datetime | None = None,
    impersonate: bool = False,
) -> Iterator[StandIn]:
    """Serve the CRM of an adapter while the block runs; `folder` gets the state directory.

    `name` is what the connection is called, `count` how many contracts are made up, `load` a CSV whose contracts take
    their place, `faults` a fault plan, `now` the time at which the clock stands (aware). `impersonate` also answers
    for the vendor's own hosts, for clients with a fixed address. Raises UsageError.
    """
    if now is not None and now.tzinfo is None:
        raise UsageError(_("the time of a stand-in needs a time zone"), hint="datetime(2031, 5, 6, tzinfo=UTC)")
    clock = ManualClock(now) if now else ManualClock()
    name = name or f"{adapter}-sandbox"
    options = SandboxOptions(
        home=folder / "home",
        only=(adapter,),
        count=count,
        load=load,
        names={adapter: name},
        impersonate=folder / "authority" if impersonate else None,
    )
    with sandbox(options, clock=clock) as running, ExitStack() as closing:
        made = StandIn(adapter, name, folder / "home", clock, running, closing)
        made.inject(*faults)
        yield made
