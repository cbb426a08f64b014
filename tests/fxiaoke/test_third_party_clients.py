"""Public clients of the vendor, unmodified, in their own processes, inside the fixture for tests of scripts.

They insist on the vendor's https address, so a loopback proxy answers for that host. Their interpreter is the one
that CRM_BRIDGE_CLIENTS_PYTHON names, or this one; they are skipped where their packages are missing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from crm_bridge.testing.pytest_plugin import MakeSandbox
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator

HOST = "open.fxiaoke.com"
PYTHON = os.environ.get("CRM_BRIDGE_CLIENTS_PYTHON") or sys.executable
SDK = """
import json, os
from fxiaoke.api import FxiaokeApi
from fxiaoke.baseObj import baseObj
from fxiaoke.op_query import queryObj
FxiaokeApi.init(os.environ["APP"], os.environ["SECRET"], os.environ["CODE"], os.environ["USER_ID"])
asked = json.loads(os.environ["ASKED"])
if asked["verb"] == "describe":
    told = baseObj().describe(asked["object"])
else:
    cursor = queryObj().execute(asked["object"], filters=asked["filters"])
    told = {"total": cursor.total(), "names": [record["name"] for record in cursor]}
print(json.dumps(told))
"""


@dataclass(frozen=True, slots=True)
class Client:
    """A child process with nothing of this process but the way to the proxy."""

    emulator: FxiaokeEmulator
    environment: dict[str, str]
    folder: Path

    def run(self, *arguments: str, **variables: str) -> str:
        """Run the clients' Python; return what it printed, or fail with its errors."""
        done = subprocess.run(
            [PYTHON, *arguments],
            env=self.environment | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sdk(self, verb: str, object_name: str, filters: list[dict[str, object]]) -> dict[str, object]:
        """Ask through fxiaoke-python."""
        ready = self.emulator.ready()
        told: dict[str, object] = json.loads(
            self.run(
                "-c",
                SDK,
                APP=ready["app_id"],
                SECRET=ready["app_secret"],
                CODE=ready["permanent_code"],
                USER_ID=self.emulator.world.employees["1000"].open_id,
                ASKED=json.dumps({"verb": verb, "object": object_name, "filters": filters}),
            )
        )
        return told

    def crm(self, *arguments: str) -> str:
        """Run the command of crm-cli."""
        ready = self.emulator.ready()
        return self.run(
            "-c",
            "import sys; from src.cli import main; sys.argv[0] = 'crm'; main()",
            *arguments,
            CRM_APP_ID=ready["app_id"],
            CRM_APP_SECRET=ready["app_secret"],
            CRM_PERMANENT_CODE=ready["permanent_code"],
            CRM_USER_MOBILE=ready["operator_mobile"],
        )


@pytest.fixture
def client(crm_sandbox: MakeSandbox, tmp_path: Path) -> Client:
    """A client's environment while the proxy answers for the vendor's host."""
    made = crm_sandbox("fxiaoke", count=250, impersonate=True)
    assert isinstance(made.emulator, FxiaokeEmulator)
    assert made.running.proxy is not None
    plain = {"PATH": os.environ.get("PATH", ""), "HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    return Client(made.emulator, plain | dict(made.running.proxy.environment()), tmp_path)


@cache
def needs(*modules: str) -> pytest.MarkDecorator:
    """Skip where the clients' Python cannot import their packages."""
    found = subprocess.run([PYTHON, "-c", f"import {', '.join(modules)}"], capture_output=True, check=False)
    return pytest.mark.skipif(found.returncode != 0, reason=f"{' and '.join(modules)} cannot be imported by {PYTHON}")


@needs("fxiaoke.api", "six")
def test_fxiaoke_python_pages_through_all_contracts(client: Client) -> None:
    told = client.sdk("query", "SaleContractObj", [])
    expected = [row["name"] for row in client.emulator.world.tables["SaleContractObj"].rows.values()]
    assert told == {"total": 250, "names": expected}
    pages = [line.path for line in client.emulator.ledger() if line.path.endswith("/query")]
    assert pages == ["/cgi/crm/v2/data/query"] * 3


@needs("fxiaoke.api", "six")
def test_fxiaoke_python_filters_with_numbers_and_reaches_custom_objects(client: Client) -> None:
    between: dict[str, object] = {
        "field_name": "create_time",
        "operator": "BETWEEN",
        "field_values": [0, 9_999_999_999_999],
    }
    assert client.sdk("query", "object_9Kx2p__c", [between])["total"] == 50
    assert client.emulator.ledger()[-1].path == "/cgi/crm/custom/v2/data/query"


@needs("fxiaoke.api", "six")
def test_fxiaoke_python_describes_an_object(client: Client) -> None:
    described = client.sdk("describe", "SaleContractObj", [])["describe"]
    assert isinstance(described, dict)
    assert described["fields"]["account_id"]["target_api_name"] == "AccountObj"


@needs("src.cli", "src.fxiaoke_auth")
def test_crm_cli_finds_people(client: Client) -> None:
    assert "Patricia Boyle" in client.crm("lookup", "--mobile", "13800001000")
    assert "Total users found: 6" in client.crm("lookup", "--list-all")


@needs("src.cli", "src.fxiaoke_auth")
def test_crm_cli_creates_a_lead_and_finds_it_again(client: Client) -> None:
    lead = {"company": "Acme Corp", "email": "a@acme.example", "phone": "+44 123", "country": "GB", "source_id": "7"}
    (client.folder / "leads.json").write_text(json.dumps([lead]), encoding="utf-8")
    assert "1 created" in client.crm("sync", "leads.json")
    key = client.emulator.world.tables["LeadsObj"].ids[0]
    assert "a@acme.example" in client.crm("query", "--id", key)
    assert key in client.crm("query", "--email", "a@acme.example")


@needs("src.cli", "src.fxiaoke_auth")
def test_crm_cli_describes_an_object_and_its_options(client: Client) -> None:
    text = client.crm("describe", "--object", "SaleContractObj", "--format", "json")
    described = json.loads(text[text.index("{") :])
    assert described["fields"]["status__c"]["type"] == "select_one"
    assert client.crm("map-country", "Germany").split()[-1] == "KsekHd2m8"
