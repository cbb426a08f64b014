"""Whatever is done to the files of a set is noticed, and leaves no plaintext behind."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import BackupError
from crm_bridge.vault import BackupSet, Vault

Fill = Callable[..., BackupSet]
Make = Callable[..., Snapshot]
Attach = Callable[..., Attachment]
Damage = Callable[[Path], None]

LARGE = random.Random(5).randbytes(1_300_000)


@pytest.fixture
def made(fill: Fill, snap: Make, attach: Attach) -> BackupSet:
    """Return a set of 600 contracts in two batches, with a small and a large attachment."""
    files = {3: (attach("small.pdf", b"%PDF-1.7"),), 4: (attach("large.pdf", LARGE),)}
    return fill(*(snap(number, *files.get(number, ())) for number in range(600)))


def read_everything(vault: Vault, set_id: str) -> None:
    """Do what a restore does: open the set, read every record and every attachment."""
    opened = vault.open(set_id)
    opened.schema()
    for snapshot in opened.snapshots():
        opened.verify_entry(snapshot.ref.id)
        for attachment in snapshot.attachments:
            for _piece in attachment.chunks():
                pass


def flip(position: float) -> Damage:
    """Flip one bit at a share of the file's length."""

    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(position * (len(data) - 1))] ^= 0x40
        path.write_bytes(data)

    return damage


def truncate(position: float) -> Damage:
    """Cut the file at a share of its length, by one byte at least."""

    def damage(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: int(position * (len(data) - 1))])

    return damage


def append(path: Path) -> None:
    """Add some bytes at the end."""
    path.write_bytes(path.read_bytes() + b"more")


def swap_chunks(path: Path) -> None:
    """Exchange two of age's 64 KiB chunks, or the halves of a short file."""
    data = path.read_bytes()
    size = 65_552 if len(data) > 3 * 65_552 else len(data) // 2
    head, rest = data[: len(data) % size], data[len(data) % size :]
    pieces = [rest[start : start + size] for start in range(0, len(rest), size)]
    pieces[0], pieces[-1] = pieces[-1], pieces[0]
    path.write_bytes(head + b"".join(pieces))


def empty(path: Path) -> None:
    """Leave nothing in the file."""
    path.write_bytes(b"")


def remove(path: Path) -> None:
    """Take the file away."""
    path.unlink()


def link(path: Path) -> None:
    """Replace the file by a link to a copy of it outside the vault."""
    moved = next(parent for parent in path.parents if parent.name == "backups").with_name("moved")
    shutil.move(path, moved)
    path.symlink_to(moved)


DAMAGES = {
    "flip at 0": flip(0),
    "flip in the middle": flip(0.5),
    "flip at the end": flip(1),
    "truncate by a byte": truncate(1),
    "truncate to half": truncate(0.5),
    "append": append,
    "swap chunks": swap_chunks,
    "empty": empty,
    "remove": remove,
    "link": link,
}
NEEDED = (
    "key.age",
    "manifest-sha256.txt",
    "data/set.age",
    "data/schema.age",
    "data/records-000001.age",
    "data/records-000002.age",
    "data/files/000001.age",
    "data/files/000002.age",
    "bagit.txt",
    "bag-info.txt",
    "tagmanifest-sha256.txt",
)


@pytest.mark.parametrize("name", NEEDED)
def test_damage_to_a_needed_file_is_refused_by_reading_and_by_the_check(
    vault: Vault, made: BackupSet, name: str, canary: bytes, tmp_path: Path
) -> None:
    original = (made.path / name).read_bytes()
    for what, damage in DAMAGES.items():
        damage(made.path / name)
        with pytest.raises(BackupError):
            read_everything(vault, made.id)
        assert not vault.check(made.id).ok, what
        (made.path / name).unlink(missing_ok=True)
        (made.path / name).write_bytes(original)
    assert vault.check(made.id).ok
    assert [path for path in tmp_path.rglob("*") if path.is_file() and canary in path.read_bytes()] == []


def swap(one: Path, other: Path) -> None:
    """Exchange two files."""
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize(
    "pair", [("data/records-000001.age", "data/records-000002.age"), ("data/set.age", "data/schema.age")]
)
def test_files_exchanged_inside_a_set_are_refused(vault: Vault, made: BackupSet, pair: tuple[str, str]) -> None:
    swap(made.path / pair[0], made.path / pair[1])
    assert not vault.check(made.id).ok
    with pytest.raises(BackupError):
        read_everything(vault, made.id)


@pytest.mark.parametrize("name", ["key.age", "data/set.age", "data/records-000001.age", "manifest-sha256.txt"])
def test_files_exchanged_between_two_sets_are_refused(vault: Vault, fill: Fill, snap: Make, name: str) -> None:
    one, other = fill(snap(1), run="a"), fill(snap(2), run="b")
    swap(one.path / name, other.path / name)
    for made in (one, other):
        assert not vault.check(made.id).ok
        with pytest.raises(BackupError):
            read_everything(vault, made.id)


def test_a_swapped_key_slot_is_named(vault: Vault, fill: Fill) -> None:
    one, other = fill(run="a"), fill(run="b")
    swap(one.path / "key.age", other.path / "key.age")
    with pytest.raises(BackupError, match=f"the key slot in set {one.id} belongs to another set"):
        vault.open(one.id)


def test_a_whole_set_under_the_name_of_another_is_refused(vault: Vault, fill: Fill, snap: Make) -> None:
    one, other = fill(snap(1), run="a"), fill(snap(1), run="b")
    shutil.rmtree(one.path)
    shutil.copytree(other.path, one.path)
    with pytest.raises(BackupError, match="belongs to another set"):
        vault.open(one.id)


@pytest.mark.parametrize("name", NEEDED[:8])
@pytest.mark.parametrize("damage", [remove, append, flip(0.5)])
def test_the_gate_notices_what_happened_after_the_set_was_opened(
    vault: Vault, made: BackupSet, name: str, damage: Damage
) -> None:
    opened = vault.open(made.id)
    owner = {"data/records-000002.age": "599", "data/files/000001.age": "3", "data/files/000002.age": "4"}.get(
        name, "0"
    )
    opened.verify_entry(owner)
    damage(made.path / name)
    with pytest.raises(BackupError, match="is damaged or was replaced"):
        opened.verify_entry(owner)


def test_the_gate_looks_only_at_what_its_contract_needs(vault: Vault, made: BackupSet) -> None:
    remove(made.path / "data/files/000001.age")
    made.verify_entry("5")


def test_a_file_that_does_not_belong_to_the_set_is_found(vault: Vault, made: BackupSet) -> None:
    (made.path / "data/files/000009.age").write_bytes(b"x")
    (made.path / "extra").write_bytes(b"x")
    assert [(found.code, found.file) for found in vault.check(made.id).findings] == [
        ("extra", "data/files/000009.age"),
        ("extra", "extra"),
    ]


def test_a_consistent_manifest_for_a_removed_attachment_is_not_believed(vault: Vault, made: BackupSet) -> None:
    # An attacker without the key can rewrite every readable manifest, but not the sealed index.
    remove(made.path / "data/files/000001.age")
    lines = (made.path / "manifest-sha256.txt").read_text().splitlines(keepends=True)
    (made.path / "manifest-sha256.txt").write_text("".join(line for line in lines if "files/000001" not in line))
    tags = (made.path / "tagmanifest-sha256.txt").read_text().splitlines()
    new = hashlib.sha256((made.path / "manifest-sha256.txt").read_bytes()).hexdigest()
    fixed = [f"{new}  manifest-sha256.txt" if line.endswith("  manifest-sha256.txt") else line for line in tags]
    (made.path / "tagmanifest-sha256.txt").write_text("".join(line + "\n" for line in fixed))
    codes = {(found.code, found.file) for found in vault.check(made.id).findings}
    assert codes == {("changed", "data/files/000001.age"), ("undecipherable", "data/files/000001.age")}
    assert vault.open(made.id).digest != made.digest
