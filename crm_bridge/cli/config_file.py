"""Changing `config.toml` without losing what people wrote in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from crm_bridge.config import FILE_NAME
from crm_bridge.errors import UsageError
from crm_bridge.files import write_private
from crm_bridge.i18n import _


def _text(home: Path) -> str:
    path = home / FILE_NAME
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _header(name: str) -> str:
    return f"[connections.{name}]" if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'[connections."{name}"]'


def _toml_value(text: str) -> str:
    if text in ("true", "false") or re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _span(text: str, name: str) -> tuple[int, int] | None:
    quoted = re.escape(name)
    found = re.search(rf'^\[connections\.(?:"{quoted}"|{quoted})[\].]', text, re.MULTILINE)
    if not found:
        return None
    others = rf'^\[(?!connections\.(?:"{quoted}"|{quoted})[\].])'
    following = re.search(others, text[found.end() :], re.MULTILINE)
    return found.start(), found.end() + following.start() if following else len(text)


def add_connection(home: Path, name: str, adapter: str, settings: Mapping[str, str]) -> Path:
    """Append a connection table; comments and the rest of the file stay as they are. Raises UsageError."""
    text = _text(home)
    if _span(text, name):
        raise UsageError(_("there is a connection {name} already").format(name=name))
    if not re.fullmatch(r"\w[\w.-]{0,63}", name):
        raise UsageError(_("{name} is no name for a connection: letters, digits, . _ -").format(name=name))
    lines = [_header(name), f"adapter = {_toml_value(adapter)}"]
    lines += [f"{key} = {_toml_value(value)}" for key, value in settings.items()]
    joined = f"{text.rstrip()}\n\n" if text.strip() else ""
    path = home / FILE_NAME
    write_private(path, (joined + "\n".join(lines) + "\n").encode())
    return path


def remove_connection(home: Path, name: str) -> Path:
    """Take a connection's table out of the file. Raises UsageError when it is not there."""
    text = _text(home)
    span = _span(text, name)
    if span is None:
        raise UsageError(_("there is no connection {name}").format(name=name))
    path = home / FILE_NAME
    write_private(path, (text[: span[0]].rstrip() + "\n\n" + text[span[1] :]).lstrip().encode())
    return path
