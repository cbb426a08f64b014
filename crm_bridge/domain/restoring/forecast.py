"""The forecast of each way back, thing by thing, made before anything is deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Capabilities, Fate, Limits, Route, Step, Support, weakest
from crm_bridge.i18n import N_

Word = tuple[Fate, str]
"""A promise with its note; the note is marked for translation."""

GENERAL = (
    "id",
    "number",
    "fields",
    "owner",
    "created",
    "details",
    "notes",
    "attachments",
    "inbound_links",
    "approval_history",
    "followers",
)
RELATION_WORDS: Mapping[str, str] = {
    "detail": "details",
    "note": "notes",
    "attachment": "attachments",
    "link": "inbound_links",
    "team": "followers",
    "related": "inbound_links",
}
"""Kind of a relation -> the general promise that speaks about it."""

_UNKNOWN: Word = (Fate.UNKNOWN, N_("the CRM's vendor publishes nothing about it"))
_SET_BY_CRM: Word = (Fate.LOST, N_("cannot be given to a new record: the CRM sets it itself, or leaves it empty"))
_NEW_FILES: Word = (Fate.CHANGED, N_("the files come back, their ids in this field are new"))
_NOT_SAVED: Word = (Fate.LOST, N_("a backup does not hold it"))


class ThingKind(StrEnum):
    """Subject of a row of a forecast."""

    GENERAL = "general"
    FIELD = "field"
    RELATION = "relation"


class FieldLike(Protocol):
    """A field as a forecast sees it; `spi.adapter.FieldInfo` is one."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def meaning(self) -> str | None: ...
    @property
    def writable(self) -> bool: ...


class RelationLike(Protocol):
    """A relation as a forecast sees it; `spi.adapter.RelationInfo` is one."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def module(self) -> str: ...
    @property
    def saved(self) -> bool: ...
    @property
    def changing(self) -> tuple[str, ...]: ...
    @property
    def files(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """One thing: what the CRM's bin brings back, and what a new record from the backup brings back."""

    kind: ThingKind
    thing: str
    label: str
    untrash: Fate
    recreate: Fate
    untrash_note: str = ""
    recreate_note: str = ""

    def fate(self, route: Route) -> Fate:
        """Return the promise for one way back."""
        return self.untrash if route is Route.UNTRASH else self.recreate

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> ForecastRow:
        """Read a row of a forecast's JSON back."""
        fates = {way: Fate(row[way]) for way in ("untrash", "recreate")}
        return cls(**{**row, **fates, "kind": ThingKind(row["kind"])})


@dataclass(frozen=True, slots=True)
class Promises:
    """The promises of one way back, by thing."""

    known: Mapping[str, Fate]

    def of(self, name: str, general: str = "fields") -> Fate:
        """Return what was promised about a thing; what no row names falls under a general one."""
        return self.known.get(name) or self.known.get(general, Fate.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecast of one plan's ways back. `until` (ISO date) holds if the plan is carried out on its day."""

    untrash: Support = Support.ABSENT
    recreate: Support = Support.ABSENT
    bin_days: int | None = None
    until: str | None = None
    rows: tuple[ForecastRow, ...] = ()

    def promises(self, route: Route) -> Promises:
        """Return what one way back promises, to be asked by name."""
        return Promises({row.thing: row.fate(route) for row in self.rows})

    def as_json(self) -> dict[str, JsonValue]:
        """Return the forecast as JSON, as it stands in a plan's head."""
        facts = asdict(self)
        return {**facts, "rows": list(facts["rows"])}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Forecast:
        """Read a forecast back. Raises KeyError, TypeError or ValueError for what is none."""
        ways = {way: Support(value[way]) for way in ("untrash", "recreate")}
        return cls(**{**value, **ways, "rows": tuple(map(ForecastRow.from_json, value["rows"]))})


def make_forecast(
    capabilities: Capabilities,
    limits: Limits,
    fields: Iterable[FieldLike],
    relations: Sequence[RelationLike],
    *,
    step: Step,
    now: datetime,
    ways: Mapping[Route, Support] | None = None,
) -> Forecast:
    """Compute a plan's forecast from what the CRM can do and what the module's metadata says.

    `ways`: what this user may do; nobody is promised a way back that is closed to them, or for certain one of which
    the CRM does not tell beforehand whether it is open.
    """
    mine = ways or {}
    in_bin = capabilities.untrash.support if step is Step.TRASH else Support.ABSENT
    untrash = weakest(in_bin, mine.get(Route.UNTRASH, in_bin))
    native = untrash is not Support.ABSENT
    until = None
    if native and limits.bin_days is not None:
        until = (now + timedelta(days=limits.bin_days)).date().isoformat()
    return Forecast(
        untrash=untrash,
        recreate=weakest(capabilities.recreate.support, mine.get(Route.RECREATE, Support.FULL)),
        bin_days=limits.bin_days if native else None,
        until=until,
        rows=tuple(forecast_rows(capabilities, fields, relations)),
    )


def forecast_rows(
    capabilities: Capabilities, fields: Iterable[FieldLike], relations: Sequence[RelationLike]
) -> Iterator[ForecastRow]:
    """Yield the general rows, then every field, then every relation."""
    native, anew = capabilities.returns[Route.UNTRASH], capabilities.returns[Route.RECREATE]
    known = tuple(fields)
    others = [name for name in {**native, **anew} if name not in GENERAL and name not in {one.name for one in known}]
    for name in (*GENERAL, *others):
        words = native.get(name, _default(native, name)), anew.get(name, _default(anew, name))
        if name == "number":
            words = words[0], _number(known, words[1])
        yield _row(ThingKind.GENERAL if name in GENERAL else ThingKind.FIELD, name, "", *words)
    files = {one.name: one.saved for one in relations if one.kind == "attachment"}
    for one in known:
        yield _row(ThingKind.FIELD, one.name, one.label, native.get(one.name, _fields(native)), _anew(one, anew, files))
    names = {one.name for one in known}
    for relation in relations:
        word = RELATION_WORDS.get(relation.kind, relation.kind)
        lost = anew.get(word, _UNKNOWN) if relation.saved else _NOT_SAVED
        # A relation that is also a field of the record is told apart by its kind.
        thing = f"{word}: {relation.name}" if relation.name in names else relation.name
        yield _row(ThingKind.RELATION, thing, relation.label, native.get(word, _UNKNOWN), lost)
        for column in relation.changing if relation.saved else ():
            moving = native.get(column, _fields(native))
            yield _row(ThingKind.RELATION, f"{relation.name}.{column}", "", moving, anew.get(column, _SET_BY_CRM))
        for column in relation.files if relation.saved else ():
            yield _row(ThingKind.RELATION, f"{relation.name}.{column}", "", _fields(native), _NEW_FILES)


def _default(table: Mapping[str, Word], name: str) -> Word:
    return _UNKNOWN if name in GENERAL else _fields(table)


def _fields(table: Mapping[str, Word]) -> Word:
    return table.get("fields", _UNKNOWN)


def _number(fields: Sequence[FieldLike], general: Word) -> Word:
    numbers = [one for one in fields if one.meaning == "number"]
    if not numbers:
        return general
    return (Fate.SAME, "") if numbers[0].writable else (Fate.CHANGED, general[1])


def _anew(field: FieldLike, anew: Mapping[str, Word], files: Mapping[str, bool]) -> Word:
    """Return what becomes of one field in a new record: the adapter's own word first, then what the metadata allows.

    `files` names the fields that hold files, and whether a backup holds those.
    """
    if field.name in anew:
        return anew[field.name]
    if field.meaning in ("owner", "created") and field.meaning in anew:
        return anew[field.meaning]
    if field.name in files:
        return _NEW_FILES if files[field.name] else _NOT_SAVED
    if not field.writable:
        return _SET_BY_CRM
    return _fields(anew)


def _row(kind: ThingKind, thing: str, label: str, native: Word, anew: Word) -> ForecastRow:
    return ForecastRow(kind, thing, label, native[0], anew[0], native[1], anew[1])
