"""Find the copy that an earlier, interrupted re-creation may have left, before anything is created again."""

from __future__ import annotations

from collections.abc import Mapping

from crm_bridge_fxiaoke.content import content_of
from crm_bridge_fxiaoke.mapping import text
from crm_bridge_fxiaoke.records import Condition, Records, condition
from crm_bridge_fxiaoke.saved import Saved
from crm_bridge_fxiaoke.wire import ObjectMeta
from crm_bridge_fxiaoke.writing import same_content


class Copies:
    """Looks for copies by marker where the connection names a field for it, else by number, time and content."""

    def __init__(self, *, records: Records, meta: ObjectMeta, marker_field: str) -> None:
        """`marker_field` is empty where the contract object has no field to spare."""
        self._records = records
        self._meta = meta
        self._content = content_of(meta)
        self._marker_field = marker_field

    def find(self, saved: Saved, written: Mapping[str, object], marker: str) -> list[str]:
        """Return the ids of live records that are copies. Without a marker every written value must agree."""
        conditions = self._conditions(written, marker)
        found = self._records.all(self._meta.name, conditions)
        live = [row for row in found if row.id != saved.id and row.values.get("life_status") != "invalid"]
        if self._marker_field:
            return [row.id for row in live]
        return [row.id for row in live if same_content(written, row.values, self._content)]

    def _conditions(self, written: Mapping[str, object], marker: str) -> list[Condition]:
        if self._marker_field:
            return [condition(self._marker_field, "EQ", marker)]
        # The creation time is stated when a contract is created again, to the millisecond.
        asked = [(name, text(written.get(name))) for name in ("name", "create_time")]
        return [condition(name, "EQ", value) for name, value in asked if value]
