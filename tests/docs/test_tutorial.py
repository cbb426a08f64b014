"""The tutorial of the first real deletion, typed in order; the tenant is the sandbox under the name of the page."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from tests.docs.conftest import ROOT, User

PAGES = [("docs/zh_CN/tutorial/first-deletion.md", "zh")]
"""One of the twins: their commands are the same."""


@pytest.fixture
def tenant(user: User) -> User:
    """A user with the connection `zoho-eu`: one contract for the first try, one that expired long ago."""
    user.serve("crm-bridge sandbox serve --count 60 --only zoho --write-home home")
    home = user.folder / "home"
    for name in ("config.toml", "secrets.toml"):
        text = (home / name).read_text().replace("zoho-sandbox", "zoho-eu")
        (home / name).write_text(text)
    user.type("export CRM_BRIDGE_HOME=$PWD/home")
    url = tomllib.loads((home / "config.toml").read_text())["connections"]["zoho-eu"]["api_url"]
    first, other, *_rest = control(url, "contracts", {})["ids"]
    for record, field, value in (
        (first, "Name", "A test"),
        (first, "Contract_Number", "HT-2026-0001"),
        (other, "Contract_Status", "Expired"),
        (other, "Start_Date", "2018-01-01"),
        (other, "End_Date", "2019-12-31"),
    ):
        control(url, "edit", {"id": record, "field": field, "value": value})
    return user


def control(url: str, command: str, arguments: Mapping[str, str]) -> dict[str, list[str]]:
    """Act as somebody else in the CRM."""
    sent: dict[str, Any] = {"command": command, "arguments": dict(arguments)}
    answer = requests.post(f"{url}/__sandbox__/control", json=sent, timeout=10)
    assert answer.ok, answer.text
    found: dict[str, list[str]] = answer.json()
    return found


@pytest.mark.parametrize(("page", "user"), PAGES, indirect=["user"])
def test_the_tutorial_works_as_it_is_written(tenant: User, page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    shown: dict[str, str] = {}
    for command in re.findall(r"^    (crm-bridge .+)$", text, re.MULTILINE):
        deletes = command.split()[1] in ("delete", "apply")
        shown[command] = tenant.confirm(command) if deletes else tenant.type(command)
    assert len(shown) == 12
    for deleting in ("crm-bridge delete zoho-eu HT-2026-0001", "crm-bridge apply old.plan"):
        assert "crm-bridge restore " in next(said for command, said in shown.items() if command.startswith(deleting))
    back = tenant.type("crm-bridge find zoho-eu --number HT-2026-0001 --json")
    assert json.loads(back.splitlines()[0])["title"] == "A test"
    receipt = json.loads((tenant.folder / "receipt.json").read_text())
    assert "HT-2026-0001" not in json.dumps(receipt)
