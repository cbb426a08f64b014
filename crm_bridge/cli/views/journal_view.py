"""How journal entries look: as JSON, and a row for each contract in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import amount, key, title
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.journal.format.entry import Entry
    from crm_bridge.journal.format.lines import Line
    from crm_bridge.journal.store import Journal


def journal_rows(
    journal: Journal, entries: Iterator[Entry], record_id: str | None
) -> Iterator[tuple[Entry, Line | None]]:
    """Yield a row for each line of an entry, and one for an entry that is about no contract."""
    for entry in entries:
        if entry.lines is None and record_id is None:
            yield entry, None
        for line in journal.lines(entry):
            if record_id in (None, line.record_id):
                yield entry, line


def journal_table(rows: Iterable[tuple[Entry, Line | None]], *, form: str = "") -> None:
    """Print entries, a row for each contract in them."""
    columns = (
        amount(_("entry")),
        key(_("time")),
        key(_("what")),
        title(_("run")),
        key(_("record")),
        amount(_("attempt")),
    )
    Output.table(columns, (_cells(entry, line) for entry, line in rows), form=form)


def _cells(entry: Entry, line: Line | None) -> tuple[object, ...]:
    facts = line.facts if line else entry.body
    what = str(facts.get("event") or entry.op)
    attempt = facts.get("attempt") or 1
    record = line.record_id if line else ""
    return entry.seq, f"{entry.ts[:19]}Z", what, entry.run, record, attempt if attempt != 1 else ""


def entry_json(entry: Entry, line: Line | None) -> dict[str, Any]:
    """Return an entry with the facts of one contract."""
    facts = dict(line.facts if line else entry.body)
    facts.pop("id", None)
    return {
        "seq": entry.seq,
        "ts": entry.ts,
        "op": entry.op,
        "run": entry.run,
        "plan": entry.plan,
        "system": entry.system,
        "org": entry.org,
        "module": entry.module,
        "record_id": line.record_id if line else "",
        "place": line.place if line else None,
        "attempt": facts.pop("attempt", 0),
        "body": facts,
    }
