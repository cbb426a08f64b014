"""The report on drift: for contracts that were held because they changed, which fields, from what to what, by whom.

Old values come from the backup, or from the plan where the change is older than that. They are annotations: sealed,
beside the run, in no journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.lifecycle import State
from crm_bridge.domain.planning.target import Card, Target
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.records.drift import FieldChange, card_changes, record_changes
from crm_bridge.domain.restoring.comparison import record_of
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.pipeline.annotations import Annotation
from crm_bridge.pipeline.run_log import RunLog
from crm_bridge.redaction import quoted
from crm_bridge.spi.adapter import Query

_REMARK = 1000
"""Characters of a remark that names changed fields."""


def explain_drift(log: RunLog, targets: Sequence[Target]) -> None:
    """Annotate the contracts among `targets` that were held because they changed. Decides nothing, raises nothing."""
    drifted = [target for target in targets if _is_drifted(log, target)]
    if not drifted:
        return
    try:
        now = {contract.id: contract for contract in _read(log, [target.ref.id for target in drifted])}
        told = {t.ref.id: _told(log, t, now[t.ref.id]) for t in drifted if t.ref.id in now}
    except CrmBridgeError:
        return  # held they are; which fields it was stays unsaid
    log.annotations.add(told)


def _is_drifted(log: RunLog, target: Target) -> bool:
    status = log.status(target.ref.id)
    changed = status.state is State.HELD and status.reason is Reason.CHANGED_SINCE_PLAN
    return changed and not log.annotations.of(target.ref.id).remark


def _read(log: RunLog, ids: Sequence[str]) -> Iterable[Contract]:
    for page in log.context.adapter.find(Query(ids=tuple(ids))).pages:
        yield from page.contracts


def changes_of(log: RunLog, target: Target, now: Contract) -> list[FieldChange]:
    """Return every changed field: those of every contract by their names, the others as the CRM labels them."""
    profile = log.context.profile
    known = list(card_changes(target.card, Card.of(now)))
    if profile.content is None:
        return known
    told = {profile.field_map.get(change.field) for change in known}
    labels = {field.name: field.label for field in profile.fields if field.name not in told}
    others = record_changes(profile.content, _saved(log, target.ref.id), now.raw, labels)
    return known + [change for change in others if change.field not in told]


def _saved(log: RunLog, record_id: str) -> Mapping[str, object]:
    return record_of(log.backup_set(log.backup_of(record_id).set_id).snapshot(record_id))


def _told(log: RunLog, target: Target, now: Contract) -> Annotation:
    changes = changes_of(log, target, now)
    lines = [quoted(change.text()) for change in changes] or [_unnamed(log, target)]
    who = _("by {who}, {time}").format(
        who=now.modified_by or _("unknown"), time=now.modified.isoformat(timespec="seconds") if now.modified else "-"
    )
    return Annotation(remark=quoted("; ".join([*lines, who]), _REMARK))


def _unnamed(log: RunLog, target: Target) -> str:
    """Return why no field is named: of a change before the backup only the plan has old values."""
    where = log.backup_of(target.ref.id)
    if log.backup_set(where.set_id).entry(target.ref.id).digest != target.digest:
        return _("another field changed between the plan and the backup")
    return _("a field that this user is not shown changed")
