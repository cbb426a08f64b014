"""Everything that is known about the contract module of one connection, read once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from crm_bridge.domain.capabilities import Support
from crm_bridge.domain.records.content import Content
from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.i18n import _
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.discovery import choose_module, map_fields
from crm_bridge_zoho.filters import CoqlFilters
from crm_bridge_zoho.mapping import RowReader
from crm_bridge_zoho.module import metadata
from crm_bridge_zoho.module.account import PATHLESS, Org, Rights, User, read_rights
from crm_bridge_zoho.module.columns import Columns, choose_columns
from crm_bridge_zoho.module.content import content_of
from crm_bridge_zoho.module.metadata import RelatedList, ZohoField, ZohoModule
from crm_bridge_zoho.reading.parallel import together
from crm_bridge_zoho.settings import ZohoSettings
from crm_bridge_zoho.signing_in.scopes import Need, lacking

NOTES, ATTACHMENTS = "Notes", "Attachments"


@dataclass(frozen=True, slots=True)
class ContractModule:
    """The module with its fields, lists and columns, and the readers made for it."""

    user: User
    org: Org
    rights: Rights
    module: ZohoModule
    fields: dict[str, ZohoField]
    related: tuple[RelatedList, ...]
    meanings: dict[str, str]
    columns: Columns
    content: Content
    reader: RowReader
    filters: CoqlFilters
    lacking: tuple[Need, ...]
    """Jobs for which the sign-in has no scope."""
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the API name of the contract module."""
        return self.module.api_name


def open_contract_module(
    client: ZohoClient, settings: ZohoSettings, user: User, org: Org, *, noise: Collection[str] = ()
) -> ContractModule:
    """Read module, then fields, related lists and profile side by side: four calls."""
    module = _module(client, settings)
    warnings: list[str] = []
    listed, related, rights = together(
        lambda: metadata.read_fields(client, module.api_name),
        lambda: _related(client, module, warnings),
        lambda: read_rights(client, user, module),
    )
    fields = {field.api_name: field for field in listed}
    if not fields:
        raise UsageError(
            _("Zoho shows no fields of the module {name}").format(name=module.api_name),
            reason="module",
            hint=_("check `module` of the connection, and that your profile may see it"),
        )
    meanings = map_fields(fields.values(), settings.fields)
    columns = choose_columns(fields.values(), meanings, profile=user.profile_id)
    content = content_of(fields.values(), columns, [*fields, *(one.api_name for one in related)])
    content = content.without(noise, meanings)
    missing = tuple(lacking(client.granted_scopes, module.api_name, custom=module.is_custom))
    warnings += _concerns(user, org, module, rights, fields)
    warnings += [lack_text(need) for need in missing]
    return ContractModule(
        user=user,
        org=org,
        rights=rights,
        module=module,
        fields=fields,
        related=related,
        meanings=meanings,
        columns=columns,
        content=content,
        reader=RowReader(module.api_name, meanings, content, org.currency),
        filters=CoqlFilters(module.label, fields, meanings, profile=user.profile_id, org_currency=org.currency),
        lacking=missing,
        warnings=tuple(warnings),
    )


def lack_text(need: Need) -> str:
    """Return in words which scope is missing, and for what."""
    return _("the sign-in lacks the scope {scope}, needed for {job}").format(scope=need.scope, job=_(need.job))


def _module(client: ZohoClient, settings: ZohoSettings) -> ZohoModule:
    if settings.module is None:
        return choose_module(metadata.read_modules(client), None)
    try:
        found = metadata.read_module(client, settings.module)
    except CrmBridgeError as error:
        if error.vendor_code == "INVALID_MODULE":
            return choose_module(metadata.read_modules(client), settings.module)
        if error.vendor_code not in PATHLESS:
            raise
        # A Zoho without this path still has the module that the user named; what it cannot tell stays unproven.
        return ZohoModule(settings.module, settings.module, settings.module, "", True, None, None, frozenset(), {})
    if found is None or not found.api_supported:
        return choose_module(metadata.read_modules(client), settings.module)
    return found


def _related(client: ZohoClient, module: ZohoModule, warnings: list[str]) -> tuple[RelatedList, ...]:
    try:
        return metadata.read_related_lists(client, module.api_name)
    except CrmBridgeError as error:
        # Without the lists a backup would be smaller than what is deleted: only a Zoho that has none is taken at that.
        if error.reason not in ("not_supported", "module"):
            raise
    warnings.append(_("Zoho does not show the related lists: a backup cannot hold them"))
    return ()


def _concerns(user: User, org: Org, module: ZohoModule, rights: Rights, fields: dict[str, ZohoField]) -> list[str]:
    """Return what somebody should know before a plan is made."""
    told: list[str] = []
    if module.bin_on_delete is False:
        told.append(_("records of this module do not go to the recycle bin: deleting them is final"))
    if module.profiles and user.profile_id and user.profile_id not in module.profiles:
        told.append(_("the module is hidden from your profile"))
    if rights.mass_delete is Support.ABSENT:
        told.append(_("your profile lacks Mass Delete: the fast path is not available"))
    if rights.recycle_bin is Support.ABSENT:
        told.append(_("your profile lacks the recycle bin: nothing can be purged or restored from it"))
    if org.hipaa:
        told.append(_("this org keeps health data under HIPAA rules: backups hold them too"))
    private = sorted(field.label for field in fields.values() if field.private)
    if private:
        told.append(_("fields with personal data: {names}").format(names=", ".join(private)))
    return told
