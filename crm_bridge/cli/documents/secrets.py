"""How secrets and keys are written: where they are, never what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.registry import document


@document("auth-status/1", "`auth status`")
@dataclass
class AuthStatusDocument:
    """Where each secret comes from."""

    secrets: list[dict[str, Any]]


@document("keys/1", "`keys init`, `keys show`")
@dataclass
class KeysDocument:
    """The program's own keys, without secrets."""

    keys: list[dict[str, Any]]


@document("login/1", "`login`")
@dataclass
class LoginDocument:
    """A sign-in that was kept."""

    name: str
    kept: dict[str, str]


@document("logout/1", "`logout`")
@dataclass
class LogoutDocument:
    """A sign-in that was forgotten."""

    name: str
