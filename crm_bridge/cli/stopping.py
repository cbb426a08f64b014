"""Ctrl-C and SIGTERM: the first asks to stop after the call in flight, the second stops at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from crm_bridge.i18n import _
from crm_bridge.pipeline.desk import StopFlag


def stop_on_signals() -> StopFlag:
    """Return a flag that the first SIGINT or SIGTERM sets; the next one has its usual effect."""
    flag = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        return flag

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        from crm_bridge.cli.output import Output

        flag.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        Output.note(_("stopping after the call in flight; once more stops at once"))

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    return flag
