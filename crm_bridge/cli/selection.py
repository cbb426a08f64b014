"""Which contracts a command means: filter text, words, a number, a file of ids or numbers. Each narrows further."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from crm_bridge.cli.terminal.completion import complete_filter
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import UsageError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import N_, _

if TYPE_CHECKING:
    from crm_bridge.domain.filters.tree import Filter

_PATH = click.Path(path_type=Path)
F = TypeVar("F", bound=Callable[..., Any])
WHERE_HELP = N_("Filter, e.g. 'status = \"Expired\" and end < 2020-01-01'; several must all be true.")
_DECLARATIONS = (
    click.option("--where", "where_", multiple=True, shell_complete=complete_filter, help=WHERE_HELP),
    click.option("--search", "words", default=None, help="Words, through the CRM's search index (may lag)."),
    click.option("--number", default=None, help="Contract number."),
    click.option("--ids-from", type=_PATH, default=None, help="File of ids: one a line, or a CSV; or -."),
    click.option("--numbers-from", type=_PATH, default=None, help="File of contract numbers, likewise."),
    click.option("--column", default=None, help="Column of that file that holds them."),
    click.option("--encoding", default=None, help="Encoding of that file, where its bytes do not tell."),
)


def selection_options(command: F) -> F:
    """Let a command take the options that say which contracts are meant."""
    for declaration in reversed(_DECLARATIONS):
        command = declaration(command)
    return command


def filters_of(expressions: Iterable[str], number: str | None) -> list[Filter | str]:
    """Return the filters that were given, all of which must be true; none means everything."""
    from crm_bridge.domain.filters.where import where

    filters: list[Filter | str] = list(expressions)
    if number is not None:
        filters.append(where.number == number)
    return filters


class Lists(TypedDict):
    """Ids and numbers, as arguments of `find` and `plan`."""

    ids: list[str] | None
    numbers: list[str] | None


def lists_of(chosen: Mapping[str, Any]) -> Lists:
    """Return the ids and the numbers that the named files hold."""
    ids, numbers = chosen["ids_from"], chosen["numbers_from"]
    column, encoding = chosen["column"], chosen["encoding"]
    if (column or encoding) and (ids is None) == (numbers is None):
        raise UsageError(_("--column and --encoding belong to one file: --ids-from or --numbers-from"))
    if ids is None and numbers is None:
        return {"ids": None, "numbers": None}
    from crm_bridge.spreadsheets.lists import read_ids, read_numbers

    return {
        "ids": None if ids is None else read_ids(ids, column=column, encoding=encoding),
        "numbers": None if numbers is None else read_numbers(numbers, column=column, encoding=encoding),
    }


def say_missing(missing: Iterable[str]) -> ExitCode:
    """Name the ids and numbers that were asked for and not found; return the exit code that they deserve."""
    names = ", ".join(missing)
    if not names:
        return ExitCode.OK
    Output.note(_("not found: {ids}").format(ids=names))
    return ExitCode.HELD
