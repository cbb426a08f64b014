"""Crash messages: the kind and the place of an internal error, never its values."""

from __future__ import annotations

import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

from crm_bridge.cli.terminal.output import report_error
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _

_SHOWN = 4


def install_crash_hooks() -> None:
    """Install hooks for uncaught errors (threads, finalizers, exit): each ends in one line of the same kind.

    Python's own hooks print the message of the exception, and the lines of the program around it.
    """
    sys.excepthook = _uncaught
    threading.excepthook = lambda given: _uncaught(given.exc_type, given.exc_value, given.exc_traceback)
    sys.unraisablehook = lambda given: _uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, SystemExit):
        return
    if issubclass(kind, KeyboardInterrupt):
        report_error(CrmBridgeError(_("stopped")), as_json=False)
        return
    report_error(crash_report((error or kind()).with_traceback(trace)), as_json=False)


def crash_report(error: BaseException) -> CrmBridgeError:
    """Return an error that names the type and the innermost places. Its message may hold anything, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)[-_SHOWN:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return CrmBridgeError(
        _("internal error: {kind} at {places}").format(kind=type(error).__name__, places=places),
        reason="internal",
        hint=_("this is a defect: please report it with this line; `crm-bridge resume` takes up an unfinished run"),
    )
