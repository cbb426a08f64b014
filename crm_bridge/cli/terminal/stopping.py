"""Ctrl-C and SIGTERM: the first asks to stop after the call in flight, the second stops at once."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

from crm_bridge.i18n import _
from crm_bridge.pipeline.stopping import StopFlag


def stop_on_signals() -> StopFlag:
    """Return a flag that the first SIGINT or SIGTERM sets; the next one has its usual effect."""
    flag = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        return flag

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        flag.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        # Written past a progress bar that may be drawing: waiting for it inside a signal handler could wait for ever.
        sys.stderr.write("\n" + _("stopping after the call in flight; once more stops at once") + "\n")

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    return flag


def restore_default_signals() -> None:
    """Give SIGINT and SIGTERM their usual effect again: for commands that may wait long and change no contract."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
