"""Evidence about fields that a record lacks: are they empty, or are they not shown to this user?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_bridge.domain.contract import Untold
from crm_bridge.domain.filters.values import whole


class ShownFields:
    """The fields that one listing has shown, by record type.

    A field that another record of the same type shows is shown to this user, so a record without it is empty there.
    Without that evidence the value is not known, unless the connection says that missing means empty.
    """

    def __init__(self, names: Iterable[str], *, missing_is_empty: bool = False) -> None:
        """`names` are the fields of the module; `missing_is_empty` is the connection's word on missing ones."""
        self._names = frozenset(names)
        self.missing_is_empty = missing_is_empty
        self._shown: dict[str, set[str]] = {}
        self._hidden: set[tuple[str, str]] = set()
        self._nameless: set[str] = set()

    def learn(self, record_type: str, row: Mapping[str, object]) -> None:
        """Take note of the fields that a record shows."""
        self._shown.setdefault(record_type, set()).update(self._names.intersection(row))

    def hide(self, record_type: str, name: str) -> None:
        """Take note that a field has a value somewhere that was not shown."""
        self._hidden.add((record_type, name))

    def hide_names(self, ids: Iterable[str]) -> None:
        """Take note of records that were asked for their names and not shown."""
        self._nameless.update(ids)

    def types(self) -> tuple[str, ...]:
        """Return the record types that were seen."""
        return tuple(self._shown)

    def shows(self, record_type: str, name: str) -> bool:
        """Return whether a field was shown in a record of this type."""
        return name in self._shown.get(record_type, ())

    def why_missing(self, record_type: str, name: str) -> Untold | None:
        """Return why the value of a missing field is not known; None = it is empty."""
        if (record_type, name) in self._hidden:
            return Untold.NOT_VISIBLE
        return None if self.missing_is_empty or self.shows(record_type, name) else Untold.LEFT_OUT

    def missing_in(self, record_type: str, row: Mapping[str, object]) -> dict[str, Untold | None]:
        """Return what is known about the fields of the module that a record lacks; the others were left out."""
        known = self._names if self.missing_is_empty else self._shown.get(record_type, frozenset())
        hidden = {name: Untold.NOT_VISIBLE for kind, name in self._hidden if kind == record_type}
        return {name: None for name in known if name not in row} | hidden

    def why_unnamed(self, record_id: str) -> Untold:
        """Return why the name behind an id is not known."""
        return Untold.NOT_VISIBLE if record_id in self._nameless else Untold.UNRESOLVED

    def why_unknown(
        self, record_type: str, row: Mapping[str, object], name: str | None, value: object
    ) -> Untold | None:
        """Return why a meaning's value is not known. `name` is its field, `value` what was read from it."""
        if not name:
            return Untold.NO_FIELD
        if name not in row:
            return self.why_missing(record_type, name)
        held = row[name]
        if held is None or held in ("", []):
            return None
        if isinstance(held, Mapping) and not whole(held):
            return self.why_unnamed(str(held["id"]))
        return Untold.UNREADABLE if value is None else None
