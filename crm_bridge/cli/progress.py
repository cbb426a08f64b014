"""Progress: bars on a terminal, lines of JSON where more was asked for, else nothing."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from crm_bridge.cli.output import before_printing
from crm_bridge.i18n import N_, _

_STAGES = {
    "find": N_("finding"),
    "backup": N_("backing up"),
    "delete": N_("deleting"),
    "verify": N_("verifying"),
    "restore": N_("restoring"),
}


LOGGER = logging.getLogger("crm_bridge.journey")


def progress_for(*, quiet: bool, verbose: bool = False) -> Callable[[str, int, int | None], None]:
    """Return a progress callback: bars on standard error when that is a terminal, lines for `--verbose`, or nothing."""
    if verbose:
        return _log_progress
    if quiet or not sys.stderr.isatty():
        return lambda _stage, _done, _total: None
    return _Bars().update


def _log_progress(stage: str, done: int, total: int | None) -> None:
    LOGGER.info("%s", json.dumps({"stage": stage, "done": done, **({} if total is None else {"total": total})}))


class _Bars:
    """One bar per stage, drawn by rich; made at the first update so that quick commands never import it.

    Whoever prints takes the bars away first; the next update draws them again.
    """

    def __init__(self) -> None:
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def update(self, stage: str, done: int, total: int | None) -> None:
        if self._bars is None:
            self._bars = self._start()
            before_printing(self.clear)
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(_(_STAGES.get(stage, stage)), total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def clear(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars, self._tasks = None, {}

    @staticmethod
    def _start() -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            # What is printed while bars are drawn goes where it was sent; rich would take it to the terminal.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bars.start()
        return bars
