"""Who confirms: the user of the operating system."""

from __future__ import annotations

import os


def os_user() -> str:
    """Return the name of the operating system user, for confirmations."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid-{os.getuid()}"
