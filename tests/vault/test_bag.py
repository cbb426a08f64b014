"""A set is a BagIt folder that others can check without us."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.vault import MASTER_ITEM, BackupSet, Vault

bagit = pytest.importorskip("bagit")

Fill = Callable[..., BackupSet]
Make = Callable[..., Snapshot]
Attach = Callable[..., Attachment]


@pytest.fixture
def made(fill: Fill, snap: Make, attach: Attach) -> BackupSet:
    """Return a set of three contracts, one with an attachment."""
    return fill(snap(1), snap(2, attach("合同.pdf", b"%PDF")), snap(3), keep_until="2027-01-31")


def test_the_bagit_library_finds_the_bag_valid(made: BackupSet) -> None:
    logging.getLogger("bagit").setLevel(logging.ERROR)
    assert bagit.Bag(str(made.path)).validate()


def test_the_bagit_library_finds_a_shredded_bag_valid(vault: Vault, made: BackupSet) -> None:
    logging.getLogger("bagit").setLevel(logging.ERROR)
    vault.shred(made.id)
    assert bagit.Bag(str(made.path)).validate()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
@pytest.mark.parametrize("manifest", ["manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_sha256sum_checks_the_manifests(made: BackupSet, manifest: str) -> None:
    done = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", manifest], cwd=made.path, check=False)
    assert done.returncode == 0


def test_the_digest_of_the_set_is_the_sha256_of_its_manifest(made: BackupSet) -> None:
    assert made.digest == hashlib.sha256((made.path / "manifest-sha256.txt").read_bytes()).hexdigest()


def test_the_bag_info_holds_coordinates_and_counts_only(made: BackupSet) -> None:
    labels = (made.path / "bag-info.txt").read_text(encoding="utf-8").splitlines()
    assert labels == [
        "Bag-Software-Agent: crm-bridge",
        "Bagging-Date: 2026-08-03",
        f"External-Identifier: {made.id}",
        "Crm-Bridge-Created: 2026-08-03T09:00:00Z",
        "Crm-Bridge-Run: run-1",
        f"Crm-Bridge-Plan: {'ab' * 32}",
        "Crm-Bridge-Connection: zoho-eu",
        "Crm-Bridge-Keep-Until: 2027-01-31",
        "Crm-Bridge-Count: 3",
        "Crm-Bridge-Attachments: 1",
        f"Payload-Oxum: {made.bytes}.4",
    ]


def test_a_label_cannot_break_out_of_its_line(vault: Vault) -> None:
    with vault.begin(run="r\nPayload-Oxum: 1.1", plan="p", connection="c\x85d", schema=b"", info={}) as writer:
        made = writer.close()
    info = (made.path / "bag-info.txt").read_text(encoding="utf-8")
    assert "Crm-Bridge-Run: r Payload-Oxum: 1.1\n" in info
    assert "Crm-Bridge-Connection: c d\n" in info


def test_the_files_open_with_age_and_the_master_identity_alone(made: BackupSet, keys: dict[str, str]) -> None:
    # What docs/reference/vault-format.md tells a reader who has only the stock age tool.
    master = pyrage.x25519.Identity.from_str(keys[MASTER_ITEM])
    slot = pyrage.decrypt((made.path / "key.age").read_bytes(), [master]).decode()
    identity = pyrage.x25519.Identity.from_str(slot.splitlines()[1])
    plain = pyrage.decrypt((made.path / "data/records-000001.age").read_bytes(), [identity])
    assert b'{"id":"2", "Name":"CANARY' in plain
    assert pyrage.decrypt((made.path / "data/files/000001.age").read_bytes(), [identity]) == b"%PDF"


def test_folders_are_0700_and_files_0600_whatever_the_umask(made: BackupSet, vault: Vault) -> None:
    modes = {stat.filemode(path.stat().st_mode) for path in (vault.folder, *vault.folder.rglob("*")) if path.exists()}
    assert modes == {"drwx------", "-rw-------"}


def test_only_internal_names_are_on_disk(made: BackupSet) -> None:
    names = {path.relative_to(made.path).as_posix() for path in made.path.rglob("*") if path.is_file()}
    assert names == {
        "bagit.txt",
        "bag-info.txt",
        "manifest-sha256.txt",
        "tagmanifest-sha256.txt",
        "key.age",
        "data/set.age",
        "data/schema.age",
        "data/records-000001.age",
        "data/files/000001.age",
    }


def test_the_number_of_syncs_does_not_grow_with_the_records(
    vault: Vault, snap: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    really = os.fsync

    def counting(handle: int) -> None:
        synced.append(handle)
        really(handle)

    monkeypatch.setattr(os, "fsync", counting)
    counts = []
    for number, records in enumerate((1, 400)):
        before = len(synced)
        with vault.begin(run=f"run-{number}", plan="p", connection="c", schema=b"", info={}) as writer:
            for index in range(records):
                writer.add(snap(index))
            writer.close()
        counts.append(len(synced) - before)
    assert counts[0] == counts[1] <= 14


def test_what_was_written_is_dropped_from_memory_before_it_is_read_back(
    fill: Fill, snap: Make, attach: Attach, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "POSIX_FADV_DONTNEED", 4, raising=False)
    monkeypatch.setattr(
        os,
        "posix_fadvise",
        lambda handle, start, size, advice: dropped.append((os.fstat(handle).st_size, advice)),
        raising=False,
    )
    made = fill(snap(1, attach("a", b"x" * 5_000)))
    sealed = [(path.stat().st_size, 4) for path in (made.path / "data").rglob("*.age")]
    assert sorted(dropped) == sorted(sealed)


def test_no_path_escapes_whatever_an_attachment_is_called(
    fill: Fill, snap: Make, attach: Attach, tmp_path: Path
) -> None:
    names = hostile_names()
    assert len(names) >= 200
    made = fill(snap(1, *(attach(name, name.encode("utf-8", "surrogatepass")) for name in names)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups"]
    stored = {path.name for path in (made.path / "data/files").iterdir()}
    assert stored == {f"{number:06d}.age" for number in range(1, len(names) + 1)}
    attachments = made.snapshot("1").attachments
    assert [attachment.name for attachment in attachments] == names
    assert b"".join(attachments[5].chunks()) == names[5].encode("utf-8", "surrogatepass")


def hostile_names() -> list[str]:
    """Return names that have broken file handling somewhere: traversal, devices, controls, bidi, lengths."""
    climbs = [
        sep.join([".."] * depth) + sep + "etc" + sep + "passwd"
        for sep in ("/", "\\", "\u2215")
        for depth in range(1, 9)
    ]
    roots = [
        "/etc/passwd",
        "C:\\Windows\\win.ini",
        "\\\\server\\share\\x",
        "file:///etc/passwd",
        "~/.ssh/id_rsa",
        "//x",
    ]
    devices = [
        name + end for name in ("CON", "PRN", "AUX", "NUL", "COM1", "LPT9") for end in ("", ".txt", ":", " .pdf")
    ]
    controls = [f"a{chr(code)}b" for code in (*range(32), *range(0x7F, 0xA0))]
    unicode = [
        f"a{letter}b"
        for letter in "\u200b\u200e\u200f\u202a\u202b\u202d\u202e\u2028\u2029\u2066\ufeff\uff0f\uff3c\ud800"
    ]
    shells = [
        "$(id)",
        "`id`",
        ";rm -rf /",
        "|cat",
        "-rf",
        "--help",
        "*",
        "?",
        "%00",
        "%2e%2e%2f",
        "a'b",
        'a"b',
        "a>b",
        "a&b",
    ]
    lengths = ["x" * count for count in (0, 255, 256, 4096, 65_536)] + ["合" * 300, ".", "..", "...", " ", "a ", "a."]
    ours = ["key.age", "data/set.age", "manifest-sha256.txt", "../../key.age", "records-000001.age", "000001.age"]
    formulas = [mark + "1+1" for mark in "=+-@＝＋－＠"]
    return (
        climbs
        + roots
        + devices
        + controls
        + unicode
        + shells
        + lengths
        + ours
        + formulas
        + [f"{index}/../../{index}" for index in range(60)]
    )
