"""The site: READMEs and docs/ as they stand, in English and 简体中文, each with its own sidebar. See `scripts/site`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("tutorial", "how-to", "reference", "explanation", "decisions")
NAMES = {
    "README": ("Tutorial", "How to", "Reference", "Explanation", "Decisions"),
    "README.zh-CN": ("教程", "操作指南", "参考", "解释", "决定"),
}
FOLDERS = {"README": "docs", "README.zh-CN": "docs/zh_CN"}
TOCTREE = "\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n"

project = "crm_bridge"
root_doc = "README"
extensions = ["myst_parser"]
include_patterns = ["README.md", "README.zh-CN.md", "SECURITY.md", "CONTRIBUTING.md", "docs/**.md", "docs/**/*.md"]
exclude_patterns = ["docs/changelog.d", "docs/observed"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "crm_bridge"
html_show_copyright = False


def pages(folder: str) -> list[str]:
    """Return the pages of one room without their suffix, as the READMEs see them."""
    found = sorted((ROOT / folder).glob("*.md")) if (ROOT / folder).is_dir() else []
    return [path.relative_to(ROOT).with_suffix("").as_posix() for path in found]


def add_contents(_app: Any, name: str, source: list[str]) -> None:
    """Give the READMEs the table of contents that a repository shows as folders."""
    if name not in NAMES:
        return
    for room, caption in zip(ROOMS, NAMES[name], strict=True):
        if inside := pages(f"{FOLDERS[name]}/{room}"):
            source[0] += TOCTREE.format(caption=caption, pages="\n".join(inside))
    if name == root_doc:
        source[0] += TOCTREE.format(caption="Security", pages="SECURITY\nCONTRIBUTING")
        source[0] += TOCTREE.format(caption="简体中文", pages="README.zh-CN")


def is_chinese(page: str) -> bool:
    """Say whether a page of the site is a Chinese one."""
    return page == "README.zh-CN" or page.startswith(f"{FOLDERS['README.zh-CN']}/")


def choose_sidebar(app: Any, page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Give Chinese pages the contents of the Chinese README in their sidebar; the theme asks for those of the root."""
    if not is_chinese(page):
        return
    from sphinx import addnodes
    from sphinx.environment.adapters.toctree import TocTree

    def toctree(**_options: Any) -> str:
        first, *more = (
            TocTree(app.env).resolve(page, app.builder, contents, titles_only=True, includehidden=True)
            for contents in app.env.get_doctree("README.zh-CN").findall(addnodes.toctree)
        )
        for one in more:
            first.extend(one.children)
        return str(app.builder.render_partial(first)["fragment"])

    context["toctree"] = toctree


def setup(app: Any) -> None:
    """Hook into the build."""
    app.connect("source-read", add_contents)
    app.connect("html-page-context", choose_sidebar, priority=400)  # before the theme's own, which has 500
