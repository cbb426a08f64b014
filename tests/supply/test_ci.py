"""What CI does around the tests: it installs what it can, and never turns red for what it cannot reach."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS, PACKAGES = ("gnome-keyring-daemon", "dbus-run-session"), ("gnome-keyring", "dbus")
FETCHES = "apt-get install --yes --no-install-recommends --download-only gnome-keyring dbus"


def adapter_context(folder: Path, **programs: str) -> dict[str, str]:
    """Return an environment whose PATH holds these shell scripts and little else."""
    for name in ("sh", "id", "timeout", "true", "false"):
        (folder / name).symlink_to(next(p for p in (f"/usr/bin/{name}", f"/bin/{name}") if os.path.exists(p)))
    for name, body in programs.items():
        path = folder / name.replace("_", "-")
        path.write_text(f'#!/bin/sh\necho "{path.name} $*" >>"{folder}/calls"\n{body}\n')
        path.chmod(0o755)
    return {"PATH": str(folder), "CI_UID": "0"}


def install(environment: dict[str, str]) -> tuple[int, str, list[str]]:
    done = subprocess.run(
        ["sh", str(ROOT / ".ci" / "install"), "Secret Service", " ".join(PROGRAMS), *PACKAGES],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    calls = Path(environment["PATH"]) / "calls"
    return done.returncode, done.stderr, calls.read_text().splitlines() if calls.exists() else []


def test_ci_installs_what_the_tests_look_for() -> None:
    told = (ROOT / ".ci" / "run").read_text()
    assert f'sh .ci/install "Secret Service" "{" ".join(PROGRAMS)}" {" ".join(PACKAGES)}' in told
    assert "sh .ci/install browser chromium chromium" in told


def test_a_secret_service_that_is_there_is_left_alone(tmp_path: Path) -> None:
    there = adapter_context(tmp_path, gnome_keyring_daemon="", dbus_run_session="", apt_get="exit 1")
    assert install(there) == (0, "", [])


def test_one_that_is_not_there_is_fetched_and_then_installed(tmp_path: Path) -> None:
    code, said, calls = install(adapter_context(tmp_path, apt_get=""))
    assert (code, said) == (0, "")
    assert calls == [FETCHES, FETCHES.replace("--download-only", "--no-download")]


@pytest.mark.parametrize(
    ("programs", "user", "reason"),
    [
        ({}, "0", "there is no apt-get"),
        ({"apt_get": ""}, "1000", "only root may install"),
        ({"apt_get": "exit 100"}, "0", "could not be fetched"),
        ({"apt_get": 'case "$*" in *--no-download*) exit 1;; esac'}, "0", "could not be installed"),
    ],
)
def test_what_cannot_be_installed_is_said_and_stops_nothing(
    tmp_path: Path, programs: dict[str, str], user: str, reason: str
) -> None:
    code, said, _calls = install({**adapter_context(tmp_path, **programs), "CI_UID": user})
    assert code == 0
    assert said.startswith("no Secret Service for the tests: ")
    assert reason in said


def test_ci_audits_within_a_minute_before_it_checks() -> None:
    steps = (ROOT / ".ci" / "run").read_text().splitlines()
    order = [steps.index(line) for line in steps if "scripts/audit" in line or line == "sh scripts/check"]
    assert order == sorted(order)
    assert "timeout --kill-after=5 60 sh scripts/audit || audited=$?" in steps
    assert not any("sudo" in line or "apt" in line for line in (ROOT / "scripts" / "check").read_text().split("\n"))
