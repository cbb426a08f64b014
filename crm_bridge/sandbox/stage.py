"""A stage for rehearsals: an adapter's own emulator with a live schema, on loopback, gone when the block ends."""

from __future__ import annotations

import logging
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from crm_bridge.clock import ManualClock
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.errors import CredentialStoreError
from crm_bridge.pipeline.restoring.staging import Stage, Staged
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge.spi.adapter import Profile
from crm_bridge.spi.emulator import Adopting
from crm_bridge.spi.spec import AdapterContext, AdapterSpec
from crm_bridge.transport import Budget

_log = logging.getLogger(__name__)
_WRITTEN = ("detail", "note")
_CONTRACTS = 0
"""Contracts that the stand-in has of its own: their unique values could be those of the sample."""


class _Secrets:
    """The made-up secrets of the stand-in."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known

    def get(self, item: str) -> str | None:
        return self._known.get(item)

    def need(self, item: str) -> str:
        if item not in self._known:
            raise CredentialStoreError(f"there is no {item}")
        return self._known[item]


def stage_for(spec: AdapterSpec) -> Stage:
    """Return what builds stand-ins for one adapter."""

    @contextmanager
    def stage(profile: Profile, snapshots: Sequence[Snapshot]) -> Iterator[Staged | None]:
        clock = ManualClock()
        server = SandboxServer(0)
        with tempfile.TemporaryDirectory(prefix="crm-bridge-rehearsal-") as folder:
            try:
                emulator = spec.emulator(server.base_url, clock, 7, _CONTRACTS)
                if not isinstance(emulator, Adopting):
                    yield None
                    return
                refused = _adopted(emulator, profile, snapshots)
                if profile.module in refused:
                    yield None
                    return
                server.mount(emulator)
                server.start()
                settings, secrets = emulator.connection()
                named = {key: value for key, value in settings.items() if key != "adapter"}
                chance = random.Random(1)  # noqa: S311 - nothing here is secret
                adapter_context = AdapterContext("rehearsal", _Secrets(secrets), clock, chance, Path(folder), Budget())
                adapter = spec.connect(spec.settings().model_validate(named), adapter_context)
                try:
                    yield Staged(adapter, _not_covered(profile, adapter.whoami(), refused))
                finally:
                    adapter.close()
            finally:
                server.close()

    return stage


def _adopted(emulator: Adopting, profile: Profile, snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """Let a stand-in take over a schema. One that fails over a schema unlike its own has taken over nothing."""
    try:
        return tuple(emulator.adopt(profile, snapshots))
    except Exception:  # noqa: BLE001 - what a stand-in cannot do must never stop a deletion that is in order
        _log.warning("the stand-in could not take over %s", profile.module, exc_info=True)
        return (profile.module,)


def _not_covered(live: Profile, stand_in: Profile, refused: Sequence[str]) -> tuple[str, ...]:
    """Return what a restore writes at the live module and the stand-in has not, or has with another type."""
    known = {one.name: one.type for one in stand_in.fields}
    lists = {one.name for one in stand_in.relations}
    fields = [one.name for one in live.fields if one.writable and known.get(one.name) != one.type]
    rows = [one.name for one in live.relations if one.kind in _WRITTEN and one.name not in lists]
    return tuple(dict.fromkeys((*refused, *fields, *rows)))
