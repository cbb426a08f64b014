"""Changing `config.toml` without losing what people wrote in it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from crm_bridge.config import FILE_NAME
from crm_bridge.errors import UsageError
from crm_bridge.files import read_ours, write_private
from crm_bridge.i18n import _


def _text(home: Path) -> str:
    path = home / FILE_NAME
    return read_ours(path).decode("utf-8") if path.exists() else ""


def _header(name: str) -> str:
    return f"[connections.{name}]" if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'[connections."{name}"]'


def _toml_value(text: str) -> str:
    """Return TOML of what was typed: truth values, numbers, quoted texts, lists and tables as they are, else a text."""
    if re.match(r"""(true|false|-?(0|[1-9]\d*)(\.\d+)?)$|["'\[{]""", text) and _is_toml(text):
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_toml(text: str) -> bool:
    try:
        return list(tomllib.loads(f"x = {text}")) == ["x"]
    except tomllib.TOMLDecodeError:
        return False


def _span(text: str, name: str) -> tuple[int, int] | None:
    quoted = re.escape(name)
    found = re.search(rf'^\[connections\.(?:"{quoted}"|{quoted})[\].]', text, re.MULTILINE)
    if not found:
        return None
    others = rf'^\[(?!connections\.(?:"{quoted}"|{quoted})[\].])'
    following = re.search(others, text[found.end() :], re.MULTILINE)
    return found.start(), found.end() + following.start() if following else len(text)


@contextmanager
def added_connection(home: Path, name: str, adapter: str, settings: Mapping[str, str]) -> Iterator[Path]:
    """Append a connection table; comments and the rest of the file stay as they are.

    When the block ends with an error, because the new table is not a good one, the file is as it was.
    Raises UsageError.
    """
    with _written(home, _with_connection(_text(home), name, adapter, settings)) as path:
        yield path


@contextmanager
def edited_connection(
    home: Path, name: str, settings: Mapping[str, str], unset: Collection[str] = ()
) -> Iterator[Path]:
    """Set and take out keys of a connection's table, as `added_connection` writes one. Raises UsageError."""
    with _written(home, _with_edits(_text(home), name, settings, unset)) as path:
        yield path


@contextmanager
def _written(home: Path, text: str) -> Iterator[Path]:
    """Write the file for a block; what stood there comes back when the block ends with an error."""
    path = home / FILE_NAME
    before = read_ours(path) if path.exists() else None
    write_private(path, text.encode())
    try:
        yield path
    except BaseException:
        if before is None:
            path.unlink()
        else:
            write_private(path, before)
        raise


def _with_edits(text: str, name: str, settings: Mapping[str, str], unset: Collection[str]) -> str:
    span = _span(text, name)
    if span is None:
        raise UsageError(_("there is no connection {name}").format(name=name))
    _check_keys((*settings, *unset))
    before = tomllib.loads(text)["connections"][name]
    wanted = {**before, **{key: _parsed(value) for key, value in settings.items()}}
    for key in unset:
        if wanted.pop(key, None) is None:
            raise UsageError(_("the connection {name} does not set {key}").format(name=name, key=key))
    table = text[slice(*span)]
    for key in (*settings, *unset):
        line = f"{key} = {_toml_value(settings[key])}\n" if key in settings else ""
        quoted = line.replace("\\", "\\\\")
        table, found = re.subn(rf"^{re.escape(key)}[ \t]*=.*\n?", quoted, table, flags=re.MULTILINE)
        if not found:
            head, newline, rest = table.partition("\n")
            table = f"{head}{newline or chr(10)}{line}{rest}"
    after = text[: span[0]] + table + text[span[1] :]
    # A value over several lines, or a key that another table has too, is more than a line can change.
    try:
        edited = tomllib.loads(after)["connections"][name]
    except (tomllib.TOMLDecodeError, KeyError):
        edited = None
    if edited != wanted:
        raise UsageError(
            _("this cannot be changed without touching more of {file}").format(file=FILE_NAME),
            reason="edit_by_hand",
            hint=_("edit the table [connections.{name}] by hand").format(name=name),
        )
    return after


def _parsed(value: str) -> object:
    return tomllib.loads(f"x = {_toml_value(value)}")["x"]


def _check_keys(keys: Iterable[str]) -> None:
    if bad := [key for key in keys if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?", key)]:
        raise UsageError(_("{key} is not the name of a setting").format(key=bad[0]))


def _with_connection(text: str, name: str, adapter: str, settings: Mapping[str, str]) -> str:
    if _span(text, name):
        raise UsageError(_("there is a connection {name} already").format(name=name))
    if not re.fullmatch(r"\w[\w.-]{0,63}", name):
        raise UsageError(_("{name} is no name for a connection: letters, digits, . _ -").format(name=name))
    _check_keys(settings)
    lines = [_header(name), f"adapter = {json.dumps(adapter)}"]
    lines += [f"{key} = {_toml_value(value)}" for key, value in settings.items()]
    joined = f"{text.rstrip()}\n\n" if text.strip() else ""
    return joined + "\n".join(lines) + "\n"


def remove_connection(home: Path, name: str) -> Path:
    """Take a connection's table out of the file. Raises UsageError when it is not there."""
    text = _text(home)
    span = _span(text, name)
    if span is None:
        raise UsageError(_("there is no connection {name}").format(name=name))
    path = home / FILE_NAME
    write_private(path, (text[: span[0]].rstrip() + "\n\n" + text[span[1] :]).lstrip().encode())
    return path
