"""What another local user may have planted in or around the state directory is refused in one sentence."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.config import load_config
from crm_bridge.errors import ConfigError, CrmBridgeError
from crm_bridge.files import ensure_private_folder
from crm_bridge.locks import hold
from crm_bridge.sandbox.serve import SandboxOptions, sandbox


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


def link_to_a_folder(home: Path) -> None:
    home.rename(home.with_name("real"))
    home.symlink_to(home.with_name("real"))


def file_in_its_place(home: Path) -> None:
    home.rmdir()
    home.write_text("")


def open_to_the_group(home: Path) -> None:
    home.chmod(0o770)


def open_to_all(home: Path) -> None:
    home.chmod(0o707)


@pytest.mark.parametrize("plant", [link_to_a_folder, file_in_its_place, open_to_the_group, open_to_all])
def test_a_state_directory_that_is_not_ours_alone_is_refused(home: Path, plant: Callable[[Path], None]) -> None:
    plant(home)
    with pytest.raises(ConfigError) as refused:
        Bridge.open(home, create=True, environ={})
    assert refused.value.hint


def test_a_state_directory_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        ensure_private_folder(home)


def test_one_that_others_may_read_is_closed_to_them(home: Path) -> None:
    home.chmod(0o755)
    ensure_private_folder(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def link(path: Path, outside: Path) -> None:
    outside.write_text("")
    path.symlink_to(outside)


def hard_link(path: Path, outside: Path) -> None:
    outside.write_text("")
    outside.chmod(0o600)
    path.hardlink_to(outside)


def pipe(path: Path, _outside: Path) -> None:
    os.mkfifo(path, 0o600)


def folder(path: Path, _outside: Path) -> None:
    path.mkdir(mode=0o700)


def writable_by_others(path: Path, _outside: Path) -> None:
    path.write_text("")
    path.chmod(0o622)


PLANTS = [link, hard_link, pipe, folder, writable_by_others]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_configuration_is_refused_without_waiting(home: Path, plant: Callable[[Path, Path], None]) -> None:
    plant(home / "config.toml", home.with_name("outside"))
    with pytest.raises(ConfigError) as refused:
        load_config(home)
    assert refused.value.hint


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_a_configuration_that_others_may_read_is_read(home: Path, mode: int) -> None:
    path = home / "config.toml"
    path.write_text('[connections.prod]\nadapter = "zoho"\n')
    path.chmod(mode)
    assert list(load_config(home).connections) == ["prod"]


@pytest.mark.parametrize("plant", [link, hard_link, pipe, folder])
def test_a_planted_lock_is_not_opened(home: Path, plant: Callable[[Path, Path], None]) -> None:
    plant(home / "a.lock", home.with_name("outside"))
    with pytest.raises((CrmBridgeError, OSError)), hold(home / "a.lock", what="test"):
        pass


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
def test_the_command_line_says_so_in_two_lines(home: Path, name: str, plant: Callable[[Path, Path], None]) -> None:
    with sandbox(SandboxOptions(home=home, count=1), clock=ManualClock()):
        (home / name).unlink(missing_ok=True)
        plant(home / name, home.with_name("outside"))
        done = subprocess.run(
            [sys.executable, "-m", "crm_bridge.cli.main", "--home", str(home), "connections", "test", "zoho-sandbox"],
            env={**os.environ, "CRM_BRIDGE_LANG": "en"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    lines = done.stderr.splitlines()
    assert done.returncode in (1, 2), done.stderr
    assert (lines[0][:7], lines[1][:6], len(lines)) == ("error: ", "hint: ", 2), done.stderr


def test_an_export_does_not_go_through_a_planted_link(home: Path, tmp_path: Path) -> None:
    outside, output = tmp_path / "outside", tmp_path / "export.jsonl"
    outside.write_text("mine")
    (tmp_path / ".export.jsonl.part").symlink_to(outside)
    with sandbox(SandboxOptions(home=home, count=3), clock=ManualClock()), Bridge.open(home, environ={}) as bridge:
        bridge.connect("zoho-sandbox").plan("everything")
        bridge.export_journal(output)
    assert outside.read_text() == "mine"
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
