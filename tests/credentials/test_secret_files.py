"""A secrets file counts only when nobody else can read, replace or redirect it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_bridge.credentials import SecretsFile
from crm_bridge.errors import ConfigError, CredentialStoreError, CrmBridgeError

GOOD = '[connections.prod]\nclient_id = "id-1"\nclient_secret = "s3cret"\n\n[keys]\njournal-sign = "a2V5"\n'
Write = Callable[..., Path]


def value(source: SecretsFile, item: str, connection: str = "prod") -> str | None:
    found = source.get(connection, item)
    return found.reveal() if found else None


def test_items_of_the_connection_are_given_and_no_others(secrets_file: Write) -> None:
    source = SecretsFile(secrets_file(GOOD))
    assert (value(source, "client_secret"), value(source, "other"), value(source, "client_id", "test")) == (
        "s3cret",
        None,
        None,
    )


def test_keys_of_the_program_have_a_table_of_their_own(secrets_file: Write) -> None:
    source = SecretsFile(secrets_file(GOOD))
    found = source.key("journal-sign")
    assert found is not None
    assert found.reveal() == "a2V5"
    assert source.key("client_id") is None


def test_its_name_tells_the_file_and_no_value(secrets_file: Write) -> None:
    assert SecretsFile(secrets_file(GOOD)).name == "file: secrets.toml"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666, 0o610, 0o777])
def test_a_file_that_others_may_use_is_refused(secrets_file: Write, mode: int) -> None:
    with pytest.raises(CredentialStoreError, match="may be read by others") as refused:
        SecretsFile(secrets_file(GOOD, mode))
    assert "chmod 600" in refused.value.hint


def test_a_link_is_not_followed(secrets_file: Write, private: Path) -> None:
    link = private / "link.toml"
    link.symlink_to(secrets_file(GOOD))
    with pytest.raises(CredentialStoreError, match="cannot be read"):
        SecretsFile(link)


def test_a_hard_link_is_refused_under_both_names(secrets_file: Write, private: Path) -> None:
    path = secrets_file(GOOD)
    os.link(path, private / "twin.toml")
    for name in (path, private / "twin.toml"):
        with pytest.raises(CredentialStoreError, match="not a plain file"):
            SecretsFile(name)


def test_a_pipe_is_refused_without_waiting_for_a_writer(private: Path) -> None:
    path = private / "fifo"
    os.mkfifo(path, 0o600)
    with pytest.raises(CredentialStoreError, match="not a plain file"):
        SecretsFile(path)


def test_a_folder_is_refused(private: Path) -> None:
    with pytest.raises(CredentialStoreError):
        SecretsFile(private)


def test_a_file_of_another_user_is_refused(secrets_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = secrets_file(GOOD)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(CredentialStoreError, match="belongs to another user"):
        SecretsFile(path)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_file_in_a_folder_that_others_may_write_to_is_refused(secrets_file: Write, private: Path, mode: int) -> None:
    path = secrets_file(GOOD)
    private.chmod(mode)
    with pytest.raises(CredentialStoreError, match="may be written to by others"):
        SecretsFile(path)


def test_a_missing_file_is_said_to_be_missing(private: Path) -> None:
    with pytest.raises(CredentialStoreError, match="does not exist") as refused:
        SecretsFile(private / "none.toml")
    assert "0600" in refused.value.hint


def test_a_file_without_end_is_refused(secrets_file: Write) -> None:
    with pytest.raises(CredentialStoreError, match="larger than"):
        SecretsFile(secrets_file("# " + "x" * (4 * 1024 * 1024)))


@pytest.mark.parametrize(
    "text",
    [
        '[connections.prod]\nclient_secret = "canary-1\n',
        '[connections.prod]\nclient_secret = ["canary-1"]\n',
        "[connections.prod]\nclient_secret = canary-1\n",
        '[connections]\nprod = "canary-1"\n',
        '[connections.prod]\nclient_secret = ""\n',
        '[canary-1]\nx = "y"\n\n[connections.prod]\n'.replace("canary-1", "connection"),
        "[connections.prod]\nclient_secret = " + "9" * 30 + "\n",
    ],
)
def test_a_file_that_is_not_as_documented_is_refused_without_quoting_it(secrets_file: Write, text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        SecretsFile(secrets_file(text))
    assert "canary-1" not in f"{refused.value} {refused.value.hint}"


def test_bytes_that_are_not_text_are_refused(private: Path) -> None:
    path = private / "secrets.toml"
    path.write_bytes(b"\xff\xfe\x00")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="UTF-8"):
        SecretsFile(path)


def test_no_refusal_drags_the_text_of_the_file_behind_it(secrets_file: Write) -> None:
    with pytest.raises(CrmBridgeError) as refused:
        SecretsFile(secrets_file('[connections.prod]\nclient_secret = "canary-1\n'))
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)
