"""Secured fields: described, and left out of every record that this user is given, although records hold values.

The gateway leaves out empty fields and secured ones alike. A query for records in which a field is not empty tells them
apart: records come, and do not show it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence

from crm_bridge.domain.snapshot import Gap
from crm_bridge.errors import CrmError, PermissionDeniedError, RequestRefusedError
from crm_bridge.i18n import _
from crm_bridge_fxiaoke.mapping import text
from crm_bridge_fxiaoke.module.content import content_of
from crm_bridge_fxiaoke.reading.records import Condition, Records, Row, condition
from crm_bridge_fxiaoke.wire import READ_ONLY, FieldMeta, ObjectMeta


class SecuredFields:
    """What is not shown of objects: each field that no record shows is asked about once."""

    def __init__(self, records: Records) -> None:
        """Nothing was seen yet."""
        self._records = records
        self._shown: dict[str, set[str]] = {}
        self._held: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def gaps(
        self, meta: ObjectMeta, rows: Iterable[Row], ids: Sequence[str], points: str = "_id"
    ) -> dict[str, list[Gap]]:
        """Return what is not shown of some contracts, or of the rows that point at them: by contract, in words.

        A field that only other contracts hold a value in is a gap `elsewhere`.
        """
        found: dict[str, list[Gap]] = {one: [] for one in ids}
        for field, why in self._secured(meta, rows):
            holders = self._holders(meta.name, field.name, ids, points)
            name = f"{meta.label or meta.name}, {field.label or field.name}"
            for one in ids:
                found[one].append(Gap(name, why, elsewhere=one not in holders))
        return found

    def _secured(self, meta: ObjectMeta, rows: Iterable[Row]) -> Iterator[tuple[FieldMeta, str]]:
        content = content_of(meta)
        with self._lock:
            shown = self._shown.setdefault(meta.name, set())
            for row in rows:
                shown.update(row.values)
            for name, field in meta.fields.items():
                kept = content.counts(name) and name not in content.moving and field.type not in READ_ONLY
                if kept and name not in shown and (why := self._why(meta.name, name)):
                    yield field, why

    def _why(self, object_name: str, field: str) -> str:
        """Return in words that a field holds values which are not shown; nothing for one that is empty everywhere."""
        key = (object_name, field)
        if key not in self._held:
            held = self._newest(object_name, condition(field, "ISN", ""))
            self._shown[object_name].update(name for row in held for name in row.values)
            hidden = bool(held) and field not in held[0].values
            # Where the same record comes as empty and as not empty, the operator is not known there.
            if hidden and self._newest(object_name, condition(field, "IS", ""))[:1] != held[:1]:
                self._held[key] = self._counted(object_name, field)
            else:
                self._held[key] = ""
        return self._held[key]

    def _newest(self, object_name: str, asked: Condition) -> tuple[Row, ...]:
        try:
            return self._records.newest(object_name, [asked], limit=1)
        except (PermissionDeniedError, RequestRefusedError):
            return ()

    def _counted(self, object_name: str, field: str) -> str:
        count = self._records.count(object_name, [condition(field, "ISN", "")])
        if count is None:
            return _("not shown to this user, and so in no backup")
        return _("not shown to this user, and so in no backup; records with a value in it: {count}").format(count=count)

    def _holders(self, object_name: str, field: str, ids: Sequence[str], points: str) -> frozenset[str]:
        """Return the contracts of which a record holds a value that is not shown; all of them where nobody tells."""
        asked = [condition(points, "IN", *ids), condition(field, "ISN", "")]
        try:
            rows = list(self._records.all(object_name, asked))
        except (CrmError, PermissionDeniedError):
            return frozenset(ids)
        return frozenset(row.id if points == "_id" else text(row.values.get(points)) or "" for row in rows)
