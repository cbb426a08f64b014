"""The seam of an adapter: six verbs, and the values they take and give.

An adapter knows one vendor and nothing of plans, journals or vaults. It sends each destructive or creating
request exactly once; it never decides twice about one record; what it cannot classify it calls unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from crm_bridge.domain.absence import Place as Place
from crm_bridge.domain.capabilities import Capabilities, Limits, Route, Step, Support
from crm_bridge.domain.contract import CONTRACT_FIELDS, Contract, ContractRef
from crm_bridge.domain.filters.tree import Filter
from crm_bridge.domain.planning.cost import CallCost
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.records.content import Content
from crm_bridge.domain.records.impact import Consequence
from crm_bridge.domain.snapshot import Snapshot, Unavailable
from crm_bridge.redaction import quoted, shown_code, shown_id


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field of the contract module, as its metadata says."""

    name: str
    label: str
    type: str
    meaning: str | None = None
    """The canonical contract field it is mapped to, if any."""
    writable: bool = True
    """Whether a re-created record can be given this value."""
    required: bool = False
    """Whether the CRM refuses a new record without it, and fills in nothing by itself."""
    options: tuple[tuple[str, str], ...] = ()
    """(value, label) pairs of a choice."""
    target: str = ""
    """The module that a reference points to."""


@dataclass(frozen=True, slots=True)
class RelationInfo:
    """One list or kind of records around a contract: details, notes, attachments, inbound references."""

    name: str
    label: str
    kind: str
    """One of the PartKind values, or `attachment`."""
    module: str
    saved: bool = True
    """Whether a snapshot holds it in full; False is said before the plan is confirmed."""
    changing: tuple[str, ...] = ()
    """Columns of its rows that the CRM sets itself when a row is made anew (numbers, times, authors)."""
    fields: tuple[FieldInfo, ...] = ()
    """The columns of its rows, where metadata tells them."""
    effects: Mapping[Step, Consequence] = field(default_factory=dict)
    """What each step does to its rows, where the vendor or the tenant's metadata says so."""
    files: tuple[str, ...] = ()
    """Columns of its rows whose files come back under new ids; those whose files do not are among `changing`."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Who is signed in, where, and what may be done there. Shown to people; only ids go into the journal."""

    user_id: str
    """The id of the signed-in user."""
    user_name: str
    """Personal: shown, never journaled."""
    org_id: str
    """The id of the organisation (tenant)."""
    org_name: str
    """What people call it."""
    environment: str
    """`production`, `sandbox`, `developer`, or `unknown`."""
    module: str
    """The vendor's name of the module or object that holds contracts."""
    module_label: str
    """The same as people see it."""
    fields: tuple[FieldInfo, ...]
    """The fields of the module."""
    relations: Sequence[RelationInfo]
    """What hangs on contracts. This, `warnings` and `assumptions` may be `Later`: finding them out can take minutes."""
    capabilities: Capabilities
    limits: Limits
    """Batch sizes, rates and quotas of this CRM."""
    may: Mapping[Step, Support]
    """Whether this user may do a step: FULL yes, ABSENT no, UNPROVEN the CRM does not tell beforehand."""
    ways: Mapping[Route, Support] = field(default_factory=dict)
    """Whether this user may take a way back; one that is not named is as the capabilities say."""
    warnings: Sequence[str] = ()
    """Sentences about this tenant that should be known before a plan."""
    assumptions: Sequence[str] = ()
    """Names of the switches this adapter relies on, `name=value`; the plan lists them."""
    calls_left: int | None = None
    """What is left of today's quota, where the CRM says so."""
    costs: Sequence[CallCost] = ()
    """The calls of a plan, from sign-in to verified; none where an adapter does not tell beforehand. May be `Later`."""
    why: Mapping[Step, str] = field(default_factory=dict)
    """For steps that `may` calls ABSENT: what is missing, and who can give it."""
    content: Content | None = None
    """What of a row is the record; the same that the adapter's digests are made with. None: every key counts."""

    @property
    def field_map(self) -> dict[str, str | None]:
        """Return the vendor field that stands for each field of every contract; None where the module has none."""
        mapped = {field.meaning: field.name for field in self.fields if field.meaning}
        return {meaning: mapped.get(meaning) for meaning in CONTRACT_FIELDS if meaning != "id"}


@dataclass(frozen=True, slots=True)
class Query:
    """A query: a filter, words, or ids. Words use the CRM's search index, which may lag."""

    where: Filter | None = None
    words: str | None = None
    ids: tuple[str, ...] | None = None
    states: bool = False
    """Also find out where each contract stands (lock, approval, process, sharing), even if that takes calls."""
    count_only: bool = False
    """Instead of contracts, only how many the filter selects: one empty page with `Completeness.expected`.

    With `deleted_since`: how many records the bin holds, whenever they were deleted.
    """
    leaves_of: tuple[str, ...] | None = None
    """Instead of contracts, only how many lines, notes and files hang on these, or with no id on the whole module.

    One empty page: `Completeness.expected` counts what the CRM counts without showing it, `uncounted` names the rest.
    """
    deleted_since: datetime | None = None
    """Instead of contracts, list what the CRM says was deleted in the contract module since then: `Page.deleted`."""
    besides: Collection[str] | None = None
    """With `deleted_since`: only deletions of other records than these, and only where it is told who did them.

    The rest may be left out where that saves calls, and need not be.
    """


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether a listing can be trusted to be whole: the cursor ended, and an independent count agrees."""

    proven: bool
    seen: int
    expected: int | None
    how: str
    uncounted: tuple[str, ...] = ()
    """Labels of lists that the CRM does not count, in the answer to `Query.leaves_of`."""
    counts: Mapping[str, tuple[int | None, int]] = field(default_factory=dict)
    """Rows of each list by its name, and the calls that counting them took, in the same answer."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where one record is, and what the CRM says about how it got there."""

    ref: ContractRef
    place: Place
    digest: str | None = None
    """Drift digest of a live record."""
    activity: str | None = None
    """What a live record says about activity around it (`Content.activity_of`); None where it says nothing."""
    by: str | None = None
    """User id of whoever deleted it, where the CRM tells; of its last editor, where `who_deleted` is not FULL."""
    at: datetime | None = None
    """When, by our clock: corrected by how far the CRM's is from it. Only a bin or a list of deletions tells it."""
    until: datetime | None = None
    """When the CRM empties it from the bin."""
    reason: Reason | None = None
    """Why it is there, where the CRM says so: merged, or what keeps it from being read."""
    note: str = ""
    mark: str = ""
    """Tells one state of the record from the next, such as the moment of its last change: no news, the same mark."""
    into: str = ""
    """Id of the record that it was merged into, where the CRM tells; `reason` is then MERGED."""

    @property
    def listed(self) -> bool:
        """Return whether the bin or a list of deletions names it: more than that nothing was found under its id."""
        return self.place is Place.IN_BIN or (self.place is Place.GONE and self.at is not None)


def unseen(seen: Whereabouts | None) -> Reason:
    """Return why a record could not be seen: what the CRM says about it, else that it is hidden or unreadable."""
    if seen is None:
        return Reason.UNREADABLE
    return seen.reason or (Reason.NOT_VISIBLE if seen.place is Place.NOT_VISIBLE else Reason.UNREADABLE)


@dataclass(frozen=True, slots=True)
class UnreadableContract:
    """A row of a listing with a value that cannot be read for certain: counted and named, never selected."""

    id: str
    """Empty where the id itself cannot be read."""
    position: int
    """Place in the listing, from 1."""
    reason: str
    """surrogate, syntax, constant, number, duplicate_key, contradiction."""
    raw: bytes = field(default=b"", repr=False)
    """The row as it came."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some contracts of a listing; only the last page carries `completeness`, which counts unreadable rows too."""

    contracts: tuple[Contract, ...]
    completeness: Completeness | None = None
    unreadable: tuple[UnreadableContract, ...] = ()
    deleted: tuple[Whereabouts, ...] | None = None
    """Deletions, where the query asked for them; older ones may be among them. None = this is no such listing."""


@dataclass(frozen=True, slots=True)
class Search:
    """A running listing: what the CRM evaluates, what is left to us, and the pages as they come.

    `pages` may hold contracts that do not match: the core applies the whole filter again.
    """

    pushed: str
    residual: Filter | None
    pages: Iterator[Page]
    lag_seconds: int | None = None
    """Known or suspected delay of the index behind this listing; None = reads the records themselves."""
    remarks: Collection[str] = ()
    """What people should know about this listing; may grow while it runs."""


class Verdict(StrEnum):
    """Verdict on one record in one destructive or creating call."""

    DONE = "done"
    NOT_DONE = "not_done"
    """Proven: refused before execution. `reason` says why, `retry` whether a new attempt can help."""
    PENDING = "pending"
    """The CRM started an approval instead."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RemoveResult:
    """The CRM's word on one record. `message` and `hint` are ours."""

    ref: ContractRef
    verdict: Verdict
    code: str = ""
    reason: Reason | None = None
    message: str = ""
    hint: str = ""
    vendor_message: str = ""
    """The CRM's own sentence with what it names (field, list, layout): quoted, never journaled, logged or raised."""
    request_id: str = ""
    retry: bool = False
    halt: bool = False
    """The same would happen to every other record: stop the run."""

    def __post_init__(self) -> None:
        """Refuse an unknown reason; take out of code and request id what does not belong there: both are shown."""
        Reason.check(self.reason)
        object.__setattr__(self, "code", shown_code(self.code))
        object.__setattr__(self, "request_id", shown_id(self.request_id))
        object.__setattr__(self, "vendor_message", quoted(self.vendor_message))


Guard = Callable[[Sequence[str]], None]
"""Called with the ids of the contracts that a request removes, at the last moment before its first byte leaves.

Raises NotSentError where they must not be removed any more: the look at them is too old, the plan is past its time,
the run is to stop. The transport calls it for every request that carries it (`Call.guard`).
"""


def unguarded(_ids: Sequence[str]) -> None:
    """Let every request leave."""


@dataclass(frozen=True, slots=True)
class RemoveOptions:
    """How to remove: automations off unless wanted, the CRM's fast path only when asked for."""

    automations: bool = False
    fast: bool = False
    guard: Guard = unguarded
    """Goes into every request that removes something; what it keeps back is answered with its own reason."""


class LookDepth(StrEnum):
    """How closely to look: the live record only, or the bin and the deleted list as well."""

    LIVE = "live"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class Observation:
    """The result of one look. Absence counts only while `control` was readable in the same look."""

    places: Mapping[str, Whereabouts]
    """By record id; every id that was asked for is there."""
    control: str | None
    """Id of a contract outside the selection that was readable, or None when none could be read."""
    stand_in: str | None = None
    """Where there is no such contract: id of a record of another kind (a customer, the user) that was readable.

    It shows that the CRM answers, and nothing about contracts: absence then takes a bin or a list of deletions.
    """


@dataclass(frozen=True, slots=True)
class RestoreItem:
    """One contract to bring back. `snapshot` is needed to re-create; `marker` finds an earlier copy."""

    ref: ContractRef
    marker: str
    """Empty for a contract that is made for the first time: nothing is compared, and no copy looked for."""
    snapshot: Snapshot | None = None
    look_first: bool = False
    """An earlier attempt may have created it: search the marker before creating."""
    since: datetime | None = None
    """With `look_first`: when the first attempt was intended, made earlier by what clocks may differ."""
    owner: str | None = None
    """User id that gets a contract whose own owner the CRM does not take any more; None: whoever the CRM chooses."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """Old id -> new id of records that were re-created before this one."""
    relink: bool | None = None
    """Whether references of other records are set to the new id; None: as the connection is configured."""
    copy: ContractRef | None = None
    """Where the contract is now. Then nothing is created: only the references in `snapshot` are set to it."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Result of bringing one contract back. `ids` maps old ids to new ones, details included."""

    ref: ContractRef
    verdict: Verdict
    new_ref: ContractRef | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    """What could not be brought back, in words."""
    code: str = ""
    reason: Reason | None = None
    message: str = ""
    hint: str = ""
    vendor_message: str = ""
    """The CRM's own sentence, as in an Answer."""

    def __post_init__(self) -> None:
        """Refuse an unknown reason; make the CRM's sentence fit to be quoted."""
        Reason.check(self.reason)
        object.__setattr__(self, "vendor_message", quoted(self.vendor_message))


class Adapter(Protocol):
    """Six verbs, and `prepare`. Everything else (plans, confirmation, journal, vault, evidence) is the core's."""

    def whoami(self) -> Profile:
        """Sign in and say who, where, and what this user may do. Cached by the adapter for its lifetime.

        Raises SignInError, PermissionDeniedError, UsageError (no or several contract modules fit).
        """
        ...

    def find(self, query: Query) -> Search:
        """Start a listing. Vendor fields that do not exist are a UsageError before the first page.

        With `deleted_since`, NotAvailableError where the CRM lists no deletions, PermissionDeniedError where it
        does not show them to this user; both may also come with the first page.
        """
        ...

    def snapshot(self, refs: Sequence[ContractRef], *, final: bool = False) -> Iterator[Snapshot | Unavailable]:
        """Copy contracts with everything around them, one result per ref, in any order.

        What is there and cannot be had is a gap of the copy, by name. `final`: the last copies before a deletion for
        good, so that more calls may be spent to find out what this user is not shown; with
        `Capabilities.shows_bin` contracts in the bin are copied too.
        """
        ...

    def prepare(self, act: Step | Route, count: int, *, options: RemoveOptions) -> int:
        """Get ready to remove or bring back up to `count` contracts; return for how many requests may be sent at once.

        Called before the last look, so that nothing which takes time comes after it: a token that is good for a
        minute is at hand, and there is room in the CRM's rate windows (`Transport.room`) for at least one contract.
        Changes nothing. Raises TenantChangedError, SignInError, RateLimitedError, NotSentError.
        """
        ...

    def remove(self, step: Step, refs: Sequence[ContractRef], *, options: RemoveOptions) -> Sequence[RemoveResult]:
        """Do one step for one batch (at most the limit of that step): one send, one answer per ref.

        Every request carries `options.guard` with the ids in it. Up to five batches are removed side by side, each in
        a thread of its own; where a batch is several calls (`Limits.trash_ids_per_call`), one at a time.

        Raises NotSentError (nothing reached the CRM) or AnswerLostError (anything may have happened).
        """
        ...

    def locate(self, refs: Sequence[ContractRef], *, look: LookDepth, since: datetime | None = None) -> Observation:
        """Return where each record is now, by id, never through a search index. Missing is a value, not an error.

        `since`: deletions before that moment need not be listed.
        """
        ...

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Restore by one route, automations off where the CRM allows it; one result per item.

        Re-creating is re-entrant: with `look_first` an earlier copy is found by its marker, or by what was sent, and
        completed; where a record may be the copy, the answer is UNKNOWN with POSSIBLE_COPY and nothing is made.
        A value that the CRM does not take any more is left out and named in `lost`; the rest comes back.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
