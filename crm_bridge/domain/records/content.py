"""The content of a record: fields that metadata describes, and the CRM's known system keys, in any shape.

Rows also carry keys that describe the query, the viewer or another record: labels beside a value, totals, cursors,
links that expire. They are kept in backups as they came, and count for nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from crm_bridge.domain.canonical import digest_of
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

SIGNIFICANT = ("number", "status", "amount", "currency", "customer", "start", "end")
"""Meanings whose change is never noise."""
Reducer = Callable[[object], object]
"""Reduces a value to what an edit would change; nothing at all is None."""

_NUMBERS, _LISTS, _NO_TEXT = (Decimal, int), (list, tuple), (bool, Mapping, list, tuple)
"""Tuples made once: a union of types is made anew wherever it is written."""
_NUMBER = re.compile(r"[+-]?\d{1,60}(\.\d{0,60})?")


@dataclass(frozen=True, slots=True)
class Content:
    """The content of one record type. `fields` says of every key that counts how its value is reduced."""

    fields: Mapping[str, Reducer]
    moving: frozenset[str] = frozenset()
    """Fields that move without an edit, or do not come with every read: compared after a restore, never for drift."""
    cuts: Mapping[str, int] = field(default_factory=dict)
    """Texts of which some reads show only so many characters: no more of them counts for drift."""
    stamps: frozenset[str] = frozenset()
    """Fields that move with every edit: who, when."""
    removal: frozenset[str] = frozenset()
    """Fields that a removal itself sets: what a record in the bin holds is compared without them."""
    activity: tuple[str, ...] = ()
    """Fields that move when something is added around a record, though the record itself stays as it was."""
    lists: Mapping[str, Content] = field(default_factory=dict)
    """The content of the rows of a list, by the list's name, where metadata describes it."""
    known: Callable[[str], bool] = lambda _name: False
    """Whether the vendor is known to send a key that no metadata describes."""
    open: bool = False
    """Nothing describes these rows: every key counts that the vendor is not known to add."""
    _drift: tuple[tuple[str, Reducer, bool], ...] = field(init=False, repr=False, compare=False)
    """The fields that count for drift, how each is reduced, and whether it is cut."""

    def __post_init__(self) -> None:
        """Sort the fields once: a digest is made of every contract at every look."""
        counted = ((name, reduce, name in self.cuts) for name, reduce in self.fields.items() if name not in self.moving)
        object.__setattr__(self, "_drift", tuple(counted))

    def counts(self, name: str) -> bool:
        """Return whether a key is part of the record."""
        return name in self.fields or (self.open and not self.known(name))

    def plain(self, name: str, value: object) -> object:
        """Return a value as it is compared after a restore. What is not there is None, whatever its type."""
        return None if value is None else self.fields.get(name, of_any_type)(value)

    def drifting(self, name: str, value: object) -> object:
        """Return a value as it is compared between reads: cut where some reads cut it."""
        reduced, most = self.plain(name, value), self.cuts.get(name)
        return reduced[:most] if most is not None and isinstance(reduced, str) else reduced

    def digest(self, row: Mapping[str, object]) -> str:
        """Return the drift digest (SHA-256, hex): equal for equal content, whichever read the row came from.

        A key that is missing and one that is empty are the same: some reads leave empty keys out.
        """
        content = {}
        for name, reduce, is_cut in self._drift:
            value = row.get(name)
            if value is None:
                continue
            reduced = self.drifting(name, value) if is_cut else reduce(value)
            if reduced is not None:
                content[name] = reduced
        return digest_of(content)

    def remains(self, row: Mapping[str, object]) -> str:
        """Return a digest of what a row holds whether or not it lies in the bin; two such digests are compared."""
        content = {
            name: reduced
            for name, value in row.items()
            if self.counts(name)
            and name not in self.moving | self.removal
            and (reduced := self.drifting(name, value)) is not None
        }
        return digest_of(content)

    def activity_of(self, row: Mapping[str, object]) -> str | None:
        """Return a text that changes when something is added around a record; None where nothing tells of that."""
        return digest_of([self.plain(name, row.get(name)) for name in self.activity]) if self.activity else None

    def without(self, noise: Collection[str], names: Mapping[str, str | None]) -> Content:
        """Return the content in which a change of some fields is none; `names` are the fields of every contract.

        Where there is noise, the stamps tell nothing any more.

        Raises UsageError for a field that the record lacks, and for number, status, amount, customer and dates.
        """
        if unknown := sorted(name for name in noise if name not in self.fields):
            raise UsageError(
                _("the policy calls {names} noise, and there is no such field").format(names=", ".join(unknown)),
                reason="no_such_field",
                hint=_("name vendor fields as `crm-bridge adapters show` and the CRM's own metadata do"),
            )
        significant = {names.get(meaning) for meaning in SIGNIFICANT}
        if never := sorted(name for name in noise if name in significant):
            raise UsageError(
                _("{names} can never be noise: a change of it means another contract").format(names=", ".join(never)),
                reason="never_noise",
                hint=_("take it out of `noise` in config.toml"),
            )
        return replace(self, moving=self.moving | frozenset(noise) | self.stamps) if noise else self

    def undescribed(self, rows: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
        """Return the keys of rows that neither metadata nor the vendor's own list explains, by name."""
        names = {name for row in rows for name in row}
        return tuple(sorted(name for name in names if name not in self.fields and not self.known(name)))


def as_it_is(value: object) -> object:
    """Return a value without what only its writing changes: empty forms, and the scale of numbers."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return value
    if isinstance(value, _NUMBERS):
        return digits_of(Decimal(value))
    if isinstance(value, Mapping):
        return {str(key): inner for key, one in value.items() if (inner := as_it_is(one)) is not None} or None
    if isinstance(value, _LISTS):
        return [as_it_is(one) for one in value] or None
    return value


def number(value: object) -> object:
    """Return the digits of a number that comes as a number or as text: 1000.25 and "1000.250000" are one amount."""
    if type(value) is Decimal:
        return digits_of(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return digits_of(Decimal(value))
    return as_it_is(value)


def flag(value: object) -> object:
    """Return a truth value that comes as such or as text."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) and value else as_it_is(value)


def reference(value: object) -> str | None:
    """Return the id behind a reference, whether or not a name came with it."""
    if type(value) is dict or (not isinstance(value, str) and isinstance(value, Mapping)):
        for key in ("id", "_id", "name"):
            if text := _text(value.get(key)):
                return text
        return None
    return _text(value)


def of_any_type(value: object) -> object:
    """Return a value of a type with no rule of its own: a map with an id is a reference, whatever the type is."""
    if type(value) is str:
        return value or None
    if isinstance(value, _LISTS):
        return [of_any_type(one) for one in value] or None
    return reference(value) if isinstance(value, Mapping) and value.get("id") else as_it_is(value)


def references(value: object) -> object:
    """Return the ids of one or several references or persons, in one order, whether they come in a list or alone."""
    if isinstance(value, _LISTS):
        return sorted(one for item in value if (one := reference(item)) is not None) or None
    only = reference(value)
    return None if only is None else [only]


def choices(value: object) -> object:
    """Return several choices in one order; some reads join them with semicolons."""
    items = value.split(";") if isinstance(value, str) else value if isinstance(value, _LISTS) else [value]
    return sorted(str(one) for item in items if (one := reference(item)) is not None) or None


def instant(value: object) -> object:
    """Return a moment in UTC, whatever zone it was written in."""
    if not isinstance(value, str):
        return as_it_is(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return as_it_is(value)
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else value


def files(value: object) -> object:
    """Return files by path or id, name and size: the links to them are made afresh for every read."""
    items = value if isinstance(value, _LISTS) else [value]
    found = [_file(one) if isinstance(one, Mapping) else [_text(one), None, None] for one in items if one]
    return sorted(found, key=str) or None


_FILE_KEYS = (
    ("path", "File_Id__s", "file_Id", "file_id", "id"),
    ("filename", "fileName", "name", "File_Name__s", "file_Name"),
    ("size", "Size__s", "file_Size"),
)


def _file(entry: Mapping[object, object]) -> list[str | None]:
    return [next((text for key in keys if (text := _text(entry.get(key)))), None) for keys in _FILE_KEYS]


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    if value is None or isinstance(value, _NO_TEXT):
        return None
    return digits_of(Decimal(value)) if isinstance(value, _NUMBERS) else str(value)


def digits_of(value: Decimal) -> str:
    """Return a number without exponent and without zeros that say nothing: 1200.00 and 1200 are one amount."""
    if not value.is_finite() or abs(value.adjusted()) > 60:
        return str(value)
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text.removeprefix("+")
