"""The terminal that a result is read on: how large it is, and a pager for what is longer."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import IO

_USUAL = os.terminal_size((80, 24))


def screen(stream: IO[str]) -> os.terminal_size:
    """Return the size of the terminal behind a stream; COLUMNS and LINES say otherwise, as everywhere."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except OSError:
        size = _USUAL
    columns, lines = (_number(name) for name in ("COLUMNS", "LINES"))
    return os.terminal_size((columns or size.columns or _USUAL.columns, lines or size.lines or _USUAL.lines))


def _number(name: str) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else 0


def page(lines: Iterable[str], stream: IO[str]) -> None:
    """Show lines in a pager on an interactive terminal; else print them."""
    named = os.environ.get("CRM_BRIDGE_PAGER", os.environ.get("PAGER", "less"))
    words = shlex.split(named)
    if not words or not sys.stdin.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        _print(lines, stream)
        return
    stream.flush()
    environment = {"LESS": "FRX", "LESSCHARSET": "utf-8", **os.environ}
    try:
        # The user's own choice of a program, from the environment, as in every tool with a pager.
        pager = subprocess.Popen(  # noqa: S603
            words, stdin=subprocess.PIPE, text=True, encoding="utf-8", env=environment
        )
    except OSError:
        _print(lines, stream)
        return
    with suppress(BrokenPipeError), pager:
        assert pager.stdin is not None
        _print(lines, pager.stdin)


def _print(lines: Iterable[str], stream: IO[str]) -> None:
    for line in lines:
        stream.write(line + "\n")
