"""Filters in 纷享销客's language: conditions by a table of operators, all of them ANDed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from crm_bridge.domain.filters.labels import field_hint
from crm_bridge.domain.filters.pushdown import Pushed, Split, coverage_of, split
from crm_bridge.domain.filters.tree import And, Compare, FieldRef, Filter, Op, ValueKind, conditions, fields_of
from crm_bridge.domain.records.field_map import require_meanings
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge_fxiaoke.mapping import CHINA, FieldMap
from crm_bridge_fxiaoke.reading.records import LIST_MOST, Condition, condition
from crm_bridge_fxiaoke.wire import CHOICES, FieldMeta

Native = tuple[Condition, ...]
MOST_CONDITIONS = 20
_NUMERIC = frozenset({"number", "currency", "percentile"})
_TEXTS = frozenset({"text", "auto_number", "long_text", "email", "url", "phone_number"})
_ORDER = {Op.LT: "LT", Op.LE: "LTE", Op.GT: "GT", Op.GE: "GTE"}
_NOTHING = "-"
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CustomerIds = Callable[[Op, tuple[str, ...]], Sequence[str] | None]


def check_fields(where: Filter, fields: FieldMap) -> None:
    """Raise UsageError for fields that do not exist here or cannot be compared as written."""
    require_meanings(where, fields.names, module=fields.object.label)
    for one in conditions(where):
        if one.field.vendor:
            _check_vendor(one, fields)


def _check_vendor(one: Compare, fields: FieldMap) -> None:
    known = fields.object.fields
    base = one.field.name.removesuffix("__r")
    if base not in known and one.field.name != "_id":
        raise UsageError(
            _("{object} has no field {name}").format(object=fields.object.name, name=one.field.name),
            reason="no_such_field",
            hint=field_hint(one.field.name, {name: field.label for name, field in known.items()}),
        )
    meta = known.get(one.field.name)
    bare_day = any(isinstance(value, date) and not isinstance(value, datetime) for value in one.values)
    if meta is not None and meta.type == "date" and bare_day:
        # Stored as midnight of UTC+8 in milliseconds; a bare day would be compared in UTC, one day off.
        raise UsageError(
            _("{name} holds a moment, not a day").format(name=meta.name),
            hint=_("write the midnight with its offset, for example 2024-01-31T00:00:00+08:00, or use start and end"),
        )
    labels = {label for _value, label in meta.options} - {value for value, _label in meta.options} if meta else set()
    if meta is not None and any(isinstance(value, str) and value in labels for value in one.values):
        raise UsageError(
            _("{name} holds option values, not labels").format(name=meta.name),
            hint=_("write the value: {pairs}").format(
                pairs=", ".join(f"{value} = {label}" for value, label in meta.options[:20])
            ),
        )


def columns_of(where: Filter, fields: FieldMap) -> tuple[str, ...]:
    """Return the fields of the object that a filter is about."""
    named = (ref.name.removesuffix("__r") if ref.vendor else fields.names.get(ref.name, "") for ref in fields_of(where))
    return tuple(sorted({name for name in named if name in fields.object.fields}))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A filter for the gateway: conditions to send, what is left to us, and the pushed part in words."""

    native: Native
    split: Split
    shown: str


def compile_filter(
    where: Filter, fields: FieldMap, customer_ids: CustomerIds, *, told: Callable[[FieldRef], bool]
) -> Compiled:
    """Split a filter and translate what the CRM can evaluate of fields that are `told`. Or and not are left to us."""
    translator = _Translator(fields, customer_ids)
    parts = split(
        where,
        coverage_of(translator.leaf),
        told=told,
        can_or=False,
        can_not=False,
        max_conditions=MOST_CONDITIONS,
    )
    pushed = parts.pushed
    leaves = pushed.parts if isinstance(pushed, And) else (pushed,) if pushed is not None else ()
    native = [one for leaf in leaves for one in translator.native(leaf)]
    shown = " and ".join(f"{one['field_name']} {one['operator']} {one['field_values']}" for one in native)
    return Compiled(tuple(native), parts, shown)


class _Translator:
    """Conditions one by one; each is translated once, because a customer's name costs a call."""

    def __init__(self, fields: FieldMap, customer_ids: CustomerIds) -> None:
        self._fields = fields
        self._customer_ids = customer_ids
        self._done: dict[Compare, Pushed[Native] | None] = {}

    def leaf(self, one: Compare) -> Pushed[Native] | None:
        """Return a condition in the gateway's language, None where it has no words for it."""
        if one not in self._done:
            self._done[one] = self._translate(one)
        return self._done[one]

    def native(self, leaf: Filter) -> Native:
        """Return the conditions of a pushed leaf."""
        found = self.leaf(leaf) if isinstance(leaf, Compare) else None
        assert found is not None, "`split` pushes only what `leaf` could translate"
        return found.native

    def _translate(self, one: Compare) -> Pushed[Native] | None:
        name = one.field.name if one.field.vendor else self._fields.names.get(one.field.name, "")
        if one.field.name == "id" or name == "_id":
            return _ids(one)
        meta = self._fields.object.fields.get(name)
        if meta is None:
            return None
        if one.op in (Op.IS_NULL, Op.IS_NOT_NULL):
            return Pushed((condition(name, "IS" if one.op is Op.IS_NULL else "ISN", ""),))
        if one.field.name == "customer" and not one.field.vendor:
            return self._customer(one, meta)
        return _by_type(one, meta)

    def _customer(self, one: Compare, meta: FieldMeta) -> Pushed[Native] | None:
        """Customers are stored by id: ask for the ids of the names first."""
        if one.op not in (Op.EQ, Op.IN, Op.CONTAINS, Op.STARTS_WITH):
            return None
        names = tuple(str(value) for value in one.values)
        ids = self._customer_ids(one.op, names)
        if ids is None:
            return None
        if len(ids) > LIST_MOST:
            return None
        return Pushed((condition(meta.name, "IN", *(ids or [_NOTHING])),), exact=False)


def _by_type(one: Compare, meta: FieldMeta) -> Pushed[Native] | None:
    if meta.type in CHOICES:
        return _choice(one, meta)
    if meta.type in ("date", "date_time"):
        return _time(one, meta)
    if meta.type in _NUMERIC:
        return _number(one, meta)
    if meta.type in _TEXTS:
        return _text(one, meta)
    return None


def _ids(one: Compare) -> Pushed[Native] | None:
    values = tuple(str(value) for value in one.values)
    if one.op in (Op.EQ, Op.IN) and len(values) <= LIST_MOST:
        return Pushed((condition("_id", "IN", *values),))
    return None


def _text(one: Compare, meta: FieldMeta) -> Pushed[Native] | None:
    """Text may be compared without regard to case there, and stored in another normal form than ours."""
    values = [str(value) for value in one.values]
    if one.op in (Op.EQ, Op.IN):
        forms = list(dict.fromkeys(form for value in values for form in (value, unicodedata.normalize("NFD", value))))
        if len(forms) > LIST_MOST:
            return None
        return Pushed((condition(meta.name, "IN" if len(forms) > 1 else "EQ", *forms),), exact=False)
    plain = all(unicodedata.normalize("NFD", value) == value for value in values)
    if one.op in (Op.CONTAINS, Op.STARTS_WITH) and plain:
        return Pushed((condition(meta.name, "LIKE" if one.op is Op.CONTAINS else "STARTWITH", *values),), exact=False)
    return None


def _choice(one: Compare, meta: FieldMeta) -> Pushed[Native] | None:
    """Options are stored by value and shown by label: translate labels, keep what is a value already."""
    values = [str(value) for value in one.values]
    wanted = list(dict.fromkeys(value for text in values for value in _values_of(text, meta, vendor=one.field.vendor)))
    if one.op in (Op.EQ, Op.IN) and len(wanted) <= LIST_MOST:
        return Pushed((condition(meta.name, "IN", *(wanted or [_NOTHING])),))
    if one.op in (Op.NE, Op.NOT_IN) and wanted:
        # N also matches empty fields, as our own "not equal" does; nothing is published about NIN.
        return Pushed(tuple(condition(meta.name, "N", value) for value in wanted))
    return None


def _values_of(text: str, meta: FieldMeta, *, vendor: bool) -> list[str]:
    if vendor:
        return [text]
    own = [value for value, label in meta.options if label == text]
    # A value without a label is shown as it is; one that has another label is not meant by its value.
    return own if meta.label_of(text) not in (None, text) else [*own, *([text] if text not in own else [])]


def _number(one: Compare, meta: FieldMeta) -> Pushed[Native] | None:
    values = [f"{value:f}" for value in one.values if isinstance(value, Decimal)]
    if len(values) != len(one.values):
        return None
    if one.op in (Op.EQ, Op.IN) and len(values) == 1:
        return Pushed((condition(meta.name, "EQ", *values),))
    if one.op in _ORDER:
        return Pushed((condition(meta.name, _ORDER[one.op], *values),))
    return Pushed((condition(meta.name, "BETWEEN", *values),)) if one.op is Op.BETWEEN else None


def _time(one: Compare, meta: FieldMeta) -> Pushed[Native] | None:
    """Compare milliseconds. A day means that day in China for dates of contracts, and in UTC for moments."""
    zone = CHINA if one.field.kind is ValueKind.DATE else UTC
    if meta.type == "date" and one.field.vendor and not all(_is_china_midnight(value) for value in one.values):
        return None
    if not all(isinstance(value, date) for value in one.values) or one.op in (Op.NE, Op.NOT_IN):
        return None
    spans = [_span(value, zone) for value in one.values if isinstance(value, date)]
    if one.op is Op.BETWEEN or (one.op in (Op.EQ, Op.IN) and len(spans) == 1):
        low, high = spans[0][0], spans[-1][1]
        return Pushed((condition(meta.name, "BETWEEN", str(low), str(high)),)) if low <= high else None
    if one.op not in _ORDER:
        return None
    low, high = spans[0]
    edge = {Op.LT: ("LT", low), Op.GE: ("GTE", low), Op.GT: ("GT", high), Op.LE: ("LTE", high)}[one.op]
    return Pushed((condition(meta.name, edge[0], str(edge[1])),))


def _is_china_midnight(value: object) -> bool:
    """Return whether a moment begins a day as dates are stored; whether others are cut to days is not published."""
    return isinstance(value, datetime) and value.astimezone(CHINA).time() == time()


def _span(value: date, zone: tzinfo) -> tuple[int, int]:
    """Return the first and the last millisecond of a day, or of the one moment."""
    if isinstance(value, datetime):
        exact = Decimal((value - _EPOCH) // timedelta(microseconds=1)) / 1000
        low = exact.to_integral_value(ROUND_CEILING)
        return int(low), int(exact.to_integral_value(ROUND_FLOOR))
    begin = datetime.combine(value, time(), zone)
    first = (begin - _EPOCH) // timedelta(milliseconds=1)
    return first, first + _DAY // timedelta(milliseconds=1) - 1
