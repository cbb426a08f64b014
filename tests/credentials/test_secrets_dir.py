"""Secrets as Kubernetes, Docker and systemd really mount them: links inside the folder, odd modes of the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crm_bridge.credentials import SecretsDir
from crm_bridge.errors import CredentialStoreError


def put(path: Path, text: str = "s3cret\n", mode: int = 0o400) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def kubernetes(root: Path, *, mode: int = 0o400) -> Path:
    """Lay a folder out as the kubelet does: NAME -> ..data/NAME, ..data -> a folder with the time in its name."""
    folder = root / "mounted"
    dated = folder / "..2026_11_30_10_00_00.123456789"
    dated.mkdir(parents=True)
    put(dated / "zoho-eu.client_id", "of-kubernetes", mode)
    (folder / "..data").symlink_to(dated.name)
    (folder / "zoho-eu.client_id").symlink_to(Path("..data") / "zoho-eu.client_id")
    folder.chmod(0o1777)
    return folder


def test_a_file_is_a_secret_of_a_connection_or_a_key_of_the_program(tmp_path: Path) -> None:
    put(tmp_path / "zoho.eu.client_id")
    put(tmp_path / "keys.journal-sign", "a key")
    source = SecretsDir(tmp_path)
    found = source.get("zoho.eu", "client_id")
    key = source.key("journal-sign")
    assert found is not None
    assert found.reveal() == "s3cret", "without the line break that editors and echo add"
    assert key is not None
    assert key.reveal() == "a key"
    assert source.get("zoho", "client_id") is None
    assert source.get("other", "client_id") is None


def test_links_of_kubernetes_are_followed_and_a_renewed_mount_is_seen(tmp_path: Path) -> None:
    folder = kubernetes(tmp_path)
    source = SecretsDir(folder)
    first = source.get("zoho-eu", "client_id")
    newer = folder / "..2026_12_01"
    newer.mkdir()
    put(newer / "zoho-eu.client_id", "renewed")
    (folder / "..new").symlink_to(newer.name)
    os.replace(folder / "..new", folder / "..data")
    second = source.get("zoho-eu", "client_id")
    assert first is not None
    assert second is not None
    assert (first.reveal(), second.reveal()) == ("of-kubernetes", "renewed")


@pytest.mark.parametrize("mode", [0o440, 0o400, 0o600, 0o640])
def test_a_group_may_read_as_with_fs_group_or_the_lists_of_systemd(tmp_path: Path, mode: int) -> None:
    assert SecretsDir(kubernetes(tmp_path, mode=mode)).get("zoho-eu", "client_id") is not None


@pytest.mark.parametrize("mode", [0o444, 0o644, 0o404, 0o660, 0o620, 0o401])
def test_what_everybody_may_read_or_a_group_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    source = SecretsDir(kubernetes(tmp_path, mode=mode))
    with pytest.raises(CredentialStoreError, match="not used") as refused:
        source.get("zoho-eu", "client_id")
    assert "defaultMode: 0400" in refused.value.hint
    assert "of-kubernetes" not in str(refused.value)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "zoho.client_id").symlink_to("../elsewhere")
    with pytest.raises(CredentialStoreError, match="leads out"):
        SecretsDir(folder).get("zoho", "client_id")


def test_a_link_that_leads_nowhere_is_an_error_and_not_a_missing_secret(tmp_path: Path) -> None:
    (tmp_path / "zoho.client_id").symlink_to("gone")
    with pytest.raises(CredentialStoreError, match="leads nowhere"):
        SecretsDir(tmp_path).get("zoho", "client_id")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "zoho.client_id").write_bytes(content)
    (tmp_path / "zoho.client_id").chmod(0o400)
    with pytest.raises(CredentialStoreError, match="not empty"):
        SecretsDir(tmp_path).get("zoho", "client_id")


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "zoho.client_id"
    path.mkdir(0o700) if kind == "folder" else os.mkfifo(path, 0o600)
    with pytest.raises(CredentialStoreError, match="plain file"):
        SecretsDir(tmp_path).get("zoho", "client_id")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_file_of_another_user_is_refused_even_in_a_folder_that_is_open_to_all(tmp_path: Path) -> None:
    path = put(tmp_path / "zoho.client_id")
    os.chown(path, 4242, 4242)
    tmp_path.chmod(0o1777)
    with pytest.raises(CredentialStoreError, match="another user"):
        SecretsDir(tmp_path).get("zoho", "client_id")


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_whose_files_others_may_exchange_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(CredentialStoreError, match="exchange"):
        SecretsDir(folder)


def test_a_folder_that_is_missing_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(CredentialStoreError) as refused:
        SecretsDir(tmp_path / "missing")
    assert "CONNECTION.ITEM" in refused.value.hint
