"""Users, org, profiles and roles."""

from __future__ import annotations

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import EMPTY, ApiError, Json, invalid_id, ok
from crm_bridge_zoho.emulator.call import Call, is_id
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.seed.seed_people import ADMINISTRATOR, ORG_ID, ROLES
from crm_bridge_zoho.emulator.state.org import BIN_RIGHT, Org, Profile, User
from crm_bridge_zoho.emulator.state.rendering import author

_EVERYBODY = frozenset({
    "AllUsers", "ActiveUsers", "ConfirmedUsers", "ActiveConfirmedUsers",
})  # fmt: skip
_ADMINS = frozenset({"AdminUsers", "ActiveConfirmedAdmins"})
_NOBODY = frozenset({"DeactiveUsers", "NotConfirmedUsers", "DeletedUsers"})
_FOUNDED = 1_635_753_600


def list_users(call: Call) -> WireResponse:
    """GET /users?type=."""
    kind = call.params.get("type") or "AllUsers"
    users = list(call.org.users.values())
    if kind == "CurrentUser":
        users = [call.org.users[call.me]]
    elif kind in _ADMINS:
        users = [user for user in users if user.profile == ADMINISTRATOR]
    elif kind in _NOBODY:
        users = []
    elif kind not in _EVERYBODY:
        raise ApiError("INVALID_DATA", "invalid data", {"param_name": "type"})
    info = {"per_page": 200, "count": len(users), "page": 1, "more_records": False}
    return ok({"users": [user_json(call.org, user) for user in users], "info": info}) if users else EMPTY


def get_user(call: Call) -> WireResponse:
    """GET /users/{id}."""
    if not is_id(call.path["id"]):
        raise invalid_id()
    user = call.org.users.get(call.path["id"])
    return ok({"users": [user_json(call.org, user)]}) if user else EMPTY


def get_org(call: Call) -> WireResponse:
    """GET /org."""
    switches = call.switches
    me = call.org.users[call.me]
    paid = switches.edition != "free"
    organisation = {
        "id": ORG_ID, "zgid": call.org.zgid, "company_name": "Zylker", "domain_name": f"org{call.org.zgid}",
        "type": switches.org_type,
        "country": "Germany", "country_code": "DE", "iso_code": "EUR", "currency": "Euro - EUR", "currency_symbol": "€",
        "currency_locale": "de_DE", "time_zone": "Europe/Berlin", "mc_status": False, "gapps_enabled": False,
        "ziaportal_enabled": False, "privacy_settings": True, "primary_email": me.email, "primary_zuid": me.zuid,
        "hipaa_compliance_enabled": False, "lite_users_enabled": False, "max_per_page": None,
        "license_details": {
            "paid": paid, "paid_type": switches.edition, "paid_expiry": call.org.stamp(1_798_758_000),
            "trial_type": None, "trial_expiry": None, "trial_action": None, "users_license_purchased": 25,
            "portal_users_license_purchased": 0,
        },
        "translation_enabled": False, "oauth_presence": True, "photo_id": None, "description": None, "phone": None,
        "fax": None, "mobile": None, "street": None, "city": None, "state": None, "zip": None, "website": None,
        "employee_count": "25", "alias": None,
    }  # fmt: skip
    return ok({"org": [organisation]})


def list_profiles(call: Call) -> WireResponse:
    """GET /settings/profiles: without permissions."""
    profiles = [_profile_json(call.org, profile) for profile in call.org.profiles.values()]
    return ok({"profiles": profiles})


def get_profile(call: Call) -> WireResponse:
    """GET /settings/profiles/{id}: with permissions by module."""
    profile = call.org.profiles.get(call.path["id"])
    if profile is None:
        raise invalid_id(2)
    permissions, categories = [], []
    for module in call.org.modules.values():
        if module.generated_type not in {"default", "custom"}:
            continue
        first = int(module.id) + 7_000_000_000
        rights = [
            {
                "id": str(first + n * 100_000), "name": module.right(right), "display_label": right.replace("_", " "),
                "module": module.api_name, "enabled": module.right(right) not in profile.denied, "customizable": True,
                "parent_permissions": None if right == "View" else [str(first)],
            }
            for n, right in enumerate(("View", "Create", "Edit", "Delete", "Mass_Delete"))
        ]  # fmt: skip
        permissions += rights
        ids = [right["id"] for right in rights]
        categories.append(
            {
                "name": module.api_name,
                "display_label": module.plural,
                "module": module.api_name,
                "permissions_details": ids,
            }
        )
    permissions.append(
        {
            "id": str(int(profile.id) + 8_000_000_000), "name": BIN_RIGHT, "display_label": "Recycle Bin",
            "module": None, "enabled": BIN_RIGHT not in profile.denied, "customizable": True,
            "parent_permissions": None,
        }
    )  # fmt: skip
    sections = [{"name": "ModulePermissions", "categories": categories}]
    extra = {"permissions_details": permissions, "sections": sections}
    return ok({"profiles": [_profile_json(call.org, profile) | extra]})


def list_roles(call: Call) -> WireResponse:
    """GET /settings/roles and /settings/roles/{id}."""
    top = next(iter(ROLES))
    roles = [
        {
            "id": role, "name": name, "display_label": name, "share_with_peers": True, "description": None,
            "admin_user": role == top, "reporting_to": None if role == top else {"name": ROLES[top], "id": top},
            "forecast_manager": None, "created_by__s": None, "modified_by__s": None, "created_time__s": None,
            "modified_time__s": None,
        }
        for role, name in ROLES.items()
        if call.path.get("id", role) == role
    ]  # fmt: skip
    return ok({"roles": roles}) if roles else EMPTY


def user_json(org: Org, user: User) -> Json:
    """Return a user as `/users` shows one."""
    created = org.stamp(_FOUNDED)
    return {
        "id": user.id, "email": user.email, "full_name": user.full_name, "first_name": user.first_name,
        "last_name": user.last_name, "zuid": user.zuid, "confirm": True,
        "status": "disabled" if user.id in org.inactive else "active",
        "profile": {"name": org.profiles[user.profile].name, "id": user.profile},
        "role": {"name": ROLES[user.role], "id": user.role}, "time_zone": "Europe/Berlin", "locale": "en_GB",
        "language": "en_GB", "country_locale": "de_DE", "time_format": "HH:mm", "date_format": "dd.MM.yyyy",
        "type__s": "Regular User", "category": "regular_user", "microsoft": False, "Isonline": user.id == org.me,
        "created_time": created, "Modified_Time": created, "created_by": author(org, org.me),
        "Modified_By": author(org, org.me),
    }  # fmt: skip


def _profile_json(org: Org, profile: Profile) -> Json:
    return {
        "id": profile.id, "name": profile.name, "display_label": profile.name, "type": "normal_profile",
        "default": profile.id == ADMINISTRATOR, "custom": False, "category": False, "created_by": None,
        "created_time": None, "modified_by": author(org, org.me), "modified_time": org.stamp(_FOUNDED),
        "description": None,
    }  # fmt: skip


ROUTES = (
    Route("GET", "/crm/{v}/users", list_users, ("ZohoCRM.users.READ",)),
    Route("GET", "/crm/{v}/users/{id}", get_user, ("ZohoCRM.users.READ",)),
    Route("GET", "/crm/{v}/org", get_org, ("ZohoCRM.org.READ",)),
    Route("GET", "/crm/{v}/settings/profiles", list_profiles, ("ZohoCRM.settings.profiles.READ",)),
    Route("GET", "/crm/{v}/settings/profiles/{id}", get_profile, ("ZohoCRM.settings.profiles.READ",)),
    Route("GET", "/crm/{v}/settings/roles", list_roles, ("ZohoCRM.settings.roles.READ",)),
    Route("GET", "/crm/{v}/settings/roles/{id}", list_roles, ("ZohoCRM.settings.roles.READ",)),
)
