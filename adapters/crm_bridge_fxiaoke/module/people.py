"""The acting user: in whose name the calls are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_bridge.errors import SignInError
from crm_bridge.i18n import _
from crm_bridge.spi.spec import SecretReader
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.error_table import clean
from crm_bridge_fxiaoke.mapping import text

BY_MOBILE_PATH = "/cgi/user/getByMobile"
BY_ID_PATH = "/cgi/user/get"
OPEN_ID = "FSUID_"
SYSTEM_USER = "-10000"


@dataclass(frozen=True, slots=True)
class Person:
    """An employee: the id of the style in use, and the name where it was told."""

    id: str
    name: str


def last_editor(values: Mapping[str, object], user: str) -> str | None:
    """Return who changed a record last; None where it was a workflow, or the id cannot be compared with `user`'s."""
    value = values.get("last_modified_by")
    found = text(value[0]) if isinstance(value, list) and value else text(value)
    # Open user ids and employee ids name the same people; comparing one with the other would accuse somebody else.
    comparable = found not in (None, SYSTEM_USER) and str(found).startswith(OPEN_ID) is user.startswith(OPEN_ID)
    return found if comparable else None


def acting_user(client: Client, secrets: SecretReader) -> Person:
    """Return the acting user; SignInError when the configured one does not exist or has left."""
    configured = secrets.get("operator_id")
    if client.settings.auth == "app_secret":
        # Only the older style can look a person up by mobile; the newer one needs the employee id itself.
        return Person(configured or secrets.need("operator_id"), "")
    mobile = secrets.get("operator_mobile")
    # An employee id (1000) serves the newer style; the older one knows open user ids and mobile numbers.
    if configured and (configured.startswith(OPEN_ID) or not mobile):
        return _checked(_by_id(client, configured), configured)
    return _by_mobile(client, mobile or secrets.need("operator_mobile"))


def _by_id(client: Client, user_id: str) -> Mapping[str, object]:
    return client.read(BY_ID_PATH, None, openUserId=user_id, showDepartmentIdsDetail=False).body


def _checked(told: Mapping[str, object], user_id: str) -> Person:
    if told.get("isStop") is True:
        raise _unknown(_("the acting user has been deactivated"))
    return Person(user_id, clean(told.get("name")) or clean(told.get("nickName")))


def _by_mobile(client: Client, mobile: str) -> Person:
    listed = client.read(BY_MOBILE_PATH, None, mobile=mobile).body.get("empList")
    people = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    active = [one for one in people if one.get("isActive") is not False and text(one.get("openUserId"))]
    if len(active) != 1:
        raise _unknown(
            _("no active employee has this mobile number")
            if not active
            else _("several employees have this mobile number")
        )
    return Person(text(active[0]["openUserId"]) or "", clean(active[0].get("name")) or clean(active[0].get("fullName")))


def _unknown(message: str) -> SignInError:
    return SignInError(
        message,
        reason="user",
        hint=_("set operator_id or operator_mobile of this connection to an active CRM administrator"),
        vendor="fxiaoke",
    )
