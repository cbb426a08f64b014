"""`verify --watch`: days after a run, whether what it removed came back, and what lets the machine look every day."""

from __future__ import annotations

import plistlib
import shlex
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.adapter import RestoreItem
from crm_bridge.spi.emulator import Emulator
from tests.cli.conftest import Shell
from tests.cli.test_review import delete, reviewed, topics


def days_later(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(timedelta(days=days, minutes=1).total_seconds()))


def watched(shell: Shell, points: str = "1d,7d,30d") -> tuple[int, list[dict[str, Any]]]:
    said = shell("verify", "--watch", points, "--json")
    return said.code, said.document()["runs"]


def snapshots(shell: Shell, name: str, ids: list[str]) -> list[Snapshot]:
    with Bridge.open(shell.home) as bridge:
        adapter = bridge.adapter(name)
        module = adapter.whoami().module
        copies = adapter.snapshot([ContractRef(module, one) for one in ids])
        return [copy for copy in copies if isinstance(copy, Snapshot)]


def sync_back(shell: Shell, name: str, copies: list[Snapshot]) -> list[str]:
    """Create records again from copies, as a sync from another system does; return their new ids."""
    with Bridge.open(shell.home) as bridge:
        items = [RestoreItem(copy.ref, f"sync-{number}", copy) for number, copy in enumerate(copies)]
        made = bridge.adapter(name).bring_back(Route.RECREATE, items)
        return [one.new_ref.id for one in made if one.new_ref]


def test_a_run_is_looked_at_once_at_each_point(
    shell: Shell, running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = delete(shell, "zoho-sandbox", tmp_path)
    assert watched(shell) == (0, [])
    for days, point in ((1, "1d"), (8, "7d"), (40, "30d")):
        days_later(monkeypatch, days)
        code, (report,) = watched(shell)
        assert (code, report["run"], report["point"], report["found"]) == (0, run["run_id"], point, [])
        assert (report["removed"], report["proven"]) == (len(run["outcomes"]), True)
        assert watched(shell) == (0, [])


def test_what_came_back_under_its_own_or_another_id_is_found_and_reviewed(
    shell: Shell, name: str, tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [one["id"] for one in shell("find", name, "--where", 'status = "Expired"', "--json").lines()]
    copies = snapshots(shell, name, ids[1:3])
    run = delete(shell, name, tmp_path)
    emulator.control("restore", {"id": ids[0]})
    made = sync_back(shell, name, copies)
    assert len(made) == 2
    days_later(monkeypatch, 1)
    code, (report,) = watched(shell)
    assert code == 9
    assert {(one["record_id"], one["found_id"]) for one in report["found"]} == {
        (ids[0], ids[0]), (ids[1], made[0]), (ids[2], made[1])
    }  # fmt: skip
    assert {one["kind"] for one in report["found"]} <= {"same_id", "same_number", "copy"}
    _said, document = reviewed(shell)
    back = [one for one in document["concerns"] if one["topic"] == "reappeared" and one["run"] == run["run_id"]]
    assert {i for one in back for i in one["ids"]} == set(ids[:3])


def test_numbers_are_found_by_their_keyed_digest_where_the_plan_says_nothing(
    shell: Shell, running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "zoho-sandbox"
    ids = [one["id"] for one in shell("find", name, "--where", 'status = "Expired"', "--json").lines()]
    copies = snapshots(shell, name, ids[:1])
    delete(shell, name, tmp_path)
    made = sync_back(shell, name, copies)
    days_later(monkeypatch, 1)
    monkeypatch.setattr("crm_bridge.pipeline.settling.watch._content", lambda _card: None)
    _code, (report,) = watched(shell)
    assert [(one["kind"], one["record_id"], one["found_id"]) for one in report["found"]] == [
        ("same_number", ids[0], made[0])
    ]


def test_a_removed_contract_that_is_on_the_hold_list_now_is_named(
    shell: Shell, running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = delete(shell, "zoho-sandbox", tmp_path)
    number = run["outcomes"][0]["number"]
    with (shell.home / "config.toml").open("a") as config:
        config.write('[policy]\nhold_list = "holds.csv"\n')
    (shell.home / "holds.csv").write_text(f"{number},lawsuit\n")
    days_later(monkeypatch, 1)
    code, (report,) = watched(shell)
    assert (code, [(one["kind"], one["says"]) for one in report["found"]]) == (3, [("hold", "lawsuit")])
    _said, document = reviewed(shell)
    assert topics(document)["held"]["ids"] == [run["outcomes"][0]["id"]]


def test_the_end_of_the_bin_is_named_a_week_before(
    shell: Shell, running: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete(shell, "zoho-sandbox", tmp_path)
    days_later(monkeypatch, 30)
    assert watched(shell)[1][0]["bin_until"] is None
    days_later(monkeypatch, 55)
    assert watched(shell, "55d")[1][0]["bin_until"] is not None


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_a_run_of_100_contracts_takes_at_most_40_calls(
    shell: Shell, tmp_path: Path, adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox(SandboxOptions(home=shell.home, count=100, only=(adapter,))) as served:
        name = f"{adapter}-sandbox"
        path = tmp_path / "x.plan"
        shell("plan", name, "--where", "everything", "-o", path, "--no-rehearse")
        shell("apply", path, "--confirm", shell("plan", "show", path, "--json").document()["digest"])
        days_later(monkeypatch, 1)
        emulator = served.servers[adapter].exchange.emulator
        before = len(emulator.ledger())
        code, (report,) = watched(shell)
        calls = len(emulator.ledger()) - before
    assert (code, report["removed"], report["found"], report["proven"]) == (0, 100, [], True)
    assert calls <= 40, calls


def test_what_is_installed_calls_the_same_command(shell: Shell, running: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    folder.mkdir()
    for kind in ("systemd", "launchd", "cron"):
        assert shell("watch", "install", kind, "--points", "1d,7d", "-o", folder).code == 0
    service = (folder / "crm-bridge-watch.service").read_text()
    (line,) = [one for one in service.splitlines() if one.startswith("ExecStart=")]
    plist = plistlib.loads((folder / "crm-bridge.watch.plist").read_bytes())
    cron = (folder / "crm-bridge-watch.cron").read_text()
    words = shlex.split(line.removeprefix("ExecStart="))
    assert words == plist["ProgramArguments"] == shlex.split(cron)[5:]
    assert words[1:] == ["-m", "crm_bridge", "--home", str(shell.home), "verify", "--watch", "1d,7d"]
    done = subprocess.run([*words, "--json"], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    if verify := shutil.which("systemd-analyze"):
        checked = subprocess.run(
            [verify, "verify", str(folder / "crm-bridge-watch.timer")], capture_output=True, check=False, text=True
        )
        assert "crm-bridge" not in checked.stderr
    assert shell("watch", "install", "cron", "--points", "soon").code == 2
