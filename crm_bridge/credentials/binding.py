"""Whom access tokens open: the organisation and user that the first one opened, or no token is handed out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crm_bridge.credentials.secret import Secret
from crm_bridge.errors import TenantChangedError
from crm_bridge.i18n import _


@dataclass(frozen=True, slots=True)
class Identity:
    """The organisation and the user that a CRM itself names for a token, by their ids there."""

    org: str
    user: str


class Binding:
    """Tenant and user that an adapter began with. A token's source does not tell whom it opens: the CRM is asked."""

    def __init__(self, identify: Callable[[], Identity]) -> None:
        """`identify` asks the CRM with the newest token; not called before the first token is used."""
        self._identify = identify
        self._began_with: Identity | None = None
        self._bound: Secret | None = None
        self.asking = False

    def holds(self, token: Secret) -> bool:
        """Return whether the CRM has been asked about this token."""
        return self._bound == token

    def bind(self, newest: Callable[[], Secret | None]) -> None:
        """Ask the CRM who answers to the newest token, which asking may renew. Raises TenantChangedError."""
        self.asking = True
        try:
            found = self._identify()
        finally:
            self.asking = False
        self._began_with = self._began_with or found
        if found != self._began_with:
            raise TenantChangedError(
                _(
                    "the sign-in now opens organisation {org} as user {user}; it began with {first_org} as {first_user}"
                ).format(
                    org=found.org,
                    user=found.user,
                    first_org=self._began_with.org,
                    first_user=self._began_with.user,
                ),
                reason="tenant_changed",
            )
        self._bound = newest()
