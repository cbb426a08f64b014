"""Diagnostics on standard error: one JSON object a line, fields from an allow-list, never content."""

from __future__ import annotations

import contextlib
import logging
import sys

from crm_bridge.redaction import clean


def log_to_stderr(*, verbose: bool, http: bool) -> None:
    """Show the package's own warnings; `verbose` adds steps and repeated calls, `http` one line per call as well.

    Called again, it replaces what it set up before.
    """
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(_without_secrets)
    ours = logging.getLogger("crm_bridge")
    ours.handlers = [one for one in ours.handlers if not isinstance(one, _Stderr)] + [handler]
    ours.setLevel(logging.INFO if verbose or http else logging.WARNING)
    calls = logging.getLogger("crm_bridge.http")
    calls.setLevel(logging.DEBUG if http else logging.WARNING)


def say_less() -> None:
    """Go back to warnings when a command has ended: the host of an embedded command did not ask for more."""
    for name in ("crm_bridge", "crm_bridge.http"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Stderr(logging.Handler):
    """Ours, to be told from a handler that the host program installed. Writes to what is standard error right then."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        # Without a standard error nobody can be told; a traceback about that would help nobody.
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()


def _without_secrets(record: logging.LogRecord) -> bool:
    """Take secrets out of the finished line, and leave tracebacks out: they may hold anything."""
    record.msg, record.args = clean(record.getMessage()), None
    record.exc_info = record.exc_text = record.stack_info = None
    return True
