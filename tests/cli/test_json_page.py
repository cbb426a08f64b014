"""The page about JSON output knows every schema, and every key that it names is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shell
from tests.docs.conftest import ROOT

PAGE = (ROOT / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
WHERE = 'status = "Expired"'


def promised() -> dict[str, set[str]]:
    """Return the keys of each schema as the page has them, as far as they are always there."""
    found = {}
    for row in re.findall(r"^\| (`crm-bridge\..*) \|$", PAGE, re.MULTILINE):
        schemas, _by, keys = row.split(" |", 2)
        always = keys.split(" | ")[0]
        for schema in re.findall(r"`(crm-bridge\.[^`]+)`", schemas):
            found[schema] = set(re.findall(r"`(\w+)`", always))
    return found


def test_every_schema_of_the_command_line_is_on_the_page() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "crm_bridge" / "cli").rglob("*.py"))
    printed = set(re.findall(r'"(crm-bridge\.[a-z-]+/\d)"', sources))
    assert printed == set(promised())


def check(*documents: dict[str, Any]) -> None:
    for document in documents:
        assert promised()[document["schema"]] - set(document) == set(), document["schema"]


@pytest.fixture
def seen(shell: Shell, name: str, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """A document of nearly every schema, from one journey."""
    documents: list[dict[str, Any]] = []

    def run(*words: object) -> dict[str, Any]:
        said = shell(*words, "--json")
        assert said.out, said.err
        lines = said.out.splitlines()
        document: dict[str, Any] = json.loads(lines[0]) if lines[0].endswith("}") else said.document()
        documents.append(document)
        return document

    contract = run("find", name, "--where", WHERE)["id"]
    run("show", name, contract)
    for words in (f"policy show {name}", f"policy check {name}", f"policy explain {name} {contract}"):
        run(*words.split())
    plan = run("plan", name, "--where", WHERE, "-o", tmp_path / "a.plan")
    run("apply", tmp_path / "a.plan", "--confirm", plan["digest"], "--vendor-text")
    for words in ("status --runs", "receipt show", "receipt issue", "restore --last"):
        run(*words.split())
    # After the restore: the receipt's lines, and what it withdrew.
    documents += shell("receipt", "show", "--json").lines()
    run("receipt", "verify", next((shell.home / "receipts").glob("*.receipt.json")))
    sets = run("vault", "list")["sets"]
    run("vault", "show", sets[0]["set"])
    run("vault", "check")
    run("vault", "shred", sets[0]["set"], "--dry-run")
    run("backup", name, "--where", 'status = "Draft"')
    run("backup", name, "--format", "csv", "-o", tmp_path / "a.csv")
    run("journal", "reconcile", name)
    for words in (
        "review",
        "notify list",
        "verify --watch 1d",
        "journal list",
        "journal check",
        f"journal export -o {tmp_path}/j.jsonl",
        "journal rotate-key",
    ):
        run(*words.split())
    for words in ("connections list", f"connections test {name}", "adapters", f"adapters show {name.split('-')[0]}"):
        run(*words.split())
    for words in (
        "approvals key",
        f"approvals list {tmp_path}/a.plan",
        "team list",
        f"doctor {name}",
        f"prove {name}",
        f"prove {name} --clean",
        "auth status",
        "keys show",
        "debug failpoints",
        f"connections remove {name}",
    ):
        run(*words.split())
    documents.append(shell("find", "nobody", "--json").error())
    return {document["schema"]: document for document in documents}


def test_every_key_that_the_page_names_is_there(seen: dict[str, dict[str, Any]]) -> None:
    check(*seen.values())
    left = set(promised()) - set(seen)
    # What needs references that are missing, a damaged journal, an object store, a colleague, secrets, or a minute.
    assert {one.removeprefix("crm-bridge.") for one in left} == {
        "login/1", "logout/1", "relink/1", "vault-copy/1", "journal-renewed/1", "demo/1",
            "plan-outline/1", "outlier/1", "notices/1", "timers/1", "objection/1",
    }  # fmt: skip
    outcomes = re.search(r"An entry of `outcomes` in a run has (.*?); in a restore (.*?)\.", PAGE, re.DOTALL)
    assert outcomes
    for words, schema in zip(outcomes.groups(), ("run", "restore"), strict=True):
        entry = seen[f"crm-bridge.{schema}/1"]["outcomes"][0]
        assert set(re.findall(r"`(\w+)`", words)) - set(entry) == set()
    assert set(seen["crm-bridge.connections/1"]["connections"][0]) >= {"name", "adapter", "origins"}
