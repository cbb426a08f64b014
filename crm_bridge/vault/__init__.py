"""Write-once, encrypted snapshots."""

from crm_bridge.vault.backup_set import BackupSet, SetEntry
from crm_bridge.vault.check import CheckReport, VaultFinding
from crm_bridge.vault.crypto.keys import MASTER_ITEM, VaultKeyStore
from crm_bridge.vault.crypto.shred import ShredReport
from crm_bridge.vault.store import SetSummary, Vault
from crm_bridge.vault.writer import SetWriter

__all__ = [
    "MASTER_ITEM",
    "BackupSet",
    "CheckReport",
    "SetEntry",
    "SetSummary",
    "SetWriter",
    "ShredReport",
    "Vault",
    "VaultFinding",
    "VaultKeyStore",
]
