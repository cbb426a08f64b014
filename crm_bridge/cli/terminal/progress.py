"""Progress: bars on a terminal, lines of JSON where more was asked for, else nothing."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import IO, Any

from crm_bridge.cli.terminal.output import before_printing
from crm_bridge.i18n import N_, _

_STAGES = {
    "sign in": N_("asking the CRM"),
    "plan": N_("checking the plan"),
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
    return Bars().update


def _log_progress(stage: str, done: int, total: int | None) -> None:
    LOGGER.info("%s", json.dumps({"stage": stage, "done": done, **({} if total is None else {"total": total})}))


class Bars:
    """One bar per stage, drawn by rich; made at the first update so that quick commands never import it.

    Whoever prints takes the bars away first; the next update draws them again.
    """

    def __init__(self, out: IO[str] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Draw on `out`, standard error if it is not given; `clock` counts seconds."""
        self._out = out
        self._clock = clock
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage. One that has no total is over when the next stage begins."""
        if self._bars is None:
            self._bars = self._start()
            before_printing(self.clear)
        if stage not in self._tasks:
            self._end_endless()
            self._tasks[stage] = self._bars.add_task(_(_STAGES.get(stage, stage)), total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def _end_endless(self) -> None:
        for stage, task in [*self._tasks.items()]:
            if self._bars.tasks[self._bars.task_ids.index(task)].total is None:
                self._bars.remove_task(task)
                del self._tasks[stage]

    def clear(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars, self._tasks = None, {}

    def _start(self) -> Any:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn(_("left:")),
            TimeRemainingColumn(),
            console=Console(file=self._out, stderr=self._out is None),
            transient=True,
            get_time=self._clock,
            # What is printed while bars are drawn goes where it was sent; rich would take it to the terminal.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bars.start()
        return bars
