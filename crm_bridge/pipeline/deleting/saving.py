"""Save contracts into the vault without deleting them: one verified set, one journal entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from crm_bridge import failpoints
from crm_bridge.clock import new_id
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import Contract, ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import KEEP_DAYS, Snapshot
from crm_bridge.errors import BackupError, NothingMatchedError, UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.pipeline.context import RunContext, batches
from crm_bridge.pipeline.deleting.storing import begin_set, store, writing_backup
from crm_bridge.vault import BackupSet, SetWriter

BACKUP_MADE = "backup.made"
EXPORT_MADE = "export.made"
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Unsaved:
    """One contract that is not in the set, with the reason."""

    ref: ContractRef
    reason: Reason
    code: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A backup set that was read back and compared. `bytes` is its sealed size, `digest` its name in the journal."""

    id: str
    """Of the entry in the journal."""
    set_id: str
    """Of the set in the vault."""
    digest: str
    """Of the set's manifest, 64 hex digits."""
    count: int
    """Contracts in the set."""
    attachments: int
    """Files in the set."""
    bytes: int
    """Sealed size on disk."""
    keep_until: date
    """The last day until which it must be kept."""
    unsaved: tuple[Unsaved, ...] = ()
    """Contracts that could not be saved whole, with reasons."""


def save_contracts(context: RunContext, contracts: Iterable[Contract], *, keep_days: int = KEEP_DAYS) -> Saved:
    """Stream contracts into a new set; see `save_refs`."""
    if not 1 <= keep_days <= MOST_DAYS:
        raise UsageError(_("a backup is kept from 1 to {most} days").format(most=MOST_DAYS))
    keep_until = (context.clock.now() + timedelta(days=keep_days)).date()
    return save_refs(context, (contract.ref for contract in contracts), keep_until=keep_until)


def save_refs(context: RunContext, refs: Iterable[ContractRef], *, keep_until: date, plan: str = "") -> Saved:
    """Stream contracts into a new set. What cannot be saved whole is left out and named.

    Raises NothingMatchedError when nothing could be saved, BackupError when the set cannot be written or read back.
    """
    name = new_id(context.clock, context.randomness)
    unsaved: list[Unsaved] = []
    hint = _("make room or choose another --home, then run the same command again")
    with writing_backup(hint), begin_set(context, name, plan, keep_until) as writer:
        count = _fill(context, writer, refs, unsaved)
        if not count:
            raise _nothing(unsaved)
        with failpoints.step("vault.close"):
            made = writer.close()
    saved = Saved(
        name, made.id, made.digest, made.count, made.header.attachments, made.bytes, keep_until, tuple(unsaved)
    )
    with failpoints.step("backup.made"):
        context.journal.append([_entry(context, saved, made)])
    return saved


def _fill(context: RunContext, writer: SetWriter, refs: Iterable[ContractRef], unsaved: list[Unsaved]) -> int:
    count = 0
    for batch in batches(refs, context.profile.limits.snapshot_batch):
        context.stop.check()
        answered: set[str] = set()
        failpoints.hit("snapshot.before")
        for copy in context.adapter.snapshot(batch):
            failpoints.hit("snapshot.after")
            answered.add(copy.ref.id)
            if not isinstance(copy, Snapshot):
                unsaved.append(Unsaved(copy.ref, copy.reason))
                continue
            # Nothing is deleted here: the rule is that of a deletion that can be undone.
            stored = store(context, writer, copy, step=Step.TRASH)
            if stored.reason is None:
                count += 1
            else:
                unsaved.append(Unsaved(copy.ref, stored.reason, stored.code))
        unsaved += [Unsaved(ref, Reason.BACKUP_INCOMPLETE) for ref in batch if ref.id not in answered]
        context.progress("backup", count, None)
    return count


def _nothing(unsaved: list[Unsaved]) -> NothingMatchedError | BackupError:
    if not unsaved:
        return NothingMatchedError(_("no contract matches; nothing was saved"))
    first = unsaved[0]
    return BackupError(
        _("none of {count} contracts could be saved; the first, {id}: {reason}").format(
            count=len(unsaved), id=first.ref.id, reason=first.reason.words
        ),
        reason=first.reason,
        vendor_code=first.code,
    )


def _entry(context: RunContext, saved: Saved, made: BackupSet) -> NewEntry:
    body: dict[str, JsonValue] = {
        "connection": context.connection,
        "set": made.id,
        "manifest": made.digest,
        "count": saved.count,
        "attachments": saved.attachments,
        "unsaved": len(saved.unsaved),
        "keep_until": saved.keep_until.isoformat(),
    }
    return context.entry(BACKUP_MADE, body, run=saved.id)


def journal_export(context: RunContext, *, form: str, count: int) -> None:
    """Journal that contracts left the CRM as a file that people can read: how many, in which format, by whom."""
    body: dict[str, JsonValue] = {"connection": context.connection, "format": form, "count": count}
    with failpoints.step("export.made"):
        context.journal.append([context.entry(EXPORT_MADE, body)])
