"""Words in another encoding end with one sentence about the encoding, from the command line and from Python."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

from crm_bridge.domain.filters import Filter
from crm_bridge.domain.given_text import check_text
from crm_bridge.domain.where import where
from crm_bridge.errors import UsageError
from tests.cli.conftest import Shell

# What Python makes of an argument that a terminal set to GBK hands over.
FOREIGN = os.fsdecode("重复合同".encode("gbk"))


@pytest.mark.parametrize(
    "words",
    [
        ("find", "zoho-sandbox", "--search", FOREIGN),
        ("find", "zoho-sandbox", "--number", FOREIGN),
        ("find", "zoho-sandbox", "--where", f'status = "{FOREIGN}"'),
        ("plan", "zoho-sandbox", "everything", "--reason", FOREIGN),
        ("plan", "zoho-sandbox", "everything", "-o", f"/tmp/{FOREIGN}.plan"),
        ("apply", f"{FOREIGN}.plan"),
    ],
)
def test_a_word_in_another_encoding_is_refused_with_the_reason(shell: Shell, words: tuple[str, ...]) -> None:
    said = shell(*words)
    assert said.code == 2
    assert "encoding" in said.err
    assert "UTF-8" in said.err
    assert said.out == ""


@pytest.mark.parametrize("given", [{"words": "\udcd6"}, {"tree": where.title == "\udcd6"}])
def test_python_is_told_the_same(given: Mapping[str, Any]) -> None:
    from crm_bridge.bridge.wanted import Wanted

    trees: tuple[Filter, ...] = (given["tree"],) if "tree" in given else ()
    with pytest.raises(UsageError) as refused:
        Wanted.of(trees, words=given.get("words"), ids=None, numbers=None).query(states=False)
    assert refused.value.reason == "encoding"


def test_every_whole_text_passes() -> None:
    check_text("", "重复合同", "😀", "plain")
