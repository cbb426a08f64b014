"""Which contracts a command means: filter text, number, or a file of ids."""

from __future__ import annotations

import sys
from pathlib import Path

from crm_bridge.domain.filters import Filter
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _


def filters_of(expression: str | None, number: str | None) -> list[Filter | str]:
    """Return the filters that were given; none means everything."""
    from crm_bridge.domain.where import where

    filters: list[Filter | str] = [expression] if expression is not None else []
    if number is not None:
        filters.append(where.number == number)
    return filters


def one_filter(option: str | None, argument: str | None) -> str | None:
    """Return the filter that was given, as an option or as an argument. An empty one is a mistake, not everything."""
    if option is not None and argument is not None:
        raise UsageError(_("give the filter once: with --where, or after the connection"))
    return option if option is not None else argument


def ids_of(path: Path | None) -> list[str] | None:
    """Read ids, one a line; `-` is standard input; blank lines and `#` comments are skipped."""
    if path is None:
        return None
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or type(problem).__name__
        raise UsageError(_("{path} cannot be read: {why}").format(path=path, why=why)) from None
    ids = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not ids:
        raise UsageError(_("{path} holds no ids").format(path=path))
    if bad := [word for word in ids if not word.isalnum()]:
        raise UsageError(
            _("{path}: {word} is not an id").format(path=path, word=bad[0]), hint=_("write one id a line, nothing else")
        )
    return ids
