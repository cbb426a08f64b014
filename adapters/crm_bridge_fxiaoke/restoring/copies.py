"""Find the copy that an earlier, interrupted re-creation may have left, before anything is created again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from crm_bridge.spi.adapter import RestoreItem
from crm_bridge.spi.recreating import MARK, Found, Mark, mark_field
from crm_bridge_fxiaoke.mapping import FieldMap, moment, text
from crm_bridge_fxiaoke.module.content import content_of
from crm_bridge_fxiaoke.module.people import last_editor
from crm_bridge_fxiaoke.reading.records import Condition, Records, Row, condition
from crm_bridge_fxiaoke.restoring.saved import Saved
from crm_bridge_fxiaoke.restoring.writing import holds, is_writable

_EMPTY: tuple[object, ...] = (None, "", [])
_MINUTE = timedelta(minutes=1)
"""A tenant may keep times without their seconds."""


class Copies:
    """Looks for copies by their mark, else by what was sent: what the CRM fills in, trims or scales does not count.

    Without a mark, a copy was made by the acting user since the first intent to make it. The creation time is stated in
    a create, but not every tenant takes it over: a copy has that one, or its own.
    """

    def __init__(self, *, records: Records, fields: FieldMap, marker_field: str, user: str) -> None:
        """`marker_field` is empty where the connection names no field to spare."""
        meta = fields.object
        self._records = records
        self._meta = meta
        self._identity = [name for word in ("number", "title") if (name := fields.names.get(word))]
        self._meant = frozenset(fields.names.values())
        self._content = content_of(meta)
        self._marker_field = marker_field
        self._user = user

    def mark_for(self, saved: Saved) -> Mark | None:
        """Return the field for the mark of this contract: the connection's own, else a plain text that is empty."""
        return mark_field(self._marker_field, partial(self._may_borrow, saved), self._meta.fields)

    def find(self, item: RestoreItem, saved: Saved, written: Mapping[str, object]) -> Found:
        """Return the live records that are copies, or that may be one."""
        mark = self.mark_for(saved)
        if mark and (marked := self._live([condition(mark.field, "EQ", item.marker)], item)):
            return Found(tuple(row.id for row in marked))
        rows = self._live(self._conditions(item, written), item)
        rows = [row for row in rows if self._is_ours(row, item) and _may_be_new(row, item, written)]
        rows = [row for row in rows if not (mark and str(row.values.get(mark.field) or "").startswith(MARK))]
        alike = [row for row in rows if self._is_alike(row, written)]
        agreeing = tuple(row.id for row in alike if holds(written, row.values, self._content, lenient=True))
        return Found(agreeing) if agreeing else Found(possible=tuple(row.id for row in alike))

    def _live(self, conditions: list[Condition], item: RestoreItem) -> list[Row]:
        known = {item.ref.id, *item.ids.values()}
        found = self._records.all(self._meta.name, conditions)
        return [row for row in found if row.id not in known and row.values.get("life_status") != "invalid"]

    def _conditions(self, item: RestoreItem, written: Mapping[str, object]) -> list[Condition]:
        if item.since is not None:
            return [condition("last_modified_time", "GTE", str(int(item.since.timestamp() * 1000)))]
        name = text(written.get("name"))
        return [condition("name", "EQ", name)] if name else []

    def _is_ours(self, row: Row, item: RestoreItem) -> bool:
        editor = last_editor(row.values, self._user)
        return item.since is None or editor in (None, self._user)

    def _is_alike(self, row: Row, written: Mapping[str, object]) -> bool:
        """Return whether a record has the number or title that was sent, or, where neither was, every value."""
        names = [name for name in self._identity if name in written]
        if not names:
            return holds(written, row.values, self._content)
        return any(holds({name: written[name]}, row.values, self._content) for name in names)

    def _may_borrow(self, saved: Saved, name: str) -> bool:
        field = self._meta.fields[name]
        plain = field.type == "text" and is_writable(field) and not field.required and not field.unique
        told = field.name in saved.record and saved.record[field.name] in _EMPTY
        return plain and told and field.name not in self._meant


def _may_be_new(row: Row, item: RestoreItem, written: Mapping[str, object]) -> bool:
    """Return whether a record can be as young as the first intent: what is older was only changed since."""
    made, stated = moment(row.values.get("create_time")), moment(written.get("create_time"))
    if item.since is None or made is None or made >= item.since:
        return True
    return stated is not None and abs(made - stated) < _MINUTE
