"""The pages of scripts, sweeps and referees name every program of their folder, and nothing else."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("folder", ["scripts", "sweeps", "referees"])
def test_a_folder_of_programs_has_a_page_that_names_each(folder: str) -> None:
    page = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    there = {path.name for path in (ROOT / folder).iterdir() if path.is_file() and path.name != "README.md"}
    named = set(re.findall(r"`([\w.-]+)`", page))
    assert there - named == set()
    assert {name for name in named if name.endswith(".py")} - there == set()


@pytest.mark.parametrize("folder", ["scripts", "sweeps", "referees"])
def test_each_row_says_what_it_proves_how_long_it_takes_and_when_to_run_it(folder: str) -> None:
    page = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if len(row) != 4 or not all(cell.strip() for cell in row)] == []
