"""Store one copy in a set: what cannot be had of it is named, and held or left out by the rule of the connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Attachment, Gap, Snapshot
from crm_bridge.errors import (
    BackupError,
    CrmBridgeError,
    CrmError,
    PermissionDeniedError,
    UsageError,
)
from crm_bridge.i18n import _
from crm_bridge.pipeline.context import RunContext
from crm_bridge.spi.adapter import Profile
from crm_bridge.spi.failures import LASTING
from crm_bridge.vault import SetWriter

OF_ONE_FILE = frozenset({Reason.ATTACHMENT_TOO_LARGE, Reason.ATTACHMENT_SIZE})
"""Reasons of a BackupError that speak of one file; any other means that no backup can be written at all."""


@contextmanager
def writing_backup(hint: str = "") -> Iterator[None]:
    """Raise BackupError in place of an OSError of the block, which writes a set."""
    try:
        yield
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        text = _("the backup cannot be written: {why}").format(why=why)
        raise BackupError(text, reason="backup_not_written", hint=hint) from None


def begin_set(
    context: RunContext, run: str, plan: str, keep_until: date, info: Mapping[str, str] | None = None
) -> SetWriter:
    """Begin a set of this connection with what a restore needs to know; `info` is sealed in its header."""
    return context.vault.begin(
        run=run,
        plan=plan,
        connection=context.connection,
        schema=schema_bytes(context.profile),
        info={"keep_until": keep_until.isoformat(), **(info or {})},
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """Result of storing one copy. It is in the set unless there is a reason."""

    reason: Reason | None = None
    code: str = ""
    remark: str = ""
    """What the copy lacks, by name; and files of which it holds the link only."""


def store(context: RunContext, writer: SetWriter, copy: Snapshot, *, step: Step) -> Stored:
    """Add a copy to a set. `step` is what the plan ends with: rows that are lost for good hold their contract always.

    Raises BackupError where nothing can be written.
    """
    best_effort = context.policy.best_effort
    if reason := held_by(copy.gaps, step=step, best_effort=best_effort):
        return Stored(reason, remark=in_words(copy.gaps))
    gaps = list(copy.gaps)

    def leave_out(file: Attachment, error: CrmBridgeError) -> bool:
        gaps.append(Gap(file.name, error.message or Reason.of(error).words, file=True))
        return best_effort and (isinstance(error, LASTING) or error.reason in OF_ONE_FILE)

    try:
        with failpoints.step("vault.add"):
            writer.add(copy, leave_out=leave_out)
    except (CrmError, PermissionDeniedError, UsageError) as problem:
        # Attachments are read while they are saved: one that cannot be read holds its contract, not the run.
        return Stored(Reason.BACKUP_INCOMPLETE, problem.vendor_code, in_words(gaps) or problem.message)
    except BackupError as problem:
        if problem.reason not in OF_ONE_FILE:
            raise
        return Stored(Reason.of(problem), remark=in_words(gaps) or problem.message)
    linked = _("kept as a link: {names}").format(names=", ".join(copy.links)) if copy.links else ""
    return Stored(remark="; ".join(filter(None, (in_words(gaps), linked))))


def held_by(gaps: tuple[Gap, ...], *, step: Step, best_effort: bool) -> Reason | None:
    """Return why a contract with these gaps is held; None where the connection's rule lets it go."""
    gaps = tuple(gap for gap in gaps if not gap.elsewhere)
    rows = any(not gap.file for gap in gaps)
    if rows and step is Step.PURGE:
        return Reason.NOT_ALL_SHOWN
    if not gaps or best_effort:
        return None
    return Reason.RELATED_UNREADABLE if rows else Reason.BACKUP_INCOMPLETE


def in_words(gaps: tuple[Gap, ...] | list[Gap]) -> str:
    """Return what a copy lacks, for the contract's row."""
    return "; ".join(gap.text() for gap in gaps if not gap.elsewhere)


def schema_bytes(profile: Profile) -> bytes:
    """Return the module's metadata as it goes into a backup set: what a restore needs to know about fields."""
    names = ("name", "label", "type", "meaning", "writable", "required")
    fields: list[JsonValue] = [
        {**{name: getattr(f, name) for name in names}, "options": [list(option) for option in f.options]}
        for f in profile.fields
    ]
    relations: list[JsonValue] = [
        {"name": r.name, "label": r.label, "kind": r.kind, "module": r.module, "saved": r.saved}
        for r in profile.relations
    ]
    return canonical_bytes({"module": profile.module, "fields": fields, "relations": relations})
