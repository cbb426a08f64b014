"""The profile: who acts, where, with which fields, relations, limits and assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from crm_bridge.domain.capabilities import Capabilities, Fact, Limits, Route, Step, Support
from crm_bridge.domain.records.impact import Consequence
from crm_bridge.domain.snapshot import PartKind
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import FieldInfo, Profile, RelationInfo
from crm_bridge.spi.later import Later
from crm_bridge.transport import is_loopback
from crm_bridge_fxiaoke.capabilities import CAPABILITIES, LIMITS
from crm_bridge_fxiaoke.costs import costs_of
from crm_bridge_fxiaoke.discovery import Discovery, Relation
from crm_bridge_fxiaoke.error_table import clean
from crm_bridge_fxiaoke.mapping import FieldMap
from crm_bridge_fxiaoke.module.people import Person
from crm_bridge_fxiaoke.reading.records import LIST_MOST
from crm_bridge_fxiaoke.restoring.writing import is_writable
from crm_bridge_fxiaoke.settings import FxiaokeSettings
from crm_bridge_fxiaoke.snapshotter import TEAM
from crm_bridge_fxiaoke.wire import FILES, FieldMeta

_WORTH_TELLING = 3600.0
"""Seconds from which the age of what is believed is told."""


def make_profile(
    *,
    settings: FxiaokeSettings,
    person: Person,
    tenant: str,
    fields: FieldMap,
    discovery: Discovery,
) -> Profile:
    """Return the profile. What a user may do is known only after trying: the gateway has no call that tells.

    What hangs on contracts is asked when it is looked at: a listing does without.
    """
    meta = fields.object
    return Profile(
        user_id=person.id,
        user_name=person.name,
        org_id=tenant,
        org_name=tenant,
        environment="sandbox" if is_loopback(urlsplit(settings.address).hostname or "") else "unknown",
        module=meta.name,
        module_label=meta.label,
        fields=tuple(_fields(fields)),
        ways=dict.fromkeys((Route.UNTRASH, Route.RECREATE), Support.UNPROVEN),
        relations=Later(lambda: _relations(fields, discovery.relations(), settings)),
        capabilities=_capabilities(settings),
        limits=limits_for(settings, meta.name),
        may=dict.fromkeys(Step, Support.UNPROVEN),
        warnings=Later(lambda: _warnings(settings, fields, discovery)),
        assumptions=Later(lambda: settings.assumptions.stated(but=_not_asked(fields, discovery.relations()))),
        costs=Later(lambda: costs_of(discovery, limits_for(settings, meta.name), settings)),
        content=fields.content(lambda: {one.object.name: one.object for one in discovery.relations() if one.detail}),
    )


def _capabilities(settings: FxiaokeSettings) -> Capabilities:
    if settings.assumptions.query_invalid_rows != "omitted":
        return CAPABILITIES
    return replace(CAPABILITIES, shows_bin=Fact(Support.ABSENT, "assumptions.query_invalid_rows"))


def limits_for(settings: FxiaokeSettings, object_name: str) -> Limits:
    """Return the limits with the connection's assumptions about batches and the bin."""
    assumed = settings.assumptions
    bulk = assumed.bulk_invalid == "all" or (assumed.bulk_invalid == "custom" and object_name.endswith("__c"))
    # One `remove` takes several calls of idList, so that one look serves them all.
    several = max(1, (LIST_MOST - 1) // assumed.max_batch_ids) * assumed.max_batch_ids
    return replace(
        LIMITS,
        find_page=min(100, assumed.max_query_limit),
        trash_batch=several if bulk else LIMITS.trash_batch,
        purge_batch=several,
        untrash_batch=several,
        bin_days=assumed.bin_days or None,
        trash_ids_per_call=assumed.max_batch_ids if bulk else 1,
        purge_ids_per_call=assumed.max_batch_ids,
    )


def _not_asked(fields: FieldMap, relations: Sequence[Relation]) -> frozenset[str]:
    """Return the questions that do not arise here: about details where there are none, about files likewise."""
    details = [one.object for one in relations if one.detail]
    files = any(one.of_type(FILES) for one in (fields.object, *details))
    return frozenset(() if details else ("A-14", "A-24")) | frozenset(() if files else ("A-23",))


def _fields(fields: FieldMap) -> Iterator[FieldInfo]:
    meanings = {name: meaning for meaning, name in fields.names.items()}
    for one in fields.object.fields.values():
        if one.name == TEAM:
            continue  # told as a relation: it has calls of its own
        yield _field(one, meanings.get(one.name))


# A create without these takes the acting user and the default type.
_FILLED_IN = frozenset({"owner", "record_type"})


def _field(one: FieldMeta, meaning: str | None) -> FieldInfo:
    return FieldInfo(
        name=one.name,
        label=one.label,
        type=one.type,
        meaning=meaning,
        writable=is_writable(one) and one.type not in FILES,  # files are uploaded anew, under new paths
        required=one.required and one.name not in _FILLED_IN,
        options=one.options,
        target=one.target,
    )


def _relations(fields: FieldMap, relations: Sequence[Relation], settings: FxiaokeSettings) -> Iterator[RelationInfo]:
    for one in relations:
        kind = PartKind.DETAIL if one.detail else PartKind.RELATED
        changing = tuple(f.name for f in one.object.fields.values() if not is_writable(f))
        files = tuple(f.name for f in one.object.of_type(FILES) if f.name not in changing)
        columns = tuple(
            replace(_field(f, None), required=f.required and f.name not in (*_FILLED_IN, one.field.name))
            for f in one.object.fields.values()
            if one.detail
        )
        yield RelationInfo(
            one.object.name,
            one.object.label,
            kind.value,
            one.object.name,
            changing=changing,
            fields=columns,
            effects=_effects(one, settings),
            files=files,
        )
    team = fields.object.fields.get(TEAM)
    by_get = settings.assumptions.snapshot_by == "get"
    yield RelationInfo(
        TEAM, team.label if team else _("team"), PartKind.TEAM.value, fields.object.name, saved=by_get, effects=_ALONG
    )
    for one_field in fields.object.of_type(FILES):
        yield RelationInfo(one_field.name, one_field.label, "attachment", fields.object.name, effects=_ALONG)


_ALONG = dict.fromkeys(Step, Consequence.ALONG)


def _effects(one: Relation, settings: FxiaokeSettings) -> Mapping[Step, Consequence]:
    """Return what becomes of the rows: details as assumed; of the others only what a deletion for good does is told."""
    if one.detail:
        return {} if settings.assumptions.cascade == "none" else _ALONG
    action = one.field.on_target_delete
    if not action:
        return {}
    final = (
        Consequence.LOSES if action == "set_null" else Consequence.ALONG if "cascade" in action else Consequence.BLOCKS
    )
    return {Step.PURGE: final}


def _on_target_delete(relations: Sequence[Relation]) -> Iterator[str]:
    """Return what the descriptions of other objects want to happen to them when a contract is deleted."""
    for one in relations:
        action, label = one.field.on_target_delete, one.object.label
        if one.detail or action in ("", "set_null"):  # the common case: links that do not survive, as forecast
            continue
        if "cascade" in action:
            yield _("deleting a contract for good also deletes the records of {label} that refer to it").format(
                label=label
            )
        else:
            yield _("records of {label} that refer to a contract may stop its deletion ({action})").format(
                label=label, action=clean(action, most=40)
            )


def _believed(discovery: Discovery) -> Iterator[str]:
    count, age = discovery.believed
    if age > _WORTH_TELLING:
        yield _(
            "{count} objects did not refer to contracts when they were asked {hours} hours ago; references made in"
            " them since are not saved (metadata_hours = 0 asks in every process)"
        ).format(count=count, hours=round(age / 3600, 1))


def _warnings(settings: FxiaokeSettings, fields: FieldMap, discovery: Discovery) -> Iterator[str]:
    relations = discovery.relations()
    if discovery.undescribed:
        yield _("not described to this user, so references from there are not saved: {names}").format(
            names=", ".join(discovery.undescribed)
        )
    yield from _believed(discovery)
    yield _("voiding fires the tenant's workflows and functions; the Open API cannot switch them off")
    if settings.assumptions.snapshot_by == "query":
        yield _('queries may leave out the team and long texts; set assumptions.snapshot_by = "get" to save them too')
    if settings.assumptions.events == "all":
        yield _("every void, deletion and recovery is told to the subscribers of the tenant's events")
    if settings.assumptions.events == "no_void":
        yield _("every deletion and recovery is told to the subscribers of the tenant's events")
    if settings.assumptions.cascade == "none":
        yield _("details are assumed to stay when their contract is voided or deleted")
    yield from _on_target_delete(relations)
    if not settings.related:
        yield _("records of other objects that refer to a contract are not saved")
    for meaning in ("customer", "status", "amount"):
        if meaning not in fields.names:
            yield _("no field was recognised as {meaning}; name it in the connection: fields.{meaning}").format(
                meaning=meaning
            )
