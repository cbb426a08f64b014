"""Asking for secrets on the terminal, without echo."""

from __future__ import annotations

import sys

import click

from crm_bridge.errors import CredentialStoreError
from crm_bridge.i18n import _


def ask_without_echo(label: str) -> str:
    """Ask on the terminal. Raises CredentialStoreError where there is none: nothing is read from a pipe."""
    if not sys.stdin.isatty():
        raise CredentialStoreError(
            _("secrets are asked for on a terminal, and this is none"),
            reason="no_terminal",
            hint=_("use --secrets-file FILE (mode 0600) or --secrets-fd N"),
        )
    answer: str = click.prompt(label, hide_input=True, default="", show_default=False, err=True)
    return answer.strip()
