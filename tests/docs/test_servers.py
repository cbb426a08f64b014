"""The pages about servers, CI and containers: their scripts run in a container-like place, their manifests are read."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from crm_bridge.exit_codes import ExitCode
from crm_bridge.registry import load_adapter
from tests.docs.conftest import ROOT, blocks
from tests.journeys.company import company

PAGES = ("docs/how-to/{}.md", "docs/zh_CN/how-to/{}.md")
HOSTS = ("accounts.zoho.eu", "www.zohoapis.eu")
USER = "robot:p@ss:word"
KEYS = {"keys.journal-sign", "keys.journal-hmac", "keys.backup-identity"}
SECRETS = {"zoho-eu.client_id", "zoho-eu.client_secret", "zoho-eu.refresh_token"}

# Everything read-only but one folder, as `docker run --read-only` does; only where this machine lets us.
READ_ONLY = (
    'mount --rbind / "$1" && mount -o remount,ro,bind "$1" && mount --bind "$2" "$1$2" && shift 2 && exec chroot "$@"'
)


def block(page: str, language: str, mark: str) -> str:
    (found,) = [text for text in blocks(page, language) if mark in text]
    return found


class Container:
    """A place without D-Bus, keyring or home: one folder may be written to, and `crm-bridge` is on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "writable"
        self.folder.mkdir(mode=0o700)
        shim = folder / "bin" / "crm-bridge"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m crm_bridge.cli.main "$@"\n')
        shim.chmod(0o755)
        self.root = folder / "root"
        self.root.mkdir()
        self.env = {
            "PATH": f"{shim.parent}:{Path(sys.executable).parent}:/usr/bin:/bin:/usr/sbin:/sbin",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "adapters")]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/nonexistent",
            "CRM_BRIDGE_LANG": "en",
            "CRM_BRIDGE_HOME": str(self.folder / "state"),
            "SECRETS": str(self.folder / "secrets"),
            "TMPDIR": str(self.folder),
        }
        trial = self._run(self._locked("true"))
        self.read_only = trial.returncode == 0
        """Whether this machine lets us make everything else read-only: unshare needs its leave."""

    def _locked(self, script: str) -> list[str]:
        inside = ["sh", "-c", script]
        where = [str(self.root), str(self.folder)]
        return ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", *where, str(self.root), *inside]

    def frozen(self, script: str) -> str:
        """Run a command while the one folder is read-only as well."""
        where = self._locked(script)
        where[4] = where[4].replace('mount --bind "$2" "$1$2" && ', "")
        done = self._run(where)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120, cwd="/")
        except FileNotFoundError:
            return subprocess.CompletedProcess(command, 127, "", "")

    def __call__(self, script: str, *, code: int = 0) -> str:
        """Run a script of a page; everything but the one folder is read-only where that can be had."""
        done = self._run(self._locked(script) if self.read_only else ["sh", "-c", script])
        assert done.returncode == code, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


def test_the_page_works_from_the_keys_to_the_restore_out_of_a_company(container: Container, tmp_path: Path) -> None:
    page = PAGES[0].format("on-a-server")
    with company("zoho", HOSTS, tmp_path, user=USER) as crm:
        container(block(page, "sh", "# setup"))
        config = container.folder / "state" / "config.toml"
        network = f'proxy = "{crm.proxy.url}"\nca_file = "{container.folder}/company-ca.pem"\n'
        shutil.copy(crm.authority, container.folder / "company-ca.pem")
        # What hangs on the contracts of the stand-in is made up as well.
        paper = '[policy.retention.made-up]\nreleases = ["signed_copy", "envelope", "payment", "order", "invoice"]\n'
        config.write_text(config.read_text() + network + paper)
        secrets = container.folder / "secrets"
        assert {path.name for path in secrets.iterdir()} == KEYS
        name, _colon, password = USER.partition(":")
        for item, value in {**crm.emulator.connection()[1], "proxy_user": name, "proxy_password": password}.items():
            path = secrets / f"zoho-eu.{item}"
            path.write_text(value)
            path.chmod(0o400)
        night = block(page, "sh", "# nightly.sh")
        container.env["RULE"] = 'status = "Expired"'
        before = set(crm.emulator.control("contracts", {})["ids"])
        container(night)
        assert set(crm.emulator.control("contracts", {})["ids"]) < before
        container(night)  # nothing is left: exit 8 inside, 0 for the scheduler
        told = json.loads(container('crm-bridge --secrets-dir "$SECRETS" status --json'))
        assert {one["outcome"] for one in told["outcomes"]} == {"removed"}
        container('crm-bridge --secrets-dir "$SECRETS" journal check')
        if container.read_only:
            for words in ("status", "status --runs", "journal list", "receipt show"):
                assert container.frozen(f'crm-bridge --secrets-dir "$SECRETS" {words}')
        container('crm-bridge --secrets-dir "$SECRETS" restore --last')
        assert set(crm.emulator.control("contracts", {})["ids"]) == before
        assert set(crm.proxy.targets) == {f"{host}:443" for host in HOSTS}


def test_a_job_that_writes_its_own_secrets_writes_them_so_that_they_are_taken(container: Container) -> None:
    script = block(PAGES[0].format("in-ci"), "sh", "# secrets of a job")
    container.env |= {name: name.lower() for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")}
    container(script)
    folder = container.folder / "secrets"
    assert {path.name for path in folder.iterdir()} == SECRETS
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("page", PAGES)
def test_the_units_hand_over_every_secret_that_a_run_needs(page: str) -> None:
    service, timer = blocks(page.format("on-a-server"), "ini")
    handed = dict(line.split("=", 1)[1].split(":", 1) for line in service.splitlines() if line.startswith("LoadCred"))
    needed = {f"zoho-eu.{item.name}" for item in load_adapter("zoho").secrets if item.required}
    assert set(handed) == KEYS | needed
    assert all(path == f"/etc/crm-bridge/{name}" for name, path in handed.items())
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(service)
    assert parser["Service"]["StateDirectoryMode"] == "0700"
    assert int(parser["Service"]["SuccessExitStatus"]) == ExitCode.BUSY
    parser.read_string(timer)
    assert parser["Timer"]["Persistent"] == "true"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for name, text in zip(("service", "timer"), blocks(PAGES[0].format("on-a-server"), "ini"), strict=True):
        (tmp_path / f"crm-bridge.{name}").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "crm-bridge.timer")], capture_output=True, text=True
    )
    assert "Unknown" not in done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_the_table_of_exit_codes_names_all_of_them(page: str) -> None:
    text = (ROOT / page.format("on-a-server")).read_text("utf-8")
    named: set[int] = set()
    for cell in re.findall(r"^\| (\d[\d, -]*) \|", text, re.MULTILINE):
        for part in cell.split(","):
            first, _dash, last = part.strip().partition("-")
            named |= set(range(int(first), int(last or first) + 1))
    assert named == set(ExitCode)


@pytest.mark.parametrize("page", PAGES)
def test_the_image_runs_the_command_and_the_script_of_the_pages(page: str) -> None:
    (dockerfile,) = blocks(page.format("in-a-container"), "dockerfile")
    assert 'ENTRYPOINT ["crm-bridge"]' in dockerfile
    assert "dist/crm_bridge-*.whl" in dockerfile
    home = re.search(r"CRM_BRIDGE_HOME=(\S+)", dockerfile)
    assert home is not None
    assert home[1].startswith("/state/"), "below the volume, whose own folder the group may write to"
    (manifest,) = blocks(page.format("in-a-container"), "yaml")
    assert "defaultMode: 0400" in manifest
    assert "readOnlyRootFilesystem: true" in manifest
    assert "backoffLimit: 0" in manifest
    assert "concurrencyPolicy: Forbid" in manifest


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["on-a-server", "in-ci", "in-a-container"])
def test_scripts_are_what_a_shell_can_read(name: str, page: str) -> None:
    scripts = blocks(page.format(name), "sh")
    scripts += re.findall(r"run: \|\n((?: {10}.*\n)+)", "".join(blocks(page.format(name), "yaml")))
    for script in scripts:
        assert subprocess.run(["sh", "-n", "-c", script], capture_output=True).returncode == 0, script
