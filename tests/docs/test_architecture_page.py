"""The architecture page draws the import rules as they are, and names functions and files that exist."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_the_drawing_shows_the_layers_of_the_import_rules() -> None:
    (drawn,) = re.findall(r"^```text\n(__main__ .*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    rows = [re.split(r"\s{2,}", line)[0] for line in drawn.splitlines()]
    (layers,) = (rule["layers"] for rule in RULES if rule["id"] == "rooms")
    assert rows == layers


def test_every_room_of_the_drawing_is_a_room_of_the_core() -> None:
    (drawn,) = re.findall(r"^```text\n(__main__ .*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    rooms = {room for line in drawn.splitlines() for room in re.split(r"\s{2,}", line)[0].split(" | ")}
    there = {
        path.stem
        for path in (ROOT / "crm_bridge").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert rooms == there - {"__init__"}


WALKED = re.findall(r"`([\w/]+\.py):(\w+)`", PAGE)


@pytest.mark.parametrize(("path", "name"), WALKED)
def test_each_step_of_the_walk_is_a_function_of_its_file(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_the_walk_has_all_steps_and_every_other_file_is_there() -> None:
    assert len(WALKED) >= 12
    named = [*re.findall(r"`((?:crm_bridge|adapters|verifier|scripts)/[\w/.]+\.py)`", PAGE)]
    named += [f"crm_bridge/{path}" for path in re.findall(r"`((?:spi|journal|vault)/[\w/]+\.py)`", PAGE)]
    assert len(named) >= 10
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_settings_that_the_page_names_stand_in_their_file() -> None:
    for path, name in re.findall(r"`([\w/]+\.py)` \(`(\w+)`\)", PAGE):
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), (path, name)
