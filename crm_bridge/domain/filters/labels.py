"""Filters in the words that people see in their CRM: labels of fields and options, and what a slip may have meant."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from crm_bridge.domain.filters.rules import FieldRef, Op
from crm_bridge.domain.filters.tree import And, Compare, Filter, Literal, Not, Or, conditions
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

_ALIKE, _AS_GOOD = 0.5, 0.05
"""How alike two names are that may be the same; how much less alike than the best another one may be."""
_EXACT = frozenset({Op.EQ, Op.NE, Op.IN, Op.NOT_IN})


class LabelledField(Protocol):
    """What metadata tells of a field."""

    @property
    def name(self) -> str:
        """Return the vendor's name."""
        ...

    @property
    def label(self) -> str:
        """Return what people see."""
        ...

    @property
    def meaning(self) -> str | None:
        """Return the field of every contract that it is, if any."""
        ...

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Return (value, label) pairs of a choice."""
        ...


def has_labels(filter: Filter) -> bool:  # noqa: A002 - the word of the domain
    """Return whether a filter names fields of the CRM itself: only then metadata is needed to read it."""
    return any(one.field.vendor for one in conditions(filter))


def without_labels(filter: Filter, fields: Sequence[LabelledField]) -> Filter:  # noqa: A002
    """Return a filter in which labels are the names and values that they stand for.

    A vendor's own name always means itself. Raises UsageError for a label that several fields or options have.
    """
    match filter:
        case Compare():
            return _translated(filter, fields)
        case And(parts) | Or(parts):
            return type(filter)(tuple(without_labels(one, fields) for one in parts))
        case Not(part):
            return Not(without_labels(part, fields))
        case _everything:
            return filter


def _translated(condition: Compare, fields: Sequence[LabelledField]) -> Compare:
    field = _field_of(condition.field, fields)
    ref = condition.field
    if field is not None and ref.vendor and field.name != ref.name:
        ref = FieldRef(field.meaning) if field.meaning else FieldRef(field.name, vendor=True)
    if field is None or not ref.vendor or condition.op not in _EXACT:
        return condition if ref is condition.field else replace(condition, field=ref)
    values = tuple(_value_of(value, field) for value in condition.values)
    return Compare(ref, condition.op, values if isinstance(condition.value, tuple) else values[0])


def _field_of(ref: FieldRef, fields: Sequence[LabelledField]) -> LabelledField | None:
    if not ref.vendor:
        return next((one for one in fields if one.meaning == ref.name), None)
    if named := [one for one in fields if one.name == ref.name]:
        return named[0]
    labelled = [one for one in fields if _folded(one.label) == _folded(ref.name)]
    if len(labelled) > 1:
        raise UsageError(
            _("{count} fields have the label {label}").format(count=len(labelled), label=ref.name),
            reason="ambiguous_field",
            hint=_("name one of them: {names}").format(names=", ".join(f"`{one.name}`" for one in labelled)),
        )
    return labelled[0] if labelled else None


def _value_of(value: Literal, field: LabelledField) -> Literal:
    """Return the value of the option with this label. A value means itself, and a text that is neither stays."""
    if not isinstance(value, str) or any(value == own for own, _label in field.options):
        return value
    meant = sorted({own for own, label in field.options if label == value})
    if len(meant) > 1:
        raise UsageError(
            _("{count} options of {field} have the label {label}").format(
                count=len(meant), field=field.label, label=value
            ),
            reason="ambiguous_option",
            hint=_("name one of them by its value: {values}").format(values=", ".join(meant)),
        )
    return meant[0] if meant else value


def suggestions(filter: Filter, fields: Sequence[LabelledField]) -> Iterator[tuple[str, tuple[str, ...]]]:  # noqa: A002
    """Yield each value that no option of its field has, with the option that it may have meant, else with all."""
    for condition in conditions(filter):
        field = _field_of(condition.field, fields) if condition.op in _EXACT else None
        known = {text for option in field.options for text in option} if field else set[str]()
        for value in condition.values if known else ():
            if isinstance(value, str) and value not in known:
                near = _nearest(value, known)
                yield value, (near,) if near else tuple(label for _value, label in field.options) if field else ()


def field_hint(written: str, labels: Mapping[str, str]) -> str:
    """Return which field of a module (name -> label) a name may have meant, else all of them."""

    def likeness(name: str) -> float:
        texts = (_folded(written), _folded(name)), (_folded(written), _folded(labels[name]))
        return max(difflib.SequenceMatcher(None, *pair).ratio() for pair in texts)

    likest = sorted(labels, key=lambda name: (-likeness(name), name))
    near = [name for name in likest if likeness(name) > max(_ALIKE, likeness(likest[0]) - _AS_GOOD)]
    named = (f"{labels[name]} ({name})" if labels[name] != name else name for name in near or sorted(labels))
    hint = _("did you mean {name}?") if near else _("fields of the module: {name}")
    return hint.format(name=", ".join(named))


def _nearest(value: str, known: set[str]) -> str | None:
    by_folded = {_folded(one): one for one in sorted(known)}
    found = difflib.get_close_matches(_folded(value), list(by_folded), n=1, cutoff=_ALIKE)
    return by_folded[found[0]] if found else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()
