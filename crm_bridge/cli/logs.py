"""Diagnostics on standard error: one JSON object a line, fields from an allow-list, never content."""

from __future__ import annotations

import logging
import sys


def log_to_stderr(*, http: bool) -> None:
    """Show the package's own log records; `http` adds one line per call. Libraries below stay at WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    ours = logging.getLogger("crm_bridge")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    calls = logging.getLogger("crm_bridge.http")
    calls.setLevel(logging.DEBUG if http else logging.WARNING)
