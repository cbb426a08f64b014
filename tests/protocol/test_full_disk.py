"""A backup that cannot be written or read back ends the run with exit code 6, and nothing was deleted."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge, Connection, Plan
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import BackupError
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from crm_bridge.spi.emulator import Emulator

Applied = Callable[[], object]


class Place:
    """One CRM, a plan of three contracts on it, and its state directory."""

    def __init__(self, home: Path, crm: Connection, emulator: Emulator) -> None:
        self.home, self.crm, self.emulator = home, crm, emulator
        self.ids: list[str] = emulator.control("contracts", {})["ids"][:3]
        self.plan: Plan = crm.plan(ids=self.ids)

    def apply(self) -> Any:
        """Carry the plan out."""
        return self.crm.apply(self.plan, confirm=self.plan.digest)

    def removed(self) -> list[str]:
        """Return what disappeared."""
        return [e.id for line in self.emulator.ledger() for e in line.effects if e.kind == "trashed"]


@pytest.fixture(params=["zoho", "fxiaoke"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """One CRM after the other."""
    clock, home = ManualClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=12), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        emulator = running.servers[request.param].exchange.emulator
        yield Place(home, bridge.connect(f"{request.param}-sandbox"), emulator)


def in_vault(place: Place, handle: object) -> bool:
    return isinstance(handle, int) and str(place.home / "vault") in os.readlink(f"/proc/self/fd/{handle}")


@pytest.mark.parametrize("call", ["fsync", "open", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_takes_no_backup(place: Place, call: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = getattr(os, call)

    def failing(first: Any, *rest: Any, **named: Any) -> Any:
        writing = call != "open" or (rest and rest[0] & os.O_CREAT)
        ours = in_vault(place, first) if call == "fsync" else str(place.home / "vault") in str(first)
        if ours and writing:
            raise OSError(number, os.strerror(number), str(first))
        return real(first, *rest, **named)

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(BackupError) as caught:
        place.apply()
    assert caught.value.exit_code == 6
    assert caught.value.hint
    assert place.removed() == []
    monkeypatch.undo()
    assert place.apply().counts == {Outcome.REMOVED: 3}


def test_a_disk_that_takes_no_attachment_ends_the_run_before_anything_is_deleted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def failing(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if "/files/" in str(path) and flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(BackupError) as caught:
        place.apply()
    assert caught.value.exit_code == 6
    assert place.removed() == []


def test_a_backup_that_cannot_be_read_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.rename

    def damaging(source: Any, target: Any, *rest: Any, **named: Any) -> None:
        real(source, target, *rest, **named)
        for path in Path(target).rglob("records-*.age"):
            path.write_bytes(path.read_bytes()[:-1])

    monkeypatch.setattr(os, "rename", damaging)
    with pytest.raises(BackupError) as caught:
        place.apply()
    assert caught.value.exit_code == 6
    assert place.removed() == []
    monkeypatch.undo()
    assert place.apply().counts == {Outcome.REMOVED: 3}


def test_an_attachment_that_is_too_large_holds_its_contract_and_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first of the three has the only attachment.
    monkeypatch.setattr(place.crm.context.vault, "_cap", 1)
    run = place.apply()
    said = {item.contract.id: (item.outcome, item.reason) for item in run}
    assert said[place.ids[0]] == (Outcome.HELD, "attachment_too_large")
    assert [said[one][0] for one in place.ids[1:]] == [Outcome.REMOVED] * 2
    assert place.ids[0] not in place.removed()
