"""Which contracts a command means: filter text, words, a number, or a file of ids. Every one given narrows further."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crm_bridge.cli.output import Output
from crm_bridge.errors import UsageError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import N_, _

if TYPE_CHECKING:
    from crm_bridge.domain.filters import Filter

F = TypeVar("F", bound=Callable[..., Any])
WHERE_HELP = N_("Filter, e.g. 'status = \"Expired\" and end < 2020-01-01'; several must all be true.")
_DECLARATIONS = (
    click.option("--where", "where_", multiple=True, help=WHERE_HELP),
    click.option("--search", "words", default=None, help="Words, through the CRM's search index (may lag)."),
    click.option("--number", default=None, help="Contract number."),
    click.option("--ids-from", type=click.Path(path_type=Path), default=None, help="File with one id a line, or -."),
)


def selection_options(command: F) -> F:
    """Let a command take the options that say which contracts are meant."""
    for declaration in reversed(_DECLARATIONS):
        command = declaration(command)
    return command


def filters_of(expressions: Iterable[str], number: str | None) -> list[Filter | str]:
    """Return the filters that were given, all of which must be true; none means everything."""
    from crm_bridge.domain.where import where

    filters: list[Filter | str] = list(expressions)
    if number is not None:
        filters.append(where.number == number)
    return filters


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
    return ids


def say_missing(missing: Iterable[str]) -> ExitCode:
    """Name the ids that were asked for and not found; return the exit code that they deserve."""
    names = ", ".join(missing)
    if not names:
        return ExitCode.OK
    Output.note(_("not found: {ids}").format(ids=names))
    return ExitCode.HELD
