"""Traces of earlier runs that lie beside the journal: it must know all of them, or it is not the one that they saw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from crm_bridge.errors import BackupError, CredentialStoreError, JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.format import dsse
from crm_bridge.journal.format.note import NoteError
from crm_bridge.journal.format.proof import InclusionProof
from crm_bridge.journal.storage.tail import rolled_back
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.deleting.backup import DELETION, MADE_FOR
from crm_bridge.vault import SetSummary, Vault

NEWEST = 20
"""Receipts to compare: a journal that knows the newest ones knows what came before them."""


def compare_with_receipts(journal: Journal, folder: Path) -> None:
    """Raise JournalError (`rolled_back`) if a receipt proves an entry that the journal does not have.

    Only receipts that its own key signed count: whoever can write files here cannot make one.
    """
    for path in newest_receipts(folder):
        _compare_receipt(journal, path)


def compare_with_sets(journal: Journal, vault: Vault) -> None:
    """Raise JournalError (`rolled_back`) if a backup set was made by a run that the journal does not know.

    Only sets that the key of this installation opens count, and only those that are younger than the journal.
    """
    for one in _strange_sets(journal, vault):
        raise rolled_back(
            _("backup set {set} was made by run {run}, and the journal does not know that run").format(
                set=one.set_id, run=one.run
            )
        )


def rollback_warning() -> str:
    """Return what every run says where no pin is kept."""
    return _(
        "rollback is not detected: nothing outside the journal keeps its head; name a pin_file in config.toml, "
        "best on another volume"
    )


def newest_receipts(folder: Path) -> list[Path]:
    """Return the newest receipts of a folder: their names begin with the time of their run."""
    return sorted(folder.glob("*.receipt.json"))[-NEWEST:] if folder.is_dir() else []


def _compare_receipt(journal: Journal, path: Path) -> None:
    try:
        envelope = json.loads(path.read_bytes())
        dsse.verify(envelope, [journal.vkey])
        predicate = json.loads(dsse.payload_of(envelope))["predicate"]
        proof, entry = InclusionProof.parse(predicate["inclusion"]), predicate["entry"].encode()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, NoteError, JournalError):
        return  # no receipt, or one of another journal: it knows nothing of this one
    if proof.checkpoint.origin != journal.origin:
        return
    if proof.checkpoint.size > journal.head().size or journal.entry(proof.index).raw != entry:
        raise rolled_back(_("receipt {name} proves an entry that it does not have").format(name=path.name))


def _strange_sets(journal: Journal, vault: Vault) -> Iterator[SetSummary]:
    """Yield sets that a deletion made before it sent anything, and of whose run the journal holds no entry."""
    # Labels tell whole seconds.
    began = datetime.fromisoformat(journal.entry(0).ts).replace(microsecond=0)
    for one in vault.sets():
        unknown = one.complete and one.plan and next(journal.entries(run=one.run), None) is None
        if unknown and _is_of_a_deletion(vault, one.set_id, since=began):
            yield one


def _is_of_a_deletion(vault: Vault, set_id: str, *, since: datetime) -> bool:
    """Return whether the sealed header, which only this installation can have written, says so."""
    try:
        header = vault.open(set_id).header
        return header.info.get(MADE_FOR) == DELETION and datetime.fromisoformat(header.created) >= since
    except (BackupError, CredentialStoreError, ValueError):
        return False
