"""Documents of `--json`: a dataclass for each schema. JSON Schema files and the reference page are made from them.

Keys may be added within a version, so a schema allows keys that are not here. What has a default may be missing.
Tests refuse a document with a key that its dataclass does not name.

In reading order:

    registry     the register of documents
    contracts    how contracts and their files are written
    plans        how plans are written, with what each way back returns
    approving    how approvals of plans and those who give them are written
    runs         how runs are written, and what became of each contract
    restores     how restores are written
    receipts     how receipts and what checks them are written
    connections  how connections, CRMs and what they need are written
    proofs       how what was observed on a tenant is written
    secrets      how secrets and keys are written: where they are, never what they are
    vaults       how backup sets and exports are written
    journals     how the journal and what checks it are written
    rest         how everything else is written: policies, notices, the demo, errors
"""

from crm_bridge.cli.documents import (
    approving,
    connections,
    contracts,
    journals,
    plans,
    proofs,
    receipts,
    rest,
    restores,
    runs,
    secrets,
    vaults,
)
from crm_bridge.cli.documents.registry import DOCUMENTS

__all__ = [
    "DOCUMENTS",
    "approving",
    "connections",
    "contracts",
    "journals",
    "plans",
    "proofs",
    "receipts",
    "rest",
    "restores",
    "runs",
    "secrets",
    "vaults",
]
