"""SECURITY.md: every threat has a control and tests that exist; what it says can be run can be run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (T\d+) \| (.+?) \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)


def test_the_threats_are_numbered_without_a_gap() -> None:
    assert [row[0] for row in ROWS] == [f"T{number}" for number in range(1, 31)]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_test_that_a_threat_names_is_there(row: tuple[str, str, str, str]) -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(test_\w+))?`", row[3])
    assert named
    for path, test in named:
        source = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(" if test else r"^def test_|^class Test", source, re.MULTILINE), (path, test)


def test_the_number_of_direct_dependencies_is_true() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (said,) = re.findall(r"(\d+) direct dependencies", TEXT)
    assert int(said) == len(project["project"]["dependencies"])


def test_every_script_that_it_names_is_there() -> None:
    named = set(re.findall(r"(?:scripts|sweeps|referees)/[\w.-]+", TEXT))
    assert len(named) >= 6
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
