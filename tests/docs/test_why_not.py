"""The page "why can't I delete this" knows every reason once, with its meaning and who can help, in both languages."""

from __future__ import annotations

import re

import pytest

from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import in_language
from tests.docs.conftest import ROOT


@pytest.mark.parametrize(("page", "language"), [("docs", "en"), ("docs/zh_CN", "zh")])
def test_every_reason_stands_on_the_page_with_who_can_help(page: str, language: str) -> None:
    text = (ROOT / page / "how-to" / "why-not-deleted.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) ?\|$", text, re.MULTILINE)
    told = {word: (meaning, who.strip()) for word, meaning, who in rows}
    assert len(rows) == len(told)

    def words(text: str) -> str:
        return in_language(language, text) if text else ""

    assert told == {one.value: (words(one.meaning), words(one.rule.helper.meaning)) for one in Reason}
