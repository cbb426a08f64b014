"""From the contract module to the Profile that people are shown before they plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crm_bridge.domain.capabilities import Capabilities, Fact, Limits, Route, Step, Support
from crm_bridge.domain.planning.cost import CallCost
from crm_bridge.domain.records.impact import Consequence
from crm_bridge.domain.snapshot import PartKind
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import FieldInfo, Profile, RelationInfo
from crm_bridge_zoho.capabilities import CAPABILITIES, DELETE_PAGE, LIMITS
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.errors import ENDS_THE_RUN
from crm_bridge_zoho.module.contract_module import ATTACHMENTS, NOTES, ContractModule, lack_text
from crm_bridge_zoho.module.metadata import ZohoField, read_fields
from crm_bridge_zoho.module.questions import QUESTIONS
from crm_bridge_zoho.settings import ZohoSettings
from crm_bridge_zoho.signing_in.scopes import Need


def profile_of(
    contract_module: ContractModule,
    settings: ZohoSettings,
    *,
    relations: Sequence[RelationInfo],
    costs: Sequence[CallCost],
    limits: Limits,
    credits_left: int | None,
) -> Profile:
    """Return who is signed in, where, and what may be done there."""
    return Profile(
        user_id=contract_module.user.id,
        user_name=contract_module.user.name,
        org_id=contract_module.org.id,
        org_name=contract_module.org.name,
        environment=contract_module.org.type,
        module=contract_module.name,
        module_label=contract_module.module.label,
        fields=fields_of(contract_module),
        relations=relations,
        capabilities=capabilities_of(contract_module),
        limits=limits,
        may={Step.TRASH: may_trash(contract_module), Step.PURGE: may_purge(contract_module)},
        ways=ways_of(contract_module),
        warnings=contract_module.warnings,
        assumptions=assumptions_of(settings),
        calls_left=credits_left,
        costs=costs,
        content=contract_module.content,
        why={need.step: _why(need) for need in contract_module.lacking if need.step},
    )


def ways_of(contract_module: ContractModule) -> Mapping[Route, Support]:
    """Return what this user may do to bring contracts back: the bin is a right of its own, a new record another."""
    return {Route.UNTRASH: contract_module.rights.recycle_bin, Route.RECREATE: contract_module.rights.create}


def _why(need: Need) -> str:
    return _("{lack}; sign in again with it: `crm-bridge login`").format(lack=lack_text(need))


def may_trash(contract_module: ContractModule) -> Support:
    """Return whether the user may delete: the module's flag and a missing scope forbid, the profile decides."""
    if contract_module.module.deletable is False or _lacks(contract_module, Step.TRASH):
        return Support.ABSENT
    return contract_module.rights.delete


def may_purge(contract_module: ContractModule) -> Support:
    """Return whether the user may delete for good: as for deleting, and the bin must be open to the profile."""
    if may_trash(contract_module) is Support.ABSENT or _lacks(contract_module, Step.PURGE):
        return Support.ABSENT
    return contract_module.rights.recycle_bin


def _lacks(contract_module: ContractModule, step: Step) -> bool:
    return any(need.step is step for need in contract_module.lacking)


def capabilities_of(contract_module: ContractModule) -> Capabilities:
    """Return the capabilities, narrowed where this module has no recycle bin."""
    if contract_module.module.bin_on_delete is not False:
        return CAPABILITIES
    final = Fact(Support.ABSENT, DELETE_PAGE, _("this module does not use the recycle bin"))
    return replace(CAPABILITIES, trash=final, untrash=final)


def limits_of(settings: ZohoSettings, trash_batch: int, in_flight: int) -> Limits:
    """Return the limits as the settings and this Zoho have narrowed them."""
    ids = min(LIMITS.locate_batch, settings.coql_in_list * settings.coql_groups)
    return replace(
        LIMITS,
        find_page=settings.coql_limit,
        trash_batch=trash_batch,
        locate_batch=ids,
        snapshot_batch=ids,
        calls_in_flight=in_flight,
    )


def assumptions_of(settings: ZohoSettings) -> tuple[str, ...]:
    """Return the switches that stand for what Zoho's pages leave open."""
    asked = ((one.id, name) for one in QUESTIONS for name in one.settings)
    return (*(f"{number} {name}={getattr(settings, name)}" for number, name in asked), "Z-05 wf_trigger=sent")


def fields_of(contract_module: ContractModule) -> tuple[FieldInfo, ...]:
    """Return the fields with the canonical meaning each is mapped to."""
    by_name = {name: meaning for meaning, name in contract_module.meanings.items()}
    return tuple(_field(field, by_name.get(field.api_name)) for field in contract_module.fields.values())


def _field(field: ZohoField, meaning: str | None) -> FieldInfo:
    return FieldInfo(
        name=field.api_name,
        label=field.label,
        type=field.data_type,
        meaning=meaning,
        writable=field.writable,
        required=field.required,
        options=field.options,
        target=field.target,
    )


_ALONG, _LOSES = (dict.fromkeys(Step, effect) for effect in (Consequence.ALONG, Consequence.LOSES))
_ACTIVITIES = frozenset({"Tasks", "Events", "Calls", "Activities"})
_ROW_SYSTEM = ("id", "Parent_Id", "Owner", "Created_By", "Created_Time", "Modified_By", "Modified_Time")
"""Columns of rows and notes that Zoho sets itself."""


def relations_of(client: ZohoClient, contract_module: ContractModule) -> tuple[RelationInfo, ...]:
    """Return what hangs on a contract: rows in its fields, notes, attachments, lists of other modules."""
    rows = [
        RelationInfo(
            field.api_name,
            field.label,
            PartKind.DETAIL.value,
            field.target or contract_module.name,
            changing=(*_ROW_SYSTEM, *_file_columns(client, field)),
            effects=_ALONG,
        )
        for field in contract_module.fields.values()
        if field.data_type in ("subform", "multiselectlookup", "multiuserlookup")
    ]
    files = [
        RelationInfo(
            field.api_name,
            field.label,
            "attachment",
            contract_module.name,
            saved=field.data_type == "fileupload",
            effects=_ALONG,
        )
        for field in contract_module.fields.values()
        if field.data_type in ("fileupload", "imageupload", "profileimage")
    ]
    lists = []
    for one in contract_module.related:
        if one.type == "multiselectlookup":
            continue
        kind = {NOTES: PartKind.NOTE.value, ATTACHMENTS: "attachment"}.get(one.api_name, PartKind.RELATED.value)
        changing = _ROW_SYSTEM if kind == PartKind.NOTE.value else ()
        # Zoho's pages name the lookup that is empty while its target is in the bin, and say nothing about activities.
        effects = _ALONG if kind != PartKind.RELATED.value else {} if one.module in _ACTIVITIES else _LOSES
        lists.append(
            RelationInfo(
                *(one.api_name, one.label, kind, one.module),
                saved=bool(one.module),
                changing=changing,
                effects=effects,
            )
        )
    return (*rows, *files, *lists)


def _file_columns(client: ZohoClient, field: ZohoField) -> tuple[str, ...]:
    """Return the columns of a subform that hold files: a row that is written cannot be given any."""
    if field.data_type != "subform" or not field.target:
        return ()
    try:
        inside = read_fields(client, field.target)
    except CrmBridgeError as error:
        if error.reason in ENDS_THE_RUN:
            raise
        return ()
    return tuple(one.api_name for one in inside if one.data_type == "fileupload")
