"""A full copy of one contract: what is needed to bring it back, as bytes that came over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason

KEEP_DAYS = 365
"""How long contracts that were saved without a deletion are kept, unless said otherwise."""


class PartKind(StrEnum):
    """Kind of a part of a snapshot."""

    DETAIL = "detail"
    """Rows that live and die with the contract (subform rows, detail objects)."""
    RELATED = "related"
    """Records of their own that belong to a list of the contract; kept to be looked at and relinked."""
    NOTE = "note"
    LINK = "link"
    """Inbound references: (module, record id, field) triples that point at the contract."""
    ATTACHMENT_LIST = "attachment_list"
    TEAM = "team"
    EXTRA = "extra"
    """More of the record itself: further field slices, long texts in full."""


@dataclass(frozen=True, slots=True)
class SnapshotPart:
    """One answer (or the contract's share of it) as JSON bytes. `name` is the vendor's list, object or slice."""

    kind: PartKind
    name: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of the contract. The bytes are fetched when `chunks` is called, never held together.

    `name` is data from the CRM: it is shown and sent back, never used as a path. `sha256` is known once the
    bytes were read (a snapshot from the vault has it, one from a CRM has not); `size` is what the CRM says.
    """

    id: str
    name: str
    size: int | None
    source: str
    """Where it hangs: `attachments` for the record's list, else the name of the file field."""
    chunks: Callable[[], Iterator[bytes]] = field(repr=False, compare=False)
    sha256: str | None = None
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that hangs on a contract, and that its copy does not hold: known to be there, not to be had."""

    name: str
    """The vendor's list or object, or a file's name."""
    why: str
    """In words, with the number of rows where the CRM tells it."""
    file: bool = False
    """A file of which the copy has no bytes; else rows or values that may be anything."""
    elsewhere: bool = False
    """Other contracts have it, not this one: told before anything is confirmed, and holds nothing."""

    def text(self) -> str:
        """Return name and reason as one phrase."""
        return f"{self.name}: {self.why}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A contract with everything around it. `record` is the vendor's JSON object as received.

    `digest` is the drift digest of the record, the same function that `locate` and `find` use.
    """

    ref: ContractRef
    digest: str
    record: bytes = field(repr=False)
    parts: tuple[SnapshotPart, ...] = field(default=(), repr=False)
    attachments: tuple[Attachment, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """What is there and is not in the copy; a snapshot from the vault has none, the journal tells of them."""
    links: tuple[str, ...] = ()
    """Names of files that live elsewhere (in a drive, at an address): the copy holds their links, not their bytes."""
    unshown: tuple[str, ...] = ()
    """Lists that this CRM does not show of a contract in the bin; only a copy of one that is live can hold them."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No snapshot of this contract could be taken. `gone` means: it is not there, as far as can be seen."""

    ref: ContractRef
    reason: Reason
    message: str
    gone: bool = False

    def __post_init__(self) -> None:
        """Refuse an unknown reason."""
        Reason.check(self.reason)
