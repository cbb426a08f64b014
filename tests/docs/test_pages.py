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


def anchors(page: Path) -> set[str]:
    """Return the addresses of the headings of a page, as GitHub makes them."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_heading_leads_to_one(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    broken = [
        f"{path}#{anchor}"
        for path, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", text)
        if anchor not in anchors(((ROOT / page).parent / path).resolve() if path else ROOT / page)
    ]
    assert broken == []


@pytest.mark.parametrize(
    "script", ["messages.py", "cli_reference.py", "python_reference.py", "vendor_pages.py", "schemas.py"]
)
def test_what_is_generated_is_fresh(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(Path("scripts") / script), "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'adapters'}", "CRM_BRIDGE_LANG": "en"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_every_open_question_about_a_vendor_is_named_on_its_page() -> None:
    text = (ROOT / "docs" / "reference" / "fxiaoke.md").read_text(encoding="utf-8")
    assert [number for number in range(1, 31) if f"A-{number:02}" not in text] == []
