"""The site shows every page: what Sphinx checks when it is built, this checks of what it is given."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

from tests.docs.conftest import ROOT

DOCS = ROOT / "docs"


def shown() -> dict[str, str]:
    """Return what the two READMEs become: their text with the table of contents."""
    configuration: dict[str, Any] = runpy.run_path(str(DOCS / "conf.py"))
    texts = {}
    for name in ("README", "README.zh-CN"):
        source = [(ROOT / f"{name}.md").read_text(encoding="utf-8")]
        configuration["add_contents"](None, name, source)
        texts[name] = source[0]
    return texts


def listed(text: str) -> set[Path]:
    """Return the pages in the tables of contents of a text."""
    tables = re.findall(r"```\{toctree\}\n(?::.*\n)+\n((?:[^`].*\n)+)```", text)
    return {ROOT / f"{line}.md" for table in tables for line in table.split()}


def test_every_page_is_in_the_contents_of_its_language() -> None:
    texts = shown()
    pages = {page for page in DOCS.rglob("*.md") if not {"changelog.d", "observed"} & set(page.parts)}
    chinese = {page for page in pages if "zh_CN" in page.parts}
    assert listed(texts["README"]) == (pages - chinese) | {
        ROOT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "README.zh-CN.md")
    }
    assert listed(texts["README.zh-CN"]) == chinese


def test_chinese_pages_have_a_sidebar_of_their_own() -> None:
    is_chinese = runpy.run_path(str(DOCS / "conf.py"))["is_chinese"]
    pages = {page.relative_to(ROOT).with_suffix("").as_posix() for page in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"))}
    assert {page for page in pages if is_chinese(page)} == {
        page for page in pages if page == "README.zh-CN" or page.startswith("docs/zh_CN/")
    }


def test_every_decision_is_in_the_list_of_decisions() -> None:
    text = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in DOCS.glob("decisions/0*.md"):
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert f"- [{title}]({page.name})" in text


def test_the_site_is_built_without_warnings_by_one_command() -> None:
    script = (ROOT / "scripts" / "site").read_text(encoding="utf-8")
    assert "--fail-on-warning" in script
    assert "--require-hashes -r requirements/site.txt" in script
    for page in ("README.md", "README.zh-CN.md"):
        assert "`scripts/site`" in (ROOT / page).read_text(encoding="utf-8")
