"""The vault lists, expires, shreds and removes sets."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

import pytest

from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import BackupError
from crm_bridge.locks import hold_folder
from crm_bridge.vault import BackupSet, SetSummary, Vault

Fill = Callable[..., BackupSet]
Make = Callable[..., Snapshot]
Attach = Callable[..., Attachment]


def test_an_empty_or_absent_vault_has_no_sets(vault: Vault) -> None:
    assert list(vault.sets()) == []


def test_a_summary_needs_no_key(vault: Vault, fill: Fill, snap: Make, keys: dict[str, str]) -> None:
    made = fill(snap(1), snap(2), run="run-9", keep_until="2027-01-31")
    keys.clear()
    assert list(vault.sets()) == [
        SetSummary(
            set_id=made.id,
            created="2026-08-03T09:00:00Z",
            connection="zoho-eu",
            run="run-9",
            plan="ab" * 32,
            count=2,
            bytes=made.bytes,
            complete=True,
            shredded=False,
            keep_until=date(2027, 1, 31),
        )
    ]


def test_a_set_expires_the_day_after_its_last(vault: Vault, fill: Fill) -> None:
    made = fill(run="a", keep_until="2027-01-31")
    fill(run="b", keep_until="2027-02-28")
    fill(run="c")
    assert list(vault.expired(date(2027, 1, 31))) == []
    assert [found.set_id for found in vault.expired(date(2027, 2, 1))] == [made.id]


@pytest.mark.parametrize("name", ["../x", "", ".", "/etc", "01KZ3DKWM0V3RS3DTR98H6BCFN/..", "U" * 26])
def test_only_names_of_sets_are_looked_up(vault: Vault, fill: Fill, name: str) -> None:
    fill()
    for look in (vault.open, vault.check, vault.shred, vault.remove):
        with pytest.raises(BackupError, match="there is no backup set"):
            look(name)


def test_after_shredding_nothing_decrypts(vault: Vault, fill: Fill, snap: Make) -> None:
    made = fill(snap(1))
    report = vault.shred(made.id)
    assert report.destroyed
    assert not (made.path / "key.age").exists()
    with pytest.raises(BackupError, match=r"was shredded: its key is destroyed") as caught:
        vault.open(made.id)
    assert caught.value.reason == "shredded"


def test_shredding_one_set_leaves_the_others(vault: Vault, fill: Fill, snap: Make) -> None:
    one, other = fill(snap(1), run="a"), fill(snap(2), run="b")
    vault.shred(one.id)
    assert vault.open(other.id).snapshot("2").ref.id == "2"


def test_a_set_that_is_open_at_the_gate_notices_the_shredding(vault: Vault, fill: Fill, snap: Make) -> None:
    made = fill(snap(1))
    made.verify_entry("1")
    vault.shred(made.id)
    with pytest.raises(BackupError):
        made.verify_entry("1")


def test_a_shredded_set_checks_clean_and_is_not_restorable(
    vault: Vault, fill: Fill, snap: Make, attach: Attach
) -> None:
    made = fill(snap(1, attach("a", b"x")), snap(2))
    vault.shred(made.id)
    report = vault.check(made.id)
    assert (report.ok, report.shredded, report.restorable) == (True, True, False)
    assert (report.contracts, report.attachments, report.bytes) == (2, 1, made.bytes)
    assert [found.shredded for found in vault.sets()] == [True]


def test_damage_to_a_shredded_set_is_still_found(vault: Vault, fill: Fill, snap: Make) -> None:
    made = fill(snap(1))
    vault.shred(made.id)
    (made.path / "data/records-000001.age").write_bytes(b"")
    assert [found.code for found in vault.check(made.id).findings] == ["changed"]


def test_shredding_twice_says_that_there_was_nothing_left(vault: Vault, fill: Fill) -> None:
    made = fill()
    assert [vault.shred(made.id).destroyed, vault.shred(made.id).destroyed] == [True, False]


def test_shredding_says_what_it_cannot_reach(vault: Vault, fill: Fill) -> None:
    texts = vault.shred(fill().id).cannot_reach
    assert any("flash storage" in text for text in texts)
    assert any("copies of the vault elsewhere" in text for text in texts)


def test_a_key_slot_that_is_merely_gone_is_not_called_shredded(vault: Vault, fill: Fill) -> None:
    made = fill()
    (made.path / "key.age").unlink()
    report = vault.check(made.id)
    assert (report.shredded, [found.code for found in report.findings]) == (False, ["key"])


def test_a_removed_set_is_gone(vault: Vault, fill: Fill, snap: Make) -> None:
    made, other = fill(snap(1), run="a"), fill(snap(2), run="b")
    vault.remove(made.id)
    assert [found.set_id for found in vault.sets()] == [other.id]
    assert [path.name for path in vault.folder.iterdir()] == [other.id]


def test_a_good_set_checks_clean(vault: Vault, fill: Fill, snap: Make, attach: Attach) -> None:
    made = fill(snap(1, attach("a", b"x"), attach("b", bytes(2_000_000))), snap(2))
    report = vault.check(made.id)
    assert (report.ok, report.restorable, report.contracts, report.attachments) == (True, True, 2, 2)
    assert report.bytes == made.bytes


def test_what_a_writer_left_before_it_said_whose_it_is_goes_once_the_writer_is_dead(vault: Vault, fill: Fill) -> None:
    fill()
    left = vault.folder / f"{'0' * 26}.incomplete"
    left.mkdir(mode=0o700)
    held = hold_folder(left)
    fill(run="run-2")
    assert left.is_dir()
    os.close(held)
    fill(run="run-3")
    assert not left.exists()
