"""Pages: links lead somewhere, the reference says what the program says, the catalogue is complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if path.is_file()
)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    broken = [link for link in links if not ((ROOT / page).parent / link).resolve().exists()]
    assert broken == []


@pytest.mark.parametrize("script", ["messages.py", "cli_reference.py"])
def test_what_is_generated_is_fresh(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(Path("scripts") / script), "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'adapters'}", "CRM_BRIDGE_LANG": "en"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
