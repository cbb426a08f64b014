"""The contract: the business record, the same for every CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class RecordState(StrEnum):
    """Where a record stands in its CRM, as far as that decides whether it may be deleted."""

    NORMAL = "normal"
    """Nothing is known to be in the way."""
    LOCKED = "locked"
    """Somebody locked it."""
    IN_APPROVAL = "in_approval"
    """It waits for an approval."""
    IN_PROCESS = "in_process"
    """Somebody moves it through a process of the CRM (a blueprint, a flow, a merge)."""
    READ_ONLY = "read_only"
    """This user may see it, and not change or delete it."""
    TRASHED = "trashed"
    """It is in the CRM's bin."""
    UNKNOWN = "unknown"
    """The CRM did not tell, or was not asked."""


class Untold(StrEnum):
    """Why the value of a field is not known. None of these means "empty"."""

    NOT_VISIBLE = "not_visible"
    """The field, or the record behind it, is not shown to this user."""
    UNRESOLVED = "unresolved"
    """An id was given, and the name behind it was not."""
    LEFT_OUT = "left_out"
    """The CRM left the field out of this record, and nothing shows that it is empty."""
    UNREADABLE = "unreadable"
    """A value was given that is none of this field."""
    NO_FIELD = "no_field"
    """The module has no field with this meaning."""
    NOT_KEPT = "not_kept"
    """The contract comes from a plan, which keeps only what people recognise a contract by."""


@dataclass(frozen=True, slots=True, order=True)
class ContractRef:
    """The address of one record inside a connection: module (or object) and id. Ids are text, always."""

    module: str
    """The vendor's name of the module or object."""
    id: str
    """The record's id in its CRM."""

    def __str__(self) -> str:
        """Return `module/id`."""
        return f"{self.module}/{self.id}"


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract as it was read: the fields that every CRM has, and every vendor field kept in `raw`.

    `digest` is the SHA-256 (hex) of the record's canonical content; two equal digests mean "not changed".
    Times are aware; `amount` is in units of `currency` (ISO 4217). A field that is None is empty, unless `untold`
    names it: then its value is not known (a customer may still show the id whose name is not known).
    A contract of a plan or a run has what the plan keeps; the rest of it is `untold`, and `raw` is empty.
    """

    ref: ContractRef
    """Module and id."""
    number: str | None
    """The contract number, as people write it."""
    title: str | None
    """Its name or subject."""
    customer: str | None
    """The customer's name."""
    status: str | None
    """In the words of the CRM."""
    amount: Decimal | None
    """In units of `currency`."""
    currency: str | None
    """ISO 4217."""
    start: date | None
    """The first day that it is for."""
    end: date | None
    """The last day that it is for."""
    owner: str | None
    """The name of the user who owns the record."""
    created: datetime | None
    """Aware."""
    modified: datetime | None
    """Aware; who changed it may be this program."""
    state: RecordState
    """Whether something at the CRM is in the way of a deletion."""
    digest: str
    """SHA-256 of the canonical content, 64 hex digits."""
    raw: Mapping[str, object] = field(repr=False, hash=False)
    """Every field as the vendor names it."""
    untold: Mapping[str, Untold] = field(default_factory=dict, repr=False, hash=False)
    """Why a field of every contract is not known, by its name; fields that are not here are known."""
    missing: Mapping[str, Untold | None] = field(default_factory=dict, repr=False, hash=False)
    """Vendor fields that `raw` lacks: None = empty, by evidence; else why the value is not known.

    A vendor field that neither `raw` nor this mapping has was left out: not known.
    """
    modified_by: str | None = None
    """Who changed it last, where the row tells."""

    @property
    def id(self) -> str:
        """Return the record's id in its CRM."""
        return self.ref.id

    @property
    def label(self) -> str:
        """Return what people call this contract: number, else title, else id."""
        return self.number or self.title or self.ref.id


CONTRACT_FIELDS = (
    "id",
    "number",
    "title",
    "customer",
    "status",
    "amount",
    "currency",
    "start",
    "end",
    "owner",
    "created",
    "modified",
)
"""The names by which every CRM's contracts can be filtered and shown."""
