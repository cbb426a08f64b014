"""Every token of a run opens the organisation that the run began in, or nothing that changes anything is sent."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge, Connection
from crm_bridge.cli.main import main
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import TenantChangedError
from crm_bridge.pipeline.entries import history
from crm_bridge.sandbox.home import connection_name
from crm_bridge.spi.emulator import Emulator
from sweeps.moved_token import CONTRACTS, moved_at, sandboxed

CRMS = ("zoho", "fxiaoke")


@contextmanager
def tenant(name: str, home: Path, count: int = 12) -> Iterator[tuple[Bridge, Connection, Any]]:
    clock = ManualClock()
    with sandboxed(name, home, clock, count) as emulator, Bridge.open(home, environ={}, clock=clock) as bridge:
        yield bridge, bridge.connect(connection_name(name)), emulator


def nothing_changed_elsewhere(emulator: Emulator) -> bool:
    told = emulator.control("elsewhere", {})
    return bool(told["requests"]) and not told["changes"]


@pytest.mark.parametrize("name", CRMS)
@pytest.mark.parametrize("calls", [3, 11, 13, 17, 40, 66])
def test_a_token_that_moves_in_the_middle_of_a_run_changes_nothing_elsewhere(
    name: str, calls: int, tmp_path: Path
) -> None:
    assert CONTRACTS == 60
    found = moved_at(name, calls, tmp_path / "home")
    assert found.changed_elsewhere == []
    assert found.false_words == []


@pytest.mark.parametrize("name", CRMS)
def test_a_renewal_that_leads_elsewhere_halts_the_run_and_a_sign_in_put_right_goes_on(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant(name, tmp_path / "home") as (bridge, crm, emulator):
        plan = crm.plan("everything")
        adapter: Any = bridge.adapter(crm.name)
        remove, batches = adapter.remove, list[Any]()

        def and_then_moves(step: Any, refs: Any, *, options: Any) -> Any:
            answers = remove(step, refs, options=options)
            if not batches:
                emulator.control("move_token", {"renewal": True})
                emulator.control("expire_tokens", {})
            batches.append(refs)
            return answers

        monkeypatch.setattr(adapter, "remove", and_then_moves)
        run = crm.apply(plan, confirm=plan.digest)
        assert isinstance(run.halted, TenantChangedError)
        assert run.halted.reason == "tenant_changed"
        assert nothing_changed_elsewhere(emulator)
        # Batches of one contract: those of the first look may have been on their way, and no other one was sent.
        assert 1 <= len(batches) <= 5
        with pytest.raises(TenantChangedError):
            crm.verify(run.id)
        with pytest.raises(TenantChangedError):
            crm.backup(crm.find("everything"))


@pytest.mark.parametrize("name", CRMS)
@pytest.mark.parametrize("purged", [False, True])
def test_a_restore_creates_and_recovers_nothing_elsewhere(name: str, purged: bool, tmp_path: Path) -> None:
    with tenant(name, tmp_path / "home") as (_bridge, crm, emulator):
        ids = emulator.control("contracts", {})["ids"][:3]
        plan = crm.plan(ids=ids)
        run = crm.apply(plan, confirm=plan.digest)
        assert run.counts == {Outcome.REMOVED: 3}
        if purged and name == "zoho":
            for record_id in ids:
                emulator.control("purge", {"id": record_id})
        emulator.control("move_token", {"renewal": True})
        emulator.control("expire_tokens", {})
        with pytest.raises(TenantChangedError):
            crm.restore(run.id)
        assert nothing_changed_elsewhere(emulator)


@pytest.mark.parametrize("name", CRMS)
@pytest.mark.parametrize("known", [True, False], ids=["by its age", "by a refusal"])
def test_a_renewal_of_twelve_seconds_leaves_no_contract_to_an_old_look(name: str, known: bool, tmp_path: Path) -> None:
    with tenant(name, tmp_path / "home") as (bridge, crm, emulator):
        plan = crm.plan("everything")
        emulator.control("switch", {"name": "renewal_seconds", "value": 12})
        adapter: Any = bridge.adapter(crm.name)
        locate, looks = adapter.locate, []

        def and_then_ends(*args: Any, **more: Any) -> Any:
            found = locate(*args, **more)
            looks.append(args)
            if len(looks) in (1, 3):
                # The token ends between look and send: either we know, or only the CRM does.
                bridge.env.clock.advance(3595) if known else None  # type: ignore[attr-defined]
                emulator.control("expire_tokens", {})
            return found

        adapter.locate = and_then_ends
        run = crm.apply(plan, confirm=plan.digest)
        assert run.counts == {Outcome.REMOVED: 12}
        told = [item.line.facts for item in history(bridge.journal, run.id)]
        ages = [int(facts["look_ms"]) for facts in told if "look_ms" in facts]
        assert len(ages) >= 12
        assert max(ages) <= 5000


@pytest.mark.parametrize("command", [["login", "--replace"], ["logout"], ["connections", "remove"]])
def test_a_connection_that_a_run_holds_cannot_be_changed_and_the_run_is_named(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with tenant("zoho", tmp_path / "home") as (bridge, crm, _emulator):
        plan = crm.plan("everything")
        adapter: Any = bridge.adapter(crm.name)
        remove, codes = adapter.remove, list[object]()

        def and_somebody_changes_it(step: Any, refs: Any, *, options: Any) -> Any:
            with pytest.raises(SystemExit) as ended:
                main(["--home", str(tmp_path / "home"), *command, crm.name])
            codes.append(ended.value.code)
            return remove(step, refs, options=options)

        monkeypatch.setattr(adapter, "remove", and_somebody_changes_it)
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            run = crm.apply(plan, confirm=plan.digest)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        assert run.counts == {Outcome.REMOVED: 12}
        assert len(codes) == 12
        assert all(codes)
        assert capsys.readouterr().err.count(f"(run {run.id})") == len(codes)
