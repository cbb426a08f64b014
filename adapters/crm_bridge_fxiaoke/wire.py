"""What 纷享销客 sends, read once: envelopes, object lists, descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.transport import Response, UnreadableRow
from crm_bridge_fxiaoke.error_table import clean

Record = Mapping[str, object]

# `count` is a roll-up, `quote` another record's field, `formula` may depend on today: they move without an edit.
COMPUTED = frozenset({"formula", "count", "quote"})
READ_ONLY = COMPUTED | {"auto_number"}
FILES = frozenset({"file_attachment", "image"})
PERSONS = frozenset({"employee", "employee_many"})
CHOICES = frozenset({"select_one", "record_type"})


@dataclass(frozen=True, slots=True)
class Envelope:
    """One answer of the gateway. `text` is what the vendor says, made fit to be shown."""

    code: int
    text: str
    trace_id: str
    body: Record = field(repr=False)
    raw: bytes = field(default=b"", repr=False)

    @property
    def data(self) -> object:
        """Return the `data` part, None where there is none."""
        return self.body.get("data")


def read_envelope(answer: Response) -> Envelope:
    """Return the envelope; MalformedAnswerError for an answer without a numeric errorCode."""
    body = answer.json()
    code = body.get("errorCode") if isinstance(body, dict) else None
    if isinstance(code, str) and code.lstrip("-").isdigit():
        code = int(code)
    if isinstance(code, Decimal) and code == code.to_integral_value():
        code = int(code)
    if isinstance(code, bool) or not isinstance(code, int):
        raise MalformedAnswerError(
            _("the answer has no errorCode"),
            reason="envelope",
            vendor="fxiaoke",
            hint=_("check base_url: this does not look like the Open API gateway"),
        )
    texts = [clean(body.get(name)) for name in ("errorMessage", "errorDescription")]
    shown = texts[0] if texts[1] in ("", texts[0]) else " / ".join(text for text in texts if text)
    return Envelope(code, shown, clean(body.get("traceId"), most=120), body, answer.document)


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """One line of the object list."""

    name: str
    label: str
    active: bool

    @property
    def custom(self) -> bool:
        """Return whether the tenant made it; the vendor's own rule is the ending."""
        return self.name.endswith("__c")


@dataclass(frozen=True, slots=True)
class FieldMeta:
    """One field as describe tells it. `options` are (value, label) pairs, `target` the object it refers to."""

    name: str
    label: str
    type: str
    options: tuple[tuple[str, str], ...] = ()
    target: str = ""
    required: bool = False
    unique: bool = False
    on_target_delete: str = ""

    def label_of(self, value: object) -> str | None:
        """Return the label of an option value, None for a value that is no option."""
        return dict(self.options).get(str(value))


@dataclass(frozen=True, slots=True)
class ObjectMeta:
    """One object as describe tells it; inactive fields are left out."""

    name: str
    label: str
    fields: Mapping[str, FieldMeta] = field(repr=False)

    @property
    def custom(self) -> bool:
        """Return whether the tenant made it."""
        return self.name.endswith("__c")

    @property
    def master(self) -> FieldMeta | None:
        """Return the field that makes this a detail object, if any."""
        return next((one for one in self.fields.values() if one.type == "master_detail"), None)

    def pointing_at(self, target: str) -> tuple[FieldMeta, ...]:
        """Return the lookups (not the master field) that refer to another object."""
        kinds = ("object_reference", "object_reference_many")
        return tuple(one for one in self.fields.values() if one.type in kinds and one.target == target)

    def refers_to(self, target: str) -> bool:
        """Return whether any field refers to another object."""
        return any(one.target == target for one in self.fields.values())

    def of_type(self, kinds: frozenset[str]) -> tuple[FieldMeta, ...]:
        """Return the fields of some types, in describe's order."""
        return tuple(one for one in self.fields.values() if one.type in kinds)


def read_objects(envelope: Envelope) -> tuple[ObjectEntry, ...]:
    """Return the object list; MalformedAnswerError without one."""
    data = envelope.data
    listed = data.get("objects") if isinstance(data, Mapping) else None
    if not isinstance(listed, list):
        raise _incomplete("objects", envelope)
    found = [
        ObjectEntry(
            str(one["describeApiName"]), clean(one.get("describeDisplayName")), one.get("isActive") is not False
        )
        for one in listed
        if isinstance(one, Mapping) and isinstance(one.get("describeApiName"), str)
    ]
    return tuple(found)


def read_description(envelope: Envelope, name: str) -> ObjectMeta:
    """Return the description of one object; MalformedAnswerError without fields."""
    data = envelope.data
    found = _description(data.get("describe") if isinstance(data, Mapping) else None, name)
    if found is None:
        raise _incomplete("describe.fields", envelope)
    return found


def read_details(envelope: Envelope) -> Mapping[str, ObjectMeta]:
    """Return the descriptions of detail objects that came with their master's; nothing where none came."""
    data = envelope.data
    told = data.get("detailDescribe") if isinstance(data, Mapping) else None
    listed = told if isinstance(told, Mapping) else {}
    read = {str(name): _description(one, str(name)) for name, one in listed.items()}
    return {name: meta for name, meta in read.items() if meta is not None}


def _description(told: object, name: str) -> ObjectMeta | None:
    fields = told.get("fields") if isinstance(told, Mapping) else None
    if not isinstance(told, Mapping) or not isinstance(fields, Mapping):
        return None
    label = clean(told.get("display_name")) or clean(told.get("label")) or name
    known = [_field(str(key), one) for key, one in fields.items() if isinstance(one, Mapping)]
    return ObjectMeta(name, label, {one.name: one for one in known if one is not None})


def _field(key: str, told: Mapping[str, object]) -> FieldMeta | None:
    if told.get("is_active") is False:
        return None
    options = told.get("options")
    return FieldMeta(
        name=str(told.get("api_name") or key),
        label=clean(told.get("label")),
        type=str(told.get("type") or "text"),
        options=_options(options) if isinstance(options, list) else (),
        target=str(told.get("target_api_name") or ""),
        required=told.get("is_required") is True,
        unique=told.get("is_unique") is True,
        on_target_delete=str(told.get("action_on_target_delete") or ""),
    )


def _options(listed: Sequence[object]) -> tuple[tuple[str, str], ...]:
    # Options of a record type carry their value as `api_name`.
    pairs = [
        (one.get("value", one.get("api_name")), clean(one.get("label"))) for one in listed if isinstance(one, Mapping)
    ]
    return tuple((str(value), label) for value, label in pairs if value is not None)


def rows_of(envelope: Envelope) -> list[dict[str, object] | UnreadableRow]:
    """Return the rows of a query; MalformedAnswerError when they are missing or one of them lacks an id.

    A row that holds a value which cannot be read is an UnreadableRow.
    """
    data = envelope.data
    rows = data.get("dataList") if isinstance(data, Mapping) else None
    if not isinstance(rows, list):
        raise _incomplete("dataList", envelope)
    if not all(isinstance(row, UnreadableRow) or (isinstance(row, dict) and row_id(row)) for row in rows):
        raise _incomplete("dataList", envelope)
    return rows


def row_id(row: Record) -> str:
    """Return a row's id as text, nothing when there is none."""
    value = row.get("_id")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def count_in(envelope: Envelope, name: str) -> int | None:
    """Return a whole number of a query's answer (`total`, `limit`), None when it is absent or nonsense."""
    data = envelope.data
    value = data.get(name) if isinstance(data, Mapping) else None
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _incomplete(what: str, envelope: Envelope) -> MalformedAnswerError:
    return MalformedAnswerError(
        _("the answer lacks {what}").format(what=what),
        reason="shape",
        vendor="fxiaoke",
        vendor_code=str(envelope.code),
        request_id=envelope.trace_id,
    )
