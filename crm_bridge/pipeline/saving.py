"""Save contracts into the vault without deleting them: one verified set, one journal entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from crm_bridge import failpoints
from crm_bridge.clock import new_id
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import Contract, ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import KEEP_DAYS, Snapshot
from crm_bridge.errors import BackupError, NothingMatchedError, UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.entry import Draft
from crm_bridge.pipeline.backup import schema_bytes
from crm_bridge.pipeline.desk import Desk, batches
from crm_bridge.pipeline.storing import store
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
    set_id: str
    digest: str
    count: int
    attachments: int
    bytes: int
    keep_until: date
    unsaved: tuple[Unsaved, ...] = ()


def save_contracts(desk: Desk, contracts: Iterable[Contract], *, keep_days: int = KEEP_DAYS) -> Saved:
    """Stream contracts into a new set; see `save_refs`."""
    if not 1 <= keep_days <= MOST_DAYS:
        raise UsageError(_("a backup is kept from 1 to {most} days").format(most=MOST_DAYS))
    keep_until = (desk.clock.now() + timedelta(days=keep_days)).date()
    return save_refs(desk, (contract.ref for contract in contracts), keep_until=keep_until)


def save_refs(desk: Desk, refs: Iterable[ContractRef], *, keep_until: date, plan: str = "") -> Saved:
    """Stream contracts into a new set. What cannot be saved whole is left out and named.

    Raises NothingMatchedError when nothing could be saved, BackupError when the set cannot be written or read back.
    """
    name = new_id(desk.clock, desk.randomness)
    unsaved: list[Unsaved] = []
    try:
        with desk.vault.begin(
            run=name,
            plan=plan,
            connection=desk.connection,
            schema=schema_bytes(desk.profile),
            info={"keep_until": keep_until.isoformat()},
        ) as writer:
            count = _fill(desk, writer, refs, unsaved)
            if not count:
                raise _nothing(unsaved)
            with failpoints.step("vault.close"):
                made = writer.close()
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise BackupError(
            _("the backup cannot be written: {why}").format(why=why),
            reason="backup_not_written",
            hint=_("make room or choose another --home, then run the same command again"),
        ) from None
    saved = Saved(
        name, made.id, made.digest, made.count, made.header.attachments, made.bytes, keep_until, tuple(unsaved)
    )
    with failpoints.step("backup.made"):
        desk.journal.append([_entry(desk, saved, made)])
    return saved


def _fill(desk: Desk, writer: SetWriter, refs: Iterable[ContractRef], unsaved: list[Unsaved]) -> int:
    count = 0
    for batch in batches(refs, desk.profile.limits.snapshot_batch):
        desk.stop.check()
        answered: set[str] = set()
        failpoints.hit("snapshot.before")
        for copy in desk.adapter.snapshot(batch):
            failpoints.hit("snapshot.after")
            answered.add(copy.ref.id)
            if not isinstance(copy, Snapshot):
                unsaved.append(Unsaved(copy.ref, copy.reason))
                continue
            # Nothing is deleted here: the rule is that of a deletion that can be undone.
            stored = store(desk, writer, copy, step=Step.TRASH)
            if stored.reason is None:
                count += 1
            else:
                unsaved.append(Unsaved(copy.ref, stored.reason, stored.code))
        unsaved += [Unsaved(ref, Reason.BACKUP_INCOMPLETE) for ref in batch if ref.id not in answered]
        desk.progress("backup", count, None)
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


def _entry(desk: Desk, saved: Saved, made: BackupSet) -> Draft:
    return Draft(
        op=BACKUP_MADE,
        system=desk.system,
        org=desk.profile.org_id,
        module=desk.profile.module,
        run=saved.id,
        crm_user=desk.profile.user_id,
        body={
            "connection": desk.connection,
            "set": made.id,
            "manifest": made.digest,
            "count": saved.count,
            "attachments": saved.attachments,
            "unsaved": len(saved.unsaved),
            "keep_until": saved.keep_until.isoformat(),
        },
    )


def journal_export(desk: Desk, *, form: str, count: int) -> None:
    """Journal that contracts left the CRM as a file that people can read: how many, in which format, by whom."""
    entry = Draft(
        op=EXPORT_MADE,
        system=desk.system,
        org=desk.profile.org_id,
        module=desk.profile.module,
        crm_user=desk.profile.user_id,
        body={"connection": desk.connection, "format": form, "count": count},
    )
    with failpoints.step("export.made"):
        desk.journal.append([entry])
