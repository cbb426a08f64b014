"""Words on the command line that are not in the encoding of the session: refused by name, never guessed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

_LIKELY = "gb18030"
"""What terminals of Chinese Windows send; GBK is part of it."""


def refuse_undecodable(parameters: Iterable[click.Parameter], given: Mapping[str, Any]) -> None:
    """Raise UsageError for a text whose bytes the session's encoding does not know. Names of files are bytes, and stay.

    Python keeps such bytes as half characters. They would fit no contract, and fail in the middle of a run.
    """
    for parameter in parameters:
        if isinstance(parameter.type, click.Path):
            continue
        value = given.get(parameter.name or "")
        for word in value if isinstance(value, tuple) else (value,):
            if isinstance(word, str) and not _is_text(word):
                raise _refused(parameter, word)


def _is_text(word: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in word)


def _refused(parameter: click.Parameter, word: str) -> UsageError:
    name = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.make_metavar(click.Context(_NOTHING))
    hint = _("have the terminal send {encoding}, or start with the locale that it uses").format(
        encoding=sys.getfilesystemencoding()
    )
    try:
        meant = word.encode(sys.getfilesystemencoding(), "surrogateescape").decode(_LIKELY)
    except UnicodeError:
        meant = ""
    if meant:
        hint = _(
            "read as GBK it is “{text}”: have the terminal send {encoding}, or start with LC_ALL=zh_CN.GBK where that"
            " locale is installed"
        ).format(text=meant, encoding=sys.getfilesystemencoding())
    return UsageError(
        _("{name} is not in the encoding of this session ({encoding}); nothing was sent").format(
            name=name, encoding=sys.getfilesystemencoding()
        ),
        reason="encoding",
        hint=hint,
    )


_NOTHING = click.Command("crm-bridge")
