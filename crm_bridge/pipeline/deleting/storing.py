"""Store one copy in a set: what cannot be had of it is named, and held or left out by the rule of the connection."""

from __future__ import annotations

from dataclasses import dataclass

from crm_bridge import failpoints
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
from crm_bridge.spi.failures import LASTING
from crm_bridge.vault import SetWriter

OF_ONE_FILE = frozenset({Reason.ATTACHMENT_TOO_LARGE, Reason.ATTACHMENT_SIZE})
"""Reasons of a BackupError that speak of one file; any other means that no backup can be written at all."""


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
