"""Python is told about text in another encoding with one sentence, before anything is asked of a CRM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from crm_bridge.domain.filters.tree import Filter
from crm_bridge.domain.filters.where import where
from crm_bridge.domain.given_text import check_text
from crm_bridge.errors import UsageError


@pytest.mark.parametrize("given", [{"words": "\udcd6"}, {"tree": where.title == "\udcd6"}])
def test_python_is_told_the_same(given: Mapping[str, Any]) -> None:
    from crm_bridge.bridge.wanted import Wanted

    trees: tuple[Filter, ...] = (given["tree"],) if "tree" in given else ()
    with pytest.raises(UsageError) as refused:
        Wanted.of(trees, words=given.get("words"), ids=None, numbers=None).query(states=False)
    assert refused.value.reason == "encoding"


def test_every_whole_text_passes() -> None:
    check_text("", "重复合同", "😀", "plain")
