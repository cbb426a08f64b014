"""The configuration pages know every key, and only keys that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crm_bridge.config import ConfigFile, ConnectionTable, load_config
from crm_bridge.domain.planning.policy import DeletionPolicy
from crm_bridge.policy_file import PolicyTable
from crm_bridge.registry import load_adapter
from tests.docs.conftest import ROOT, blocks

PAGES = [
    ("docs/reference/configuration.md", "## Settings of `{}`"),
    ("docs/zh_CN/reference/configuration.md", "## `{}` 的设置"),
]


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def table_keys(text: str, heading: str) -> set[str]:
    """Return the keys in the first column of the table under a heading."""
    rows = text.split(heading, 1)[1].split("\n#", 1)[0]
    return {
        key
        for line in rows.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }


@pytest.mark.parametrize(("page", "_heading"), PAGES)
def test_every_key_of_the_core_is_explained(page: str, _heading: str) -> None:
    text = text_of(page)
    keys = set(ConfigFile.model_fields) | set(PolicyTable.model_fields) | set(ConnectionTable.model_fields)
    assert [key for key in keys if not re.search(rf"\b{key}\b", text)] == []


@pytest.mark.parametrize(("page", "heading"), PAGES)
@pytest.mark.parametrize("adapter", ["zoho", "fxiaoke"])
def test_every_setting_of_an_adapter_is_explained(adapter: str, page: str, heading: str) -> None:
    keys = table_keys(text_of(page), heading.format(adapter))
    assert keys == set(load_adapter(adapter).settings().model_fields)


@pytest.mark.parametrize(("page", "_heading"), PAGES)
def test_the_example_is_a_configuration_and_shows_the_defaults_of_the_policy(
    tmp_path: Path, page: str, _heading: str
) -> None:
    (example,) = blocks(page, "toml")
    (tmp_path / "config.toml").write_text(example, encoding="utf-8")
    config = load_config(tmp_path)
    connection = config.connections["zoho-eu"]
    load_adapter(connection.adapter).settings().model_validate(dict(connection.settings))
    assert config.policy_of(connection) == DeletionPolicy()
    assert config.max_attachment_mb == DeletionPolicy().max_attachment_mb
