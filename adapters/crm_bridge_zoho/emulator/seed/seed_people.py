"""The people of the seeded org, their profiles and roles."""

from __future__ import annotations

from crm_bridge.sandbox.records import PEOPLE
from crm_bridge_zoho.emulator.state.org import BASE, Org, Profile, User

ADMINISTRATOR = str(BASE + 26_011)
STANDARD = str(BASE + 26_014)
ROLES = {str(BASE + 26_005): "CEO", str(BASE + 26_008): "Manager"}
ORG_ID = str(BASE + 20_005)
ZGID = "60001234567"
OTHER_ZGID = "60007654321"
"""The org that a moved sign-in opens."""

_MAIL = ("patricia.boyle", "wang.wei", "li.na", "jonas.weber", "zhang.min", "aisha.khan")


def user_id(index: int) -> str:
    """Return the id of the person at that place of the seed."""
    return str(BASE + 235_011 + index * 12)


def build_people(org: Org) -> None:
    """Fill in users and profiles; the current user is the first person, an administrator."""
    org.profiles = {ADMINISTRATOR: Profile(ADMINISTRATOR, "Administrator"), STANDARD: Profile(STANDARD, "Standard")}
    for name in PEOPLE:
        add_user(org, name)
    org.me = user_id(0)
    org.zgid = ZGID


def add_user(org: Org, name: str) -> str:
    """Add a person after those that are there and return the id; the first two are administrators."""
    index = len(org.users)
    first, last = name.split(" ", 1) if " " in name else (name[1:], name[0])
    admin, roles = index in (0, 1), list(ROLES)
    local = _MAIL[index] if index < len(_MAIL) else f"user.{index}"
    org.users[user_id(index)] = User(
        id=user_id(index),
        full_name=name,
        first_name=first,
        last_name=last,
        email=f"{local}@zylker.example",
        profile=ADMINISTRATOR if admin else STANDARD,
        role=roles[0] if admin else roles[1],
        zuid=str(4_739_131 + index),
    )
    return user_id(index)


def forbid_deletion(org: Org) -> None:
    """Take Delete and Mass Delete from the Standard profile in every module."""
    for module in org.modules.values():
        org.profiles[STANDARD].denied |= {module.right("Delete"), module.right("Mass_Delete")}
