"""The configuration page knows every key, and only keys that exist."""

from __future__ import annotations

import re

import pytest

from crm_bridge.config import ConfigFile, ConnectionTable, SafetyTable
from crm_bridge.registry import load_adapter
from tests.docs.conftest import ROOT

TEXT = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")


def table_keys(heading: str) -> set[str]:
    """Return the keys in the first column of the table under a heading."""
    rows = TEXT.split(heading, 1)[1].split("\n#", 1)[0]
    return {
        key
        for line in rows.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }


def test_every_key_of_the_core_is_explained() -> None:
    keys = set(ConfigFile.model_fields) | set(SafetyTable.model_fields) | set(ConnectionTable.model_fields)
    assert [key for key in keys if not re.search(rf"\b{key}\b", TEXT)] == []


@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_every_setting_of_an_adapter_is_explained(adapter: str) -> None:
    assert table_keys(f"## Settings of `{adapter}`") == set(load_adapter(adapter).settings().model_fields)
