"""`connections edit` changes single settings and leaves every other byte of the configuration as it was."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shell

CONFIG = """# ours
[policy]
max_contracts = 7

[connections.one]
adapter = "zoho"   # the old tenant
data_center = "eu"
edition = "professional"

[connections.one.policy]
max_contracts = 3

[connections.two]
adapter = "fxiaoke"
cloud = "aliyun"
"""


@pytest.fixture
def configured(shell: Shell) -> Shell:
    shell.home.mkdir(mode=0o700)
    path = shell.home / "config.toml"
    path.touch(mode=0o600)
    path.write_text(CONFIG)
    return shell


def text(shell: Shell) -> str:
    return (shell.home / "config.toml").read_text()


def test_a_setting_is_changed_added_and_taken_out(configured: Shell) -> None:
    done = configured(
        "connections", "edit", "one", "--set", "data_center=us", "--set", "module=Deals", "--unset", "edition"
    )
    assert done.code == 0, done.err
    assert text(configured) == CONFIG.replace('"eu"', '"us"').replace('edition = "professional"\n', "").replace(
        "[connections.one]\n", '[connections.one]\nmodule = "Deals"\n'
    )
    shown = configured("--json", "connections", "list").document()["connections"]
    assert [one["name"] for one in shown] == ["one", "two"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("three", "--set", "module=x"), "three"),
        (("one",), "say what to change"),
        (("one", "--set", "data_center=moon"), "data_center"),
        (("one", "--set", "no_such_key=1"), "no_such_key"),
        (("one", "--unset", "module"), "module"),
        (("one", "--set", "max_contracts=4"), "by hand"),
        (("one", "--set", "a b=4"), "a b"),
        (("one", "--set", "fields.amount=Total"), "by hand"),
    ],
)
def test_what_would_spoil_the_configuration_changes_nothing(
    configured: Shell, words: tuple[str, ...], told: str
) -> None:
    refused = configured("connections", "edit", *words)
    assert refused.code in (1, 2)
    assert told in refused.err
    assert text(configured) == CONFIG
