"""Write-once, encrypted snapshots."""

from crm_bridge.vault.backup_set import BackupSet, SetEntry
from crm_bridge.vault.check import CheckReport, Finding
from crm_bridge.vault.keys import MASTER_ITEM, KeyStore
from crm_bridge.vault.shred import ShredReport
from crm_bridge.vault.store import SetSummary, Vault
from crm_bridge.vault.writer import SetWriter

__all__ = [
    "MASTER_ITEM",
    "BackupSet",
    "CheckReport",
    "Finding",
    "KeyStore",
    "SetEntry",
    "SetSummary",
    "SetWriter",
    "ShredReport",
    "Vault",
]
