"""The configuration file: named connections, closed schema, errors that name the line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from crm_bridge.domain.planning.policy import DeletionPolicy
from crm_bridge.errors import ConfigError
from crm_bridge.files import read_ours
from crm_bridge.i18n import N_, _
from crm_bridge.notify_file import NotifyTable
from crm_bridge.policy_file import ConnectionPolicyTable, PolicyTable, policy_of
from crm_bridge.transport.network import ENVIRONMENT, parse_proxy

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE_NAME = "config.toml"
HOME_VARIABLE = "CRM_BRIDGE_HOME"

ConnectionName = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]{0,63}$")]


class ConnectionTable(BaseModel):
    """One `[connections.NAME]` table: what the core needs; the rest belongs to the adapter's settings model."""

    model_config = ConfigDict(extra="allow")

    adapter: str
    secrets_env: dict[str, str] = Field(default_factory=dict)
    """Secret name -> environment variable that holds it."""
    credential_command: list[str] | None = None
    """Program and arguments that print the secrets as TOML or JSON; run without a shell."""
    settle_seconds: float | None = Field(default=None, ge=0)
    calls_in_flight: int | None = Field(default=None, ge=1, le=100)
    proxy: str | None = None
    """`http://HOST:PORT`, `https://HOST:PORT` or `environment`; never asked of the environment otherwise."""
    ca_file: str | None = None
    """PEM file of certificate authorities, relative to the state directory."""
    attachments: Literal["required", "best_effort"] = "required"
    """What of a contract a backup must hold: all of it, or what can be had, with the rest named."""
    ca_only: bool = False
    """Trust these authorities instead of the public ones."""
    tls_min: Literal["1.2", "1.3"] = "1.2"
    policy: ConnectionPolicyTable | None = None
    """What of the policy is different for this connection."""

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, value: str | None) -> str | None:
        if value is not None and value != ENVIRONMENT:
            parse_proxy(value)
        return value

    @field_validator("tls_min", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, float) else value  # 1.3 without quotes means the same

    @model_validator(mode="after")
    def _has_authorities(self) -> ConnectionTable:
        if self.ca_only and self.ca_file is None:
            raise ValueError(_("ca_only needs a ca_file"))
        return self


class ConfigFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")

    secrets_file: str | None = None
    secrets_dir: str | None = None
    pin_file: str | None = None
    """File for size and root of the journal, best on another volume than the state directory."""
    review_days: int = Field(default=30, ge=1)
    policy: PolicyTable = PolicyTable()
    notify: NotifyTable = NotifyTable()
    connections: dict[ConnectionName, ConnectionTable] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """One connection as configured; `settings` is what the adapter's own model will read."""

    name: str
    adapter: str
    settings: Mapping[str, Any]
    secrets_env: Mapping[str, str] = field(default_factory=dict)
    credential_command: tuple[str, ...] | None = None
    settle_seconds: float | None = None
    calls_in_flight: int | None = None
    proxy: str | None = None
    ca_file: Path | None = None
    ca_only: bool = False
    tls_min: str = "1.2"
    attachments: str = "required"
    policy: ConnectionPolicyTable | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of one state directory."""

    path: Path
    connections: Mapping[str, ConnectionConfig] = field(default_factory=dict)
    secrets_file: Path | None = None
    secrets_dir: Path | None = None
    pin_file: Path | None = None
    policy: PolicyTable = field(default_factory=PolicyTable)
    review_days: int = 30
    notify: NotifyTable = field(default_factory=NotifyTable)
    text: str = field(default="", repr=False)

    @property
    def max_attachment_mb(self) -> int:
        """Return the size up to which an attachment is saved, one for all connections of the vault."""
        return self.policy.max_attachment_mb or DeletionPolicy().max_attachment_mb

    def policy_of(self, connection: ConnectionConfig) -> DeletionPolicy:
        """Return the policy of a connection, its hold list read."""
        return policy_of(self.path.parent, self.policy, connection.policy)


def default_home() -> Path:
    """Return the state directory: CRM_BRIDGE_HOME, else the platform's place for state."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen)
    from platformdirs import user_state_path

    return user_state_path("crm_bridge", appauthor=False)


def load_config(home: Path) -> Config:
    """Read `config.toml`; a missing file is an empty configuration. Raises ConfigError naming file and line."""
    path = home / FILE_NAME
    try:
        text = read_ours(path).decode("utf-8")
    except FileNotFoundError:
        return Config(path)
    except UnicodeDecodeError as problem:
        raise ConfigError(_("{path} cannot be read: {why}").format(path=path, why=_why(problem))) from None
    try:
        parsed = ConfigFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(_("{path} is not TOML: {why}").format(path=path, why=problem)) from None
    except ValidationError as problem:
        raise schema_error(path, text, (), problem) from None
    connections = {name: _connection(home, name, table) for name, table in parsed.connections.items()}
    file = home / Path(parsed.secrets_file).expanduser() if parsed.secrets_file else None
    folder = home / Path(parsed.secrets_dir).expanduser() if parsed.secrets_dir else None
    pin = home / Path(parsed.pin_file).expanduser() if parsed.pin_file else None
    return Config(path, connections, file, folder, pin, parsed.policy, parsed.review_days, parsed.notify, text)


def _why(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or type(problem).__name__


def _connection(home: Path, name: str, table: ConnectionTable) -> ConnectionConfig:
    command = tuple(table.credential_command) if table.credential_command else None
    return ConnectionConfig(
        name,
        table.adapter,
        table.model_extra or {},
        table.secrets_env,
        command,
        table.settle_seconds,
        table.calls_in_flight,
        table.proxy,
        home / Path(table.ca_file).expanduser() if table.ca_file else None,
        table.ca_only,
        table.tls_min,
        table.attachments,
        table.policy,
    )


def schema_error(path: Path, text: str, table: tuple[str, ...], problem: ValidationError) -> ConfigError:
    """Turn the first finding of a settings model into an error that names file, line and key.

    The value itself is never shown: somebody may have put a secret there.
    """
    first = problem.errors(include_input=False, include_url=False)[0]
    keys = (*table, *(str(part) for part in first["loc"]))
    # A missing key has no line: the nearest table around it has.
    line = next((found for end in range(len(keys), 0, -1) if (found := _line_of(text, keys[:end]))), None)
    place = f"{path}:{line}" if line else str(path)
    if first["type"] == "extra_forbidden":
        message = _("{place}: unknown key {key}").format(place=place, key=".".join(keys))
    elif first["type"] == "missing":
        message = _("{place}: {key} is missing").format(place=place, key=".".join(keys))
    else:
        message = _("{place}: {key}: {why}").format(place=place, key=".".join(keys), why=_finding(first))
    return ConfigError(message, hint=_("see the page `configuration` in the reference"))


_FINDINGS = {
    "string_type": N_("this must be a text in quotes"),
    "string_pattern_mismatch": N_("this text has the wrong form"),
    "int_type": N_("this must be a whole number"),
    "int_from_float": N_("this must be a whole number"),
    "int_parsing": N_("this must be a whole number"),
    "float_parsing": N_("this must be a number"),
    "float_type": N_("this must be a number"),
    "bool_type": N_("this must be true or false"),
    "bool_parsing": N_("this must be true or false"),
    "literal_error": N_("this must be one of {expected}"),
    "enum": N_("this must be one of {expected}"),
    "greater_than": N_("this must be greater than {gt}"),
    "greater_than_equal": N_("this must be at least {ge}"),
    "less_than_equal": N_("this must be at most {le}"),
    "list_type": N_("this must be a list"),
    "tuple_type": N_("this must be a list"),
    "dict_type": N_("this must be a table"),
    "model_type": N_("this must be a table"),
}
"""What pydantic finds, in our words; the braces are its own."""


def _finding(error: ErrorDetails) -> str:
    if error["type"] == "value_error":  # raised by a settings model of ours, translated there
        return str(error.get("ctx", {}).get("error", ""))
    words = _FINDINGS.get(error["type"])
    context = {name: str(value).replace(" or ", ", ") for name, value in error.get("ctx", {}).items()}
    return _(words).format(**context) if words else error["msg"]


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """Find the line of a dotted key by reading table headers and `key =` lines, as a person would."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if match := re.match(r"\[([^\[\]]+)\]", stripped):
            table = tuple(part.strip().strip("\"'") for part in match.group(1).split("."))
            if keys and table == keys:
                return number
        elif match := re.match(r"([\w.\"'-]+)\s*=", stripped):
            key = tuple(part.strip("\"'") for part in match.group(1).split("."))
            if (*table, *key)[: len(keys)] == keys or (*table, *key) == keys[: len(table) + len(key)]:
                return number
    return None
