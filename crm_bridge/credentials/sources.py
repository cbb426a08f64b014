"""Where secrets come from when it is not the keyring: named by the user, read once, never written back."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from crm_bridge.credentials.secret import Secret
from crm_bridge.errors import ConfigError, CredentialStoreError
from crm_bridge.files import check_folder_of_ours, read_private
from crm_bridge.i18n import _

LONGEST_SECRET = 64 * 1024
PATIENCE = 10.0


class SecretSource(Protocol):
    """Somewhere to look up one item of one connection."""

    name: str

    def get(self, connection: str, item: str) -> Secret | None:
        """Return the secret, or None if this source does not have it; CredentialStoreError if it cannot be asked."""
        ...


class _TomlSecrets:
    """Tables `[connections.NAME]` and `[keys]` of texts; every other key is an error."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._connections: dict[str, dict[str, Secret]] = {}
        self._keys: dict[str, Secret] = {}
        document = _toml(data, name)
        if unknown := sorted(set(document) - {"connections", "keys"}):
            raise ConfigError(_("{name}: unknown table {table}").format(name=name, table=unknown[0]))
        for connection, table in _table(document.get("connections", {}), name).items():
            self._connections[connection] = _secrets(table, name)
        self._keys = _secrets(document.get("keys", {}), name)

    def get(self, connection: str, item: str) -> Secret | None:
        """Return the item from `[connections.NAME]`."""
        return self._connections.get(connection, {}).get(item)

    def key(self, name: str) -> Secret | None:
        """Return a key of the program itself from `[keys]`."""
        return self._keys.get(name)


class SecretsFile(_TomlSecrets):
    """A TOML file of mode 0600 that belongs to us, in a folder that belongs to us; read once."""

    def __init__(self, path: Path) -> None:
        """Read it. CredentialStoreError if it is not private, ConfigError if it is not what it should be."""
        try:
            data = read_private(path, error=CredentialStoreError)
            check_folder_of_ours(path.absolute().parent, error=CredentialStoreError)
        except FileNotFoundError:
            data = None
        if data is None:
            raise CredentialStoreError(
                _("the secrets file {path} does not exist").format(path=path),
                hint=_("create it with mode 0600, with a table [connections.NAME]"),
            )
        super().__init__(f"file: {path.name}", data)


class SecretsFd(_TomlSecrets):
    """The same TOML from an inherited file descriptor, which is read to its end and closed."""

    def __init__(self, fd: int, *, timeout: float = PATIENCE) -> None:
        """Read it; gives up after `timeout` seconds without data or end."""
        super().__init__(f"descriptor: {fd}", _drain(fd, timeout))


class EnvironmentSecrets:
    """Environment variables that the configuration of one connection names, item by item."""

    def __init__(self, connection: str, variables: Mapping[str, str], *, environ: Mapping[str, str]) -> None:
        """`variables` maps item names to the names of variables."""
        self.name = _("environment of this process")
        self._connection = connection
        self._variables = dict(variables)
        self._environ = environ

    def get(self, connection: str, item: str) -> Secret | None:
        """Return the variable's value; CredentialStoreError if it is named but not set."""
        variable = self._variables.get(item) if connection == self._connection else None
        if variable is None:
            return None
        value = self._environ.get(variable, "")
        if not value:
            raise CredentialStoreError(
                _("the environment variable {variable} of {connection} is not set").format(
                    variable=variable, connection=connection
                )
            )
        return Secret(value)


class CommandSecrets:
    """A program that the configuration of one connection names; it prints the secrets as a JSON or TOML table."""

    def __init__(self, connection: str, command: Sequence[str], *, timeout: float = PATIENCE) -> None:
        """`command` is an argument list, run without a shell, once, for at most `timeout` seconds."""
        self.name = _("program {program}").format(program=Path(command[0]).name)
        self._connection = connection
        self._command = tuple(command)
        self._timeout = timeout
        self._found: dict[str, Secret] | None = None
        self._ran = False

    def get(self, connection: str, item: str) -> Secret | None:
        """Return the item from what the program printed; CredentialStoreError if it failed."""
        if connection != self._connection:
            return None
        if not self._ran:
            self._ran = True
            self._found = self._run()
        if self._found is None:
            raise CredentialStoreError(
                _("the credential command of {connection} failed").format(connection=self._connection),
                hint=_("run it by hand; it must print a table of secrets and end with status 0"),
            )
        return self._found.get(item)

    def _run(self) -> dict[str, Secret] | None:
        output = _output(self._command, self._timeout)
        return None if output is None else _secrets(_printed_table(output, self.name), self.name)


def _printed_table(output: str, name: str) -> object:
    if output.lstrip().startswith("{"):
        try:
            return json.loads(output)
        except ValueError:
            return None
    return _toml(output.encode("utf-8"), name)


def _output(arguments: Sequence[str], timeout: float) -> str | None:
    """Return what the program printed; None for any failure, whose text might hold the secret."""
    try:
        done = subprocess.run(  # noqa: S603 - an argument list from our own configuration, no shell
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
        text = done.stdout.decode("utf-8")
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return text if done.returncode == 0 and text and len(text) <= LONGEST_SECRET else None


def _drain(fd: int, timeout: float) -> bytes:
    data = bytearray()
    problem = ""
    try:
        os.fstat(fd)  # fails at once for a number nobody opened; not every kernel's select does
        while len(data) <= LONGEST_SECRET:
            if not select.select([fd], [], [], timeout)[0]:
                problem = _("nothing came through descriptor {fd}").format(fd=fd)
                break
            if not (piece := os.read(fd, 65536)):
                break
            data += piece
        os.close(fd)
    except (OSError, ValueError):
        problem = _("descriptor {fd} cannot be read").format(fd=fd)
    if problem or len(data) > LONGEST_SECRET:
        raise CredentialStoreError(
            problem or _("descriptor {fd} gave too much").format(fd=fd),
            hint=_("open it for reading in the calling program, e.g. `--secrets-fd 3 3<file`"),
        )
    return bytes(data)


def _toml(data: bytes, name: str) -> dict[str, object]:
    place = ""
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        place = _("it is not UTF-8")
    except tomllib.TOMLDecodeError as broken:
        # Only the position: the rest of the parser's message may quote the line.
        found = re.search(r"line (\d+)", str(broken))
        place = _("line {line} is not TOML").format(line=found[1]) if found else _("it is not TOML")
    raise ConfigError(f"{name}: {place}")


def _table(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ConfigError(_("{name}: a table is missing").format(name=name))
    return value


def _secrets(value: object, name: str) -> dict[str, Secret]:
    found: dict[str, Secret] = {}
    for item, text in _table(value, name).items():
        if not isinstance(text, str) or not text or len(text) > LONGEST_SECRET:
            raise ConfigError(_("{name}: {item} must be a text that is not empty").format(name=name, item=item))
        found[item] = Secret(text)
    return found
