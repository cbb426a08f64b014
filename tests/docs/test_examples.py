"""The examples run as their first lines say, on stand-ins of both CRMs."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path

import pytest

from crm_bridge.testing.pytest_plugin import MakeSandbox
from crm_bridge.testing.stand_in import StandIn
from tests.docs.conftest import ROOT

BOTH = pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
PHRASE = re.compile(r"DELETE \d+ \S+ [0-9a-f]{6}")


class Person:
    """Starts an example, reads its prompts and types what the last card asks for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.prompts: list[str] = []
        self._patch, self._screen = monkeypatch, capsys
        monkeypatch.setattr("builtins.input", self._type)

    def _type(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return str(PHRASE.findall(prompt)[-1])

    def run(self, example: str, *words: object, code: int = 0, **variables: str) -> str:
        """Run an example to its end and return what it printed; it must end with `code`."""
        self._patch.setattr(sys, "argv", [example, *map(str, words)])
        for name, value in variables.items():
            self._patch.setenv(name, value)
        ended = 0
        try:
            runpy.run_path(str(ROOT / "examples" / example), run_name="__main__")
        except SystemExit as end:
            ended = end.code if isinstance(end.code, int) else int(end.code is not None)
        shown = self._screen.readouterr()
        assert ended == code, shown.out + shown.err
        return shown.out


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Person:
    """Somebody at a terminal."""
    return Person(monkeypatch, capsys)


def test_scripts_import_nothing_of_ours_but_the_package_and_are_short() -> None:
    limits = {"clean_up_migration.py": 40, "delete_one.py": 8}
    adapters = {*(ROOT / "examples").glob("crm_bridge_*.py")}  # these see the seam
    for path in sorted({*(ROOT / "examples").glob("*.py")} - adapters):
        text = path.read_text(encoding="utf-8")
        imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
        ours = {node.module for node in imports if (node.module or "").startswith("crm_bridge")}
        assert ours == {"crm_bridge"}
        assert len(text.splitlines()) <= limits.get(path.name, 60)


@BOTH
def test_one_contract_is_deleted_by_its_number(crm_sandbox: MakeSandbox, person: Person, adapter: str) -> None:
    crm = crm_sandbox(adapter, count=5)
    one = next(iter(crm.crm.find("everything", limit=1)))
    assert "1 removed" in person.run("delete_one.py", crm.name, one.number)
    assert one.id not in crm.ids()
    (prompt,) = person.prompts
    assert "what happens" in prompt


@BOTH
def test_an_erasure_request_removes_one_customer_and_leaves_a_receipt(
    crm_sandbox: MakeSandbox, person: Person, tmp_path: Path, adapter: str
) -> None:
    crm = crm_sandbox(adapter, count=30)
    chosen = next(one for one in crm.crm.find("everything") if one.customer)
    words = ("erase_customer.py", crm.name, chosen.customer, tmp_path / "DSR-17.json")
    (digest,) = re.findall(r"CONFIRM=(\w{64})", person.run(*words))
    crm.assert_no_effects()
    assert "Not erased by this" in person.run(*words, CONFIRM=digest)
    assert chosen.customer not in {one.customer for one in crm.crm.find("everything")}
    assert '"payload"' in (tmp_path / "DSR-17.json").read_text()


def migrated(crm: StandIn, folder: Path, ids: list[str]) -> Path:
    """Return a file with the ids that a migration logged."""
    (folder / "migrated.txt").write_text("\n".join(ids))
    return folder / "migrated.txt"


@BOTH
def test_a_migration_is_cleaned_up_followed_up_and_partly_brought_back(
    crm_sandbox: MakeSandbox, person: Person, tmp_path: Path, adapter: str
) -> None:
    crm = crm_sandbox(adapter, count=9)
    first, second, *_others = contracts = list(crm.crm.find("everything"))

    def meanwhile(prompt: str) -> str:
        if not person.prompts:
            crm.edit(first.id, "title", "edited by somebody else")
        return Person._type(person, prompt)

    person._patch.setattr("builtins.input", meanwhile)
    file = migrated(crm, tmp_path, [one.id for one in contracts])
    told = person.run("clean_up_migration.py", crm.name, file, second.number)
    assert f"{first.number}: held, changed since the plan" in told
    assert "8 removed" in told
    assert "1 removed" in told
    assert "['restored']" in told
    assert crm.ids() == [second.id]
