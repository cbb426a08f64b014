"""Overwriting: a file that a person named is replaced where it is an older one of the same kind, else with `force`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

IsOfKind = Callable[[BinaryIO], bool]
"""Whether an open file is of the kind that is to be written."""


def check_replaceable(path: Path, is_of_kind: IsOfKind, *, force: bool) -> None:
    """Raise UsageError where no file may be written at `path`: no folder, a folder of that name, a file of a kind
    of its own. An empty file is nobody's.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(
            _("{path} is not the name of a file in a folder that exists").format(path=path),
            reason="no_such_folder",
            hint=_("make the folder first, or choose another name"),
        )
    if force or not path.exists():
        return
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0 or is_of_kind(file):
                return
    except (OSError, ValueError):
        pass
    raise UsageError(
        _("{path} is there already, and is no older file of this kind; it was left alone").format(path=path),
        reason="would_overwrite",
        hint=_("choose another name, or overwrite it with --force"),
    )
