"""The bench of an exam: one emulator on loopback, one adapter signed in to it, and a look behind both."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crm_bridge.clock import ManualClock
from crm_bridge.domain.contract import Contract, ContractRef
from crm_bridge.domain.filters.tree import Everything, Filter
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.errors import CredentialStoreError
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge.spi.adapter import Adapter, Completeness, LookDepth, Place, Query, Whereabouts
from crm_bridge.spi.emulator import Effect, Emulator, LedgerEntry
from crm_bridge.spi.spec import AdapterContext, AdapterSpec
from crm_bridge.testing.copies import in_hand
from crm_bridge.testing.mount import serving
from crm_bridge.transport import Budget, CallRecord, Window


class KnownSecrets:
    """Secrets in memory, for tests."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """Keep a copy."""
        self.known = dict(known)

    def get(self, item: str) -> str | None:
        """Return a secret or None."""
        return self.known.get(item)

    def need(self, item: str) -> str:
        """Return a secret or raise CredentialStoreError."""
        if item not in self.known:
            raise CredentialStoreError(f"there is no {item}")
        return self.known[item]


@dataclass(slots=True)
class Counted:
    """How many requests a block of a test sent; the figure is there when the block has ended."""

    count: int = 0


@dataclass(slots=True)
class Bench:
    """The bench that the cases of the exam work on."""

    spec: AdapterSpec
    server: SandboxServer
    clock: ManualClock
    adapter: Adapter
    records: list[CallRecord]

    @property
    def emulator(self) -> Emulator:
        """Return the stand-in of the CRM."""
        return self.server.exchange.emulator

    @property
    def module(self) -> str:
        """Return the contract module of the signed-in connection."""
        return self.adapter.whoami().module

    def control(self, command: str, **arguments: Any) -> Mapping[str, Any]:
        """Act as somebody else at the CRM; a refusal fails the test."""
        told = self.emulator.control(command, arguments)
        assert "error" not in told, f"control {command}: {told['error']}"
        return told

    def ids(self) -> list[str]:
        """Return the ids of all live contracts, as the emulator knows them."""
        return [str(one) for one in self.control("contracts")["ids"]]

    def refs(self, *ids: str) -> list[ContractRef]:
        """Return the addresses of contracts."""
        return [ContractRef(self.module, one) for one in ids]

    def absent_id(self) -> str:
        """Return an id that looks right and belongs to no record."""
        known = set(self.ids())
        return next(one for n in range(1000) if (one := f"{self.ids()[0][:-3]}{n:03d}") not in known)

    def listing(self, where: Filter | None = None, **query: Any) -> tuple[list[Contract], Completeness | None]:
        """Read a whole listing as it comes, and what it says about its completeness."""
        search = self.adapter.find(Query(where=where if where is not None or query else Everything(), **query))
        contracts: list[Contract] = []
        completeness = None
        for page in search.pages:
            assert completeness is None, "only the last page carries `completeness`"
            contracts += page.contracts
            completeness = page.completeness
        return contracts, completeness

    def contract(self, record_id: str) -> Contract:
        """Return one contract through `find`."""
        return next(one for one in self.listing(ids=(record_id,))[0] if one.id == record_id)

    def snapshot(self, record_id: str) -> Snapshot:
        """Return a snapshot whose attachments were read: with digest and bytes, as one from the vault."""
        (found,) = self.adapter.snapshot(self.refs(record_id))
        assert isinstance(found, Snapshot), f"no snapshot of {record_id}: {found}"
        return replace(found, attachments=tuple(in_hand(one) for one in found.attachments))

    def where_is(self, record_id: str, *, look: LookDepth = LookDepth.EVERYWHERE) -> Whereabouts:
        """Return where one record is; it is absent only if a control record was readable in the same look."""
        observation = self.adapter.locate(self.refs(record_id), look=look)
        found = observation.places[record_id]
        live = found.place is Place.LIVE
        assert live or observation.control is not None, "absence without a control record proves nothing"
        assert observation.control != record_id, "the control record must be another one"
        return found

    def effects(self, since: int, *kinds: str) -> list[Effect]:
        """Return what changed at the CRM since the ledger had `since` lines, of some kinds or of all."""
        lines = self.emulator.ledger()[since:]
        return [effect for line in lines for effect in line.effects if not kinds or effect.kind in kinds]

    def removed(self, since: int) -> set[str]:
        """Return the ids of contracts that were trashed or purged since the ledger had `since` lines."""
        found = self.effects(since, "trashed", "purged")
        return {effect.id for effect in found if effect.module == self.module}

    def mark(self) -> int:
        """Return how many lines the ledger has."""
        return len(self.emulator.ledger())

    @contextmanager
    def counting(self) -> Iterator[Counted]:
        """Count the requests of a block, lost ones included."""
        before, counted = len(self.server.exchange.traffic.entries()), Counted()
        yield counted
        counted.count = len(self.server.exchange.traffic.entries()) - before

    def rehearse(self, act: Callable[[str], object], record_id: str, *kinds: str) -> LedgerEntry:
        """Do something to one record and return the request that had the effect on it."""
        since = self.mark()
        act(record_id)
        for line in self.emulator.ledger()[since:]:
            if any(effect.id == record_id and effect.kind in kinds for effect in line.effects):
                return line
        raise AssertionError(f"no request had an effect on {record_id}")

    def secrets(self) -> Sequence[str]:
        """Return the secrets that must show up nowhere; short ones may stand in a text by chance."""
        return [value for value in self.emulator.connection()[1].values() if len(value) >= 12]


@contextmanager
def bench(
    spec: AdapterSpec, folder: Path, *, contracts: int, seed: int = 7, settings: Mapping[str, object] | None = None
) -> Iterator[Bench]:
    """Serve the emulator of `spec` on loopback and connect an adapter; `settings` are added to its own."""
    clock = ManualClock()
    records: list[CallRecord] = []
    with serving(lambda url: spec.emulator(url, clock, seed, contracts)) as server:
        given, secrets = server.exchange.emulator.connection()
        named = {key: value for key, value in given.items() if key != "adapter"}
        adapter_context = AdapterContext(
            connection="exam",
            secrets=KnownSecrets(secrets),
            clock=clock,
            randomness=random.Random(seed),  # noqa: S311 - an exam is the same every time
            state_dir=folder,
            budget=_budget(spec),
            on_call=records.append,
        )
        adapter = spec.connect(spec.settings().model_validate({**named, **(settings or {})}), adapter_context)
        try:
            yield Bench(spec, server, clock, adapter, records)
        finally:
            adapter.close()


def _budget(spec: AdapterSpec) -> Budget:
    limits = spec.limits
    if limits.window_calls and limits.window_seconds:
        return Budget(in_flight=limits.calls_in_flight, windows=(Window(limits.window_calls, limits.window_seconds),))
    return Budget(in_flight=limits.calls_in_flight)
