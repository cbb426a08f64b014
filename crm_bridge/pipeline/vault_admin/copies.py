"""Copies of backup sets on an object store: made only of whole sets, brought back checked, both journaled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.errors import BackupError, NothingMatchedError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.pipeline.vault_admin.retention import COPIED, VaultRetention
from crm_bridge.vault import SetSummary
from crm_bridge.vault.format.bag import manifest_digest
from crm_bridge.vault.remote import CopyReport, copy_set, fetch_set, open_store, remote_sets

FETCHED = "vault.fetch.done"


@dataclass(frozen=True, slots=True)
class Copying:
    """One object store beside the vault. Its address may carry a signature: the journal holds the scheme only."""

    retention: VaultRetention
    url: str

    def copy(self, set_ids: Sequence[str] = ()) -> Iterator[CopyReport]:
        """Copy sets (default: all whole ones) and read every object back; what is there already is only compared.

        Raises BackupError for a set that is damaged or shredded here, NothingMatchedError for an empty vault.
        """
        store = open_store(self.url)
        known = {one.set_id: one for one in self.retention.vault.sets() if one.complete}
        wanted = list(set_ids) or [name for name, one in known.items() if not one.shredded]
        if not wanted:
            raise NothingMatchedError(_("there is no set to copy"), reason="nothing_to_copy")
        for set_id in wanted:
            self._expect_whole(set_id)
            folder = self.retention.vault.folder / set_id
            report = copy_set(folder, store)
            body: dict[str, JsonValue] = {"written": report.written, "present": report.present}
            self._write(COPIED, known[set_id], manifest_digest(folder), body)
            yield report

    def _expect_whole(self, set_id: str) -> None:
        (report,) = self.retention.check([set_id])
        if report.shredded:
            raise BackupError(
                _("set {set} was shredded: its key is destroyed").format(set=set_id),
                reason="shredded",
                hint=_("leave it out of the copy"),
            )
        if report.findings:
            raise BackupError(
                _("set {set} is not whole and was not copied: {what}").format(set=set_id, what=report.findings[0]),
                reason="vault_damaged",
                hint=_("`crm-bridge vault check` lists everything that is wrong with the set"),
            )

    def fetch(self, set_ids: Sequence[str] = ()) -> Iterator[SetSummary]:
        """Bring copies into the vault (default: every one that is not here), each checked before it counts.

        Raises BackupError for a copy that is damaged or in the vault already, NothingMatchedError for none.
        """
        store, vault = open_store(self.url, create=False), self.retention.vault
        here, there = {one.set_id for one in vault.sets()}, list(remote_sets(store))
        wanted = list(set_ids) or [name for name in there if name not in here]
        if not wanted:
            raise NothingMatchedError(_("no copy is there that is not in the vault already"), reason="nothing_to_fetch")
        if absent := [name for name in wanted if name not in there]:
            raise BackupError(_("there is no whole copy of set {set}").format(set=absent[0]), reason="no_copy")
        for set_id in wanted:
            folder = fetch_set(set_id, store, vault)
            (summary,) = [one for one in vault.sets() if one.set_id == set_id]
            self._write(FETCHED, summary, manifest_digest(folder), {})
            yield summary

    def _write(self, op: str, one: SetSummary, digest: str, body: dict[str, JsonValue]) -> None:
        facts: dict[str, JsonValue] = {
            "set": one.set_id,
            "manifest": digest,
            "count": one.count,
            "store": self.url.partition(":")[0],
            **body,
        }
        self.retention.journal.append([NewEntry(op=op, run=one.run, body=facts)])
