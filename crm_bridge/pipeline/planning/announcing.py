"""Announcements of plans, and objections to them: until the deadline a contract can be put on the hold list."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.planning.plan import DeletionPlan
from crm_bridge.errors import ConfirmationError, UsageError
from crm_bridge.files import read_ours, replaced_file
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal
from crm_bridge.policy_file import columns_of_holds
from crm_bridge.spreadsheets.guards import guarded

ANNOUNCED, OBJECTED = "plan.announced", "plan.objected"


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection to one contract of an announced plan; one that came late holds nothing."""

    record_id: str
    number: str
    late: bool
    deadline: datetime


def announce(journal: Journal, plan: DeletionPlan, deadline: datetime) -> None:
    """Journal that a plan is announced, and until when people may object."""
    body: dict[str, JsonValue] = {"deadline": deadline.isoformat(timespec="seconds"), "count": plan.count}
    with failpoints.step("plan.announce"):
        journal.append([NewEntry(ANNOUNCED, plan=plan.digest, body=body)])


def deadline_of(journal: Journal, digest: str) -> datetime | None:
    """Return until when people may object to a plan; None where it was not announced."""
    told = [entry.body["deadline"] for entry in journal.entries(op=ANNOUNCED, plan=digest)]
    return datetime.fromisoformat(str(told[-1])) if told else None


def check_announced(journal: Journal, digest: str, now: datetime) -> None:
    """Raise ConfirmationError while people may still object to a plan."""
    deadline = deadline_of(journal, digest)
    if deadline is not None and now < deadline:
        raise ConfirmationError(
            _("the plan was announced, and people may object until {time}").format(
                time=deadline.isoformat(timespec="minutes")
            ),
            reason="announced",
            hint=_("plan again after that: contracts with an objection are left out then"),
        )


def journal_objection(journal: Journal, digest: str, objection: Objection, reason: str) -> None:
    """Journal an objection, on time or late; the words as a keyed digest, they name people."""
    body: dict[str, JsonValue] = {"late": objection.late, "reason": journal.keyed_digest("reason", reason)}
    with failpoints.step("plan.object"):
        journal.append([NewEntry(OBJECTED, plan=digest, body=body, lines=[{"id": objection.record_id}])])


def add_hold(path: Path, record_id: str, reason: str) -> None:
    """Add a contract to a hold list, in the columns that it has. Raises UsageError for a file that is not UTF-8."""
    try:
        text = read_ours(path, error=UsageError).decode("utf-8")
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError:
        raise UsageError(
            _("{path} is not UTF-8: nothing can be added to it").format(path=path), hint=_("save it as CSV UTF-8")
        ) from None
    first = next(csv.reader(io.StringIO(text)), [])
    key, why = columns_of_holds(first) or (0, 1)
    cells = [""] * max(len(first), key + 1, why + 1)
    cells[key] = record_id
    if why >= 0:
        cells[why] = guarded(reason)
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    with failpoints.step("plan.hold"), replaced_file(path) as file:
        file.write((text if not text or text.endswith("\n") else text + "\n").encode() + line.getvalue().encode())
