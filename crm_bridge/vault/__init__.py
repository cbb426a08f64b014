"""Write-once, encrypted snapshots.

In reading order:

    store       a folder of backup sets, each with a key of its own
    writer      writing one backup set
    backup_set  reading one backup set
    check       checking one set
    format/     the layout of a backup set
    crypto/     sealing with age, and the keys for it
    disk        files of the vault
    syncing     making many files durable together
    remote      copies of backup sets on S3, Azure, Google Cloud or another disk, through obstore
"""

from crm_bridge.vault.backup_set import BackupSet, SetEntry
from crm_bridge.vault.check import CheckReport, VaultFinding
from crm_bridge.vault.crypto.keys import MASTER_ITEM
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
]
