"""Crypto-shredding: destroy the key of one set, and be honest about what that cannot reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crm_bridge.i18n import N_, _
from crm_bridge.vault.crypto.keys import destroy_slot

OUT_OF_REACH = (
    N_("flash storage may keep an old copy of the key slot until the drive reuses its cells"),
    N_("snapshots and backups of this disk, and copies of the vault elsewhere, still hold the key slot"),
    N_("whoever has such a copy and the master key of the keyring can still read the set"),
    N_("what was already restored, exported or shown is not touched"),
)


@dataclass(frozen=True, slots=True)
class ShredReport:
    """Result of shredding. `cannot_reach` are sentences for people, in the active language."""

    set_id: str
    destroyed: bool
    """False: there was no key any more, so nothing was left to destroy."""
    cannot_reach: tuple[str, ...]


def shred_set(folder: Path, *, at: str) -> ShredReport:
    """Destroy the key slot of a set; the ciphertext stays, so that the bag can still be checked."""
    destroyed = destroy_slot(folder, note=f"shredded {at}\n")
    return ShredReport(folder.name, destroyed, tuple(_(text) for text in OUT_OF_REACH))
