"""The table of observed values is made from contributed reports; one with more than the format is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import observed

FACT: dict[str, object] = {
    "question": "Z-01",
    "about": "a",
    "standing": "observed",
    "value": "2000 or more",
    "settings": {},
}
FACT |= {"evidence": [], "why": "", "at": "2026-12-03"}
REPORT: dict[str, object] = {
    "schema": "crm-bridge.proof/1",
    "adapter": "zoho",
    "environment": "sandbox",
    "began": "2026-12-03",
}
REPORT |= {"calls": 78, "left": 0, "steps": [], "facts": [FACT]}


def test_the_page_is_as_the_reports_say() -> None:
    assert observed.table(observed.read(sorted(observed.FOLDER.glob("*.json")))) in (
        observed.FOLDER / "README.md"
    ).read_text(encoding="utf-8")


def test_values_are_counted_over_tenants(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(REPORT))
    assert "| zoho | Z-01 | a | 2000 or more (2) |" in observed.table(observed.read(sorted(tmp_path.iterdir())))


def test_a_report_with_more_than_the_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({**REPORT, "connection": "zoho-prod"}))
    with pytest.raises(ValueError, match="not the format"):
        list(observed.read(tmp_path.iterdir()))
