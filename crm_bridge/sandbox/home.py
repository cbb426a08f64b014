"""A ready state directory for a running sandbox: configuration and secrets, marked as replaceable."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from crm_bridge.config import FILE_NAME
from crm_bridge.errors import ConfigError, UsageError
from crm_bridge.files import ensure_private_folder, write_private
from crm_bridge.i18n import _
from crm_bridge.spi.emulator import Emulator

SECRETS_NAME = "secrets.toml"
_POLICY = ("", "[policy.retention.sandbox]", 'releases = ["signed_copy", "envelope", "payment", "order", "invoice"]')
"""Made-up contracts with made-up orders and payments may go; a real home has no such rule."""
MARKER = "# made by `crm-bridge sandbox serve`; written anew each time it starts"


def connection_name(adapter: str) -> str:
    """Return what the sandbox's connection of an adapter is called."""
    return f"{adapter}-sandbox"


def check_home(home: Path) -> None:
    """Raise UsageError unless `home` is empty or missing, or a sandbox wrote it: it is going to be closed to others."""
    found = [name for name in (FILE_NAME, SECRETS_NAME) if os.path.lexists(home / name)]
    strange = [home / name for name in found if not _is_ours(home / name)]
    if not found and home.is_dir() and any(home.iterdir()):
        strange = [home]
    if strange:
        raise UsageError(
            _("{path} was not made by the sandbox and is left alone").format(path=strange[0]),
            reason="not_a_sandbox_home",
            hint=_("name an empty folder, or one that a sandbox wrote"),
        )


def _is_ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().rstrip("\r\n") == MARKER
    except (OSError, UnicodeDecodeError):
        return False


def write_home(home: Path, emulators: Mapping[str, Emulator], *, names: Mapping[str, str] | None = None) -> None:
    """Write `config.toml` and `secrets.toml` (both 0600, the folder 0700) for emulators by adapter name.

    `names` says what their connections are called, where that is not `connection_name`. Raises UsageError for a home
    that is somebody's own.
    """
    check_home(home)
    ensure_private_folder(home, error=ConfigError)
    named = {(names or {}).get(adapter, connection_name(adapter)): one for adapter, one in emulators.items()}
    settings = {name: emulator.connection()[0] for name, emulator in named.items()}
    secrets = {name: emulator.connection()[1] for name, emulator in named.items()}
    # Secrets first: a configuration that names them is then never without them.
    write_private(home / SECRETS_NAME, _toml((), secrets).encode())
    write_private(home / FILE_NAME, _toml((f'secrets_file = "{SECRETS_NAME}"', *_POLICY), settings).encode())


def _toml(top: tuple[str, ...], connections: Mapping[str, Mapping[str, str]]) -> str:
    lines = [MARKER, *top]
    for name, values in connections.items():
        lines += [
            "",
            f"[connections.{_key(name)}]",
            *(f"{_key(key)} = {_text(value)}" for key, value in values.items()),
        ]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    # A JSON string without surrogate pairs or DEL is a TOML basic string.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
