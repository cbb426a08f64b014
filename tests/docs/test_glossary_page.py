"""The glossary: every word has a meaning, a file that defines it, and a Chinese word; its code words exist there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| word |", "| --- "))
]


def test_every_row_has_a_word_a_meaning_a_file_and_a_chinese_word() -> None:
    assert len(ROWS) >= 40
    for row in ROWS:
        assert len(row) == 4, row
        assert all(row), row
        assert re.search(r"[\u4e00-\u9fff]", row[3]), row


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_word_of_the_code_is_defined_where_the_glossary_says(row: tuple[str, ...]) -> None:
    path = ROOT / "crm_bridge" / row[2].strip("`")
    assert path.is_file(), row[2]
    words = re.findall(r"`(\w+)`", row[0])
    room = "\n".join(one.read_text(encoding="utf-8") for one in sorted(path.parent.glob("*.py")))
    assert [word for word in words if not re.search(rf"^class {word}\b", room, re.MULTILINE)] == []


def test_no_word_stands_twice() -> None:
    words = [word for row in ROWS for word in re.split(r", ", row[0])]
    assert sorted(words) == sorted(set(words))


NOUN = re.compile(r"[该次个这两]运行(?!同|命令|中|复制|的命令)|运行(随之|停止|会停|会写)")
"""`run` as a noun, in a word that Chinese uses for starting a command."""


def test_a_run_has_one_chinese_word() -> None:
    assert [row[3] for row in ROWS if row[0] == "run"] == ["任务"]
    texts = [ROOT / "README.zh-CN.md", *(ROOT / "docs" / "zh_CN").rglob("*.md"), *(ROOT / "crm_bridge").rglob("*.po")]
    wrong = {
        f"{path.name}: {line}"
        for path in texts
        for line in path.read_text(encoding="utf-8").splitlines()
        if NOUN.search(line)
    }
    assert wrong == set()
