"""Backup sets on the screen: one as JSON, several as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import amount, key, title
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.vault import SetSummary


def set_json(one: SetSummary) -> dict[str, Any]:
    """Return what can be said about a set without its key."""
    return {
        "set": one.set_id,
        "created": one.created,
        "connection": one.connection,
        "run_id": one.run,
        "count": one.count,
        "bytes": one.bytes,
        "complete": one.complete,
        "shredded": one.shredded,
        "keep_until": one.keep_until.isoformat() if one.keep_until else None,
    }


def _state(one: SetSummary) -> str:
    if not one.complete:
        return _("unfinished")
    return _("shredded") if one.shredded else ""


def set_table(out: Output, sets: Sequence[SetSummary], *, form: str = "") -> None:
    """Print sets, one a row."""
    columns = (
        key(_("set")),
        key(_("made")),
        title(_("connection")),
        amount(_("contracts")),
        amount(_("bytes")),
        key(_("kept until")),
        _("state"),
    )
    rows = ((s.set_id, s.created[:10], s.connection, s.count, s.bytes, s.keep_until or "-", _state(s)) for s in sets)
    out.table(columns, rows, form=form)
