"""The systems that crm_bridge runs on: those with kernel locks, owners and modes of files, and durable folders."""

from __future__ import annotations

import sys

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _


def refuse_windows() -> None:
    """Raise UsageError on native Windows, before anything is read, written or sent.

    The journal and the backups rest on POSIX: `flock`, folders that `fsync`, owners and modes, files behind no link.
    """
    if sys.platform == "win32":
        raise UsageError(
            _("crm_bridge runs on Linux and macOS; on Windows, use it inside WSL (nothing was read or sent)"),
            reason="platform",
        )
