"""The subject of a restore: one contract, a run, the run of a receipt, or the last one. Nothing doubtful is chosen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crm_bridge.cli.confirming import typed_line
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import ConfirmationError, UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge
    from crm_bridge.pipeline.runs import RunInfo


def meant(bridge: Bridge, first: str | None, second: str | None, *, last: bool) -> tuple[RunInfo, list[str] | None]:
    """Return a run and the contracts of it that are meant, None for all. Raises UsageError, ConfirmationError."""
    if first is None and not last:
        raise UsageError(
            _("say what to bring back: a contract, a run, a receipt file or --last"),
            hint=_("list the runs with `crm-bridge status --runs`"),
        )
    if second is not None and last:
        raise UsageError(_("choose one of: a contract, a run, a receipt file, --last"))
    if last:
        return (_last_of(bridge, first) if first else _last(bridge)), None
    if second is None:
        return _one(bridge, str(first))
    connection = bridge.resolved(str(first)).config.name
    return _contract(bridge, second, connection)


def _one(bridge: Bridge, what: str) -> tuple[RunInfo, list[str] | None]:
    """Return what a single word means: a file, a connection, a run or a contract; two of them are asked about."""
    from crm_bridge.bridge.receipt_file import run_of

    if Path(what).is_file():
        return bridge.run(run_of(Path(what))), None
    if any(what == one.config.name for one in bridge.connections()):
        raise UsageError(
            _("say which contract of {name}, or --last for its last run").format(name=what),
            reason="no_selection",
        )
    runs = [run for run in bridge.runs() if run.id.startswith(what.upper())]
    if not runs:
        return _contract(bridge, what, None)
    if bridge.removed(what):
        raise UsageError(
            _("{word} is the beginning of a run and names a contract").format(word=what),
            reason="ambiguous_run",
            hint=_("write the connection before a contract, or the whole id of the run"),
        )
    return bridge.run(what), None


def _contract(bridge: Bridge, wanted: str, connection: str | None) -> tuple[RunInfo, list[str]]:
    run_id, record_id = bridge.find_removed(wanted, connection=connection)
    return bridge.run(run_id), [record_id]


def _last_of(bridge: Bridge, connection: str) -> RunInfo:
    name = bridge.resolved(connection).config.name
    found = [run for run in bridge.runs() if run.ref.connection == name]
    if not found:
        raise UsageError(_("there is no run of {name} yet").format(name=name), reason="unknown_run")
    return found[-1]


def _last(bridge: Bridge) -> RunInfo:
    """Return the last run; where several connections have runs, the one of the connection that is named."""
    newest = {run.ref.connection: run for run in bridge.runs()}
    if len(newest) < 2:
        return bridge.run()
    columns = (_("connection"), _("run"), _("started"), _("contracts"))
    rows = [(name, run.id, run.started, run.count) for name, run in newest.items()]
    Output.table(columns, rows, out=sys.stderr)
    return newest[_asked(list(newest))]


def _asked(names: Sequence[str]) -> str:
    if not is_terminal():
        raise UsageError(
            _("runs of {count} connections; say whose last run").format(count=len(names)),
            reason="ambiguous_run",
            hint=_("name the connection or the run: `crm-bridge restore CONNECTION --last`"),
        )
    Output.note(_("Whose last run shall come back? Type the connection, anything else to stop:"))
    answer = typed_line().strip()
    if answer not in names:
        raise ConfirmationError(_("nothing was chosen; nothing was sent"), reason="not_confirmed")
    return answer


def is_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
