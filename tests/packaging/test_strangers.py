"""A package of somebody else's: found through its entry point, served, used; broken ones are named, not fatal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.errors import UsageError
from crm_bridge.registry import adapter_names, load_adapter
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.cli.conftest import Said
from tests.docs.conftest import ROOT

GOOD = """
from dataclasses import replace
from crm_bridge_zoho import ADAPTER as OTHER
from crm_bridge_zoho.emulator import ZohoEmulator

class AcmeEmulator(ZohoEmulator):
    def connection(self):
        settings, secrets = super().connection()
        return {**settings, "adapter": "acme"}, secrets

def emulator(base_url, clock, seed, count):
    return AcmeEmulator(base_url, clock=clock, seed=seed, count=count)

ADAPTER = replace(OTHER, name="acme", title="Acme CRM", about="A CRM of somebody else's", emulator=emulator)
"""


def install(site: Path, monkeypatch: pytest.MonkeyPatch, text: str, target: str = "crm_bridge_acme:ADAPTER") -> None:
    """Lay a package down as pip does, and put it on the path."""
    (site / "crm_bridge_acme").mkdir(parents=True)
    (site / "crm_bridge_acme" / "__init__.py").write_text(text)
    info = site / "crm_bridge_acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crm-bridge-acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[crm_bridge.adapters]\nacme = {target}\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "crm_bridge_acme", raising=False)


def test_a_strangers_adapter_does_the_whole_journey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", monkeypatch, GOOD)
    assert adapter_names() == ("acme", "fxiaoke", "zoho")
    home = tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=20, only=("acme",))) as running,
        Bridge.open(home, environ={}) as bridge,
    ):
        assert list(running.ready()) == ["acme"]
        crm = bridge.connect("acme-sandbox")
        plan = crm.plan('status = "Expired"')
        assert plan.head.adapter == "acme"
        run = crm.apply(plan, confirm=plan.digest)
        assert run.exit_code == 0
        assert {step.result for step in run.receipt().restore()} == {"restored"}


@pytest.mark.parametrize(
    ("text", "target", "says"),
    [
        ("ADAPTER = 5", "crm_bridge_acme:ADAPTER", "not an AdapterSpec"),
        ("", "crm_bridge_acme:ADAPTER", "cannot be loaded"),
        ("import a_module_that_is_not_there", "crm_bridge_acme:ADAPTER", "cannot be loaded"),
        ("1 / 0", "crm_bridge_acme:ADAPTER", "cannot be loaded"),
        (GOOD.replace('name="acme"', 'name="other"'), "crm_bridge_acme:ADAPTER", "called other"),
    ],
)
def test_a_broken_adapter_is_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, target: str, says: str
) -> None:
    install(tmp_path / "site", monkeypatch, text, target)
    with pytest.raises(UsageError, match=says):
        load_adapter("acme")
    assert load_adapter("zoho").name == "zoho"
    told = run(tmp_path / "site", "adapters", "--json")
    assert [one["name"] for one in json.loads(told.out)["adapters"]] == ["fxiaoke", "zoho"]
    assert "acme" in told.err


def run(site: Path, *words: str) -> Said:
    """Run the command line with that package installed."""
    path = os.pathsep.join([str(site), str(ROOT), str(ROOT / "adapters"), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "crm_bridge.cli.main", *words],
        env={"PYTHONPATH": path, "CRM_BRIDGE_LANG": "en"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


PLANTED = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n" + GOOD.replace('"acme"', '"zoho"')


def test_a_second_package_that_claims_a_name_is_refused_before_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    install(site, monkeypatch, PLANTED)
    (site / "crm_bridge_acme-1.0.dist-info" / "entry_points.txt").write_text(
        "[crm_bridge.adapters]\nzoho = crm_bridge_acme:ADAPTER\n"
    )
    with pytest.raises(UsageError, match="crm-bridge-acme") as refused:
        load_adapter("zoho")
    assert refused.value.reason == "two_adapters"
    told = run(site, "adapters", "--json")
    assert [one["name"] for one in json.loads(told.out)["adapters"]] == ["fxiaoke"]
    assert "several installed packages offer an adapter zoho" in told.err
    assert run(site, "adapters", "show", "zoho").code == 2
    assert not (site / "crm_bridge_acme" / "ran").exists()
