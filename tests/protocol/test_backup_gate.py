"""Right before a delete the backup is looked at once more: a file that changed since holds its contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.sandbox.serve import SandboxOptions, sandbox


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
@pytest.mark.parametrize(("files", "held"), [("records-*.age", 3), ("files/*.age", 1)])
def test_a_backup_that_was_damaged_after_it_was_made_holds_its_contracts(
    tmp_path: Path, name: str, damage: str, files: str, held: int, monkeypatch: Any
) -> None:
    clock, home = ManualClock(), tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=20), clock=clock) as running:
        emulator = running.servers[name].exchange.emulator
        with Bridge.open(home, clock=clock, environ={}) as bridge:
            crm = bridge.connect(f"{name}-sandbox")
            ids = emulator.control("contracts", {})["ids"][:3]
            plan = crm.plan(ids=ids)
            journal = bridge.journal
            append = journal.append

            def damaging(new_entries: Any) -> Any:
                written = append(new_entries)
                if any(new_entry.op == "backup" for new_entry in new_entries):
                    for path in (home / "vault").rglob(files):
                        hurt(path, damage)
                return written

            monkeypatch.setattr(journal, "append", damaging)
            run = crm.apply(plan, confirm=plan.digest)
            outcomes = {item.contract.id: item.outcome for item in run}
        # The first contract has the only attachment.
        left = dict.fromkeys(ids[:held], Outcome.HELD) | dict.fromkeys(ids[held:], Outcome.REMOVED)
        assert outcomes == left
        live = set(emulator.control("contracts", {})["ids"])
        assert {one for one in ids if one in live} == set(ids[:held])


def hurt(path: Path, damage: str) -> None:
    data = bytearray(path.read_bytes())
    path.chmod(0o600)
    if damage == "flip":
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    elif damage == "truncate":
        path.write_bytes(bytes(data[:-7]))
    else:
        path.unlink()
