"""What is handed on of a proof names nothing of the tenant: no id, no name, no host, no value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.report.proof_page import write_proof
from tests.journeys.conftest import House, served

CANARIES = 2_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with served(tmp_path_factory.mktemp("reports") / "home", count=600) as house:
        yield house


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value of JSON."""
    if isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


def telling(text: str) -> bool:
    """Return whether a text is like no word of the vendor's: it has a digit, a blank or a sign of its own."""
    return len(text) >= 6 and re.fullmatch(r"[A-Za-z_]+", text) is None and text not in ("default__c",)


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_no_value_of_the_tenant_stands_in_any_report(house: House, name: str, tmp_path: Path) -> None:
    tenant = house.tenant(name)
    profile, home = tenant.crm.profile(), house.home
    known = {
        text
        for contract in tenant.crm.find()
        for text in texts(json.loads(json.dumps(dict(contract.raw), default=str)))
    }
    canaries = {one for one in known if telling(one)}
    canaries |= {profile.org_id, profile.user_id, profile.user_name, profile.module, tenant.crm.name, "127.0.0.1"}
    canaries |= {field.name for field in profile.fields if telling(field.name)}
    assert len(canaries) >= CANARIES
    tenant.crm.prove()
    proof = tenant.crm.prove(confirm=lambda plan: plan.phrase)
    for ending in ("html", "md", "json"):
        path = tmp_path / f"proof.{ending}"
        write_proof(proof, path)
        written = path.read_text(encoding="utf-8")
        assert [one for one in canaries if one in written] == [], home


@pytest.mark.parametrize("ending", ["html", "md", "json"])
def test_a_report_has_every_fact_and_replaces_only_an_older_report(house: House, ending: str, tmp_path: Path) -> None:
    proof = house.tenant("fxiaoke").crm.prove()
    path = tmp_path / f"proof.{ending}"
    write_proof(proof, path)
    write_proof(proof, path)
    written = path.read_text(encoding="utf-8")
    assert [one.found.question for one in proof.facts if one.found.question not in written] == []
    assert ("用户" in written or "观察" in written) is (ending == "html")
