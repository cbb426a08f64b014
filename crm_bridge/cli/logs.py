"""Diagnostics on standard error: one JSON object a line, fields from an allow-list, never content."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from crm_bridge.redaction import clean


def log_to_stderr(*, verbose: bool, http: bool) -> None:
    """Show the package's own warnings; `verbose` adds steps and repeated calls, `http` one line per call as well.

    Called again, it replaces what it set up before.
    """
    handler = _Stderr(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(_without_secrets)
    ours = logging.getLogger("crm_bridge")
    ours.handlers = [one for one in ours.handlers if not isinstance(one, _Stderr)] + [handler]
    ours.setLevel(logging.INFO if verbose or http else logging.WARNING)
    calls = logging.getLogger("crm_bridge.http")
    calls.setLevel(logging.DEBUG if http else logging.WARNING)


class _Stderr(logging.StreamHandler[TextIO]):
    """Ours, to be told from a handler that the host program installed."""


def _without_secrets(record: logging.LogRecord) -> bool:
    """Take secrets out of the finished line, and leave tracebacks out: they may hold anything."""
    record.msg, record.args = clean(record.getMessage()), None
    record.exc_info = record.exc_text = record.stack_info = None
    return True
