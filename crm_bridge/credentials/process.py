"""Hardening of a process that holds secrets: no core dumps, private files."""

from __future__ import annotations

import os
import resource


def protect_process() -> None:
    """Switch core dumps off and make new files private (umask 077)."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
