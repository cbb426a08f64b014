"""Documents of `--json`: a dataclass for each schema. JSON Schema files and the reference page are made from them.

Keys may be added within a version, so a schema allows keys that are not here. What has a default may be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import Field

T = TypeVar("T")

DOCUMENTS: dict[str, tuple[type, str]] = {}
"""Schema name -> its dataclass, and the commands that print it."""


def document(schema: str, printed_by: str) -> Callable[[type[T]], type[T]]:
    """Return a decorator that enters a dataclass under its schema name."""

    def enter(kind: type[T]) -> type[T]:
        DOCUMENTS[f"crm-bridge.{schema}"] = kind, printed_by
        return kind

    return enter


@dataclass
class CardDocument:
    """The fields by which people know a contract."""

    id: str
    number: str
    title: str
    customer: str
    status: str | None
    amount: str | None
    currency: str | None
    start: str | None
    end: str | None
    owner: str | None
    created: str | None
    modified: str | None


@dataclass
class SavedFileDocument:
    """A file of a contract."""

    id: str
    name: str
    size: int | None
    source: str


@document("contract/1", "`find` (a line each), `show`")
@dataclass
class ContractDocument:
    """A contract. From `may_be_deleted` on: `show` only."""

    id: str
    number: str
    title: str
    customer: str
    status: str | None
    amount: str | None
    currency: str | None
    start: str | None
    end: str | None
    owner: str | None
    created: str | None
    modified: str | None
    state: str
    may_be_deleted: str | None = None
    obstacle: str | None = None
    who_can_help: str | None = None
    digest: str | None = None
    raw: dict[str, Any] | None = None
    parts: dict[str, int] | None = None
    attachments: list[SavedFileDocument] | None = None


@dataclass
class ForecastRowDocument:
    """What becomes of one thing on each way back."""

    kind: str
    thing: str
    label: str
    untrash: str
    recreate: str


@dataclass
class ForecastDocument:
    """What each way back will bring back."""

    untrash: str
    recreate: str
    bin_days: int | None
    until: str | None
    rows: list[ForecastRowDocument]


@dataclass
class CapsDocument:
    """How much one plan may be."""

    max_contracts: int | None
    max_leaves: int | None
    max_share: int | None
    max_per_customer: int | None
    max_amount: dict[str, Any]


@dataclass
class ApprovalDocument:
    """One approval; `problem` says why it does not count."""

    name: str
    key: str
    at: str
    expires: str
    problem: str | None


@document("approvals/1", "`approvals list`")
@dataclass
class ApprovalsDocument:
    """The approvals behind a plan, and the rules that are not fulfilled."""

    digest: str
    count: int
    approvals: list[ApprovalDocument]
    missing: list[str]


@document("approval-key/1", "`approvals key`")
@dataclass
class ApprovalKeyDocument:
    """What the author of a plan needs of an approver."""

    key: str
    fingerprint: str
    reader: str


@dataclass
class MemberDocument:
    """Someone who may approve plans."""

    name: str
    key: str
    reader: str
    user: str


@document("team/1", "`team list`")
@dataclass
class TeamDocument:
    """Everybody who may approve plans."""

    members: list[MemberDocument]


@dataclass
class OddityDocument:
    """One reason why a contract is not like the others of its plan."""

    rule: str
    message: str


@document("outlier/1", "`plan outliers` (a line each)")
@dataclass
class OutlierDocument:
    """A contract of a plan that is not like the others."""

    id: str
    number: str | None
    acknowledged: bool
    reasons: list[OddityDocument]


@document("plan-outline/1", "`plan show` without the plan's key")
@dataclass
class PlanOutlineDocument:
    """As much of another installation's plan as stands in clear."""

    digest: str
    count: int
    connection: str
    step: str
    rule: str
    origin: str
    made_at: str
    expires_at: str
    ids: list[str]


@document("plan/1", "`plan`, `plan show`, `delete` before it is confirmed")
@dataclass
class PlanDocument:
    """An immutable plan."""

    digest: str
    count: int
    phrase: str
    file: str
    id: str
    connection: str
    adapter: str
    org: str
    module: str
    user: str
    environment: str
    step: str
    automations: bool
    fast: bool
    made_at: str
    expires_at: str
    assumptions: list[str]
    facts: dict[str, Any] | None
    side_effects: list[str]
    rule: str
    origin: str
    forecast: ForecastDocument
    where: str
    reason: str
    author: str
    amounts: dict[str, str]
    notes: dict[str, Any]
    predicted: dict[str, Any] | None = None
    rehearsal: dict[str, Any] | None = None
    contracts: list[CardDocument] | None = None


@dataclass
class OutcomeDocument:
    """What became of one contract in a run."""

    id: str
    number: str
    title: str
    customer: str
    status: str | None
    amount: str | None
    currency: str | None
    start: str | None
    end: str | None
    outcome: str
    evidence: str | None
    attempts: int
    reason: str | None
    code: str | None
    remark: str | None
    advice: str | None
    vendor_message: str | None = None


@dataclass
class UndoDocument:
    """How a run is brought back, until when, and what will not be the same."""

    command: str
    route: str
    bin_until: str | None
    backup_until: str | None
    not_the_same: dict[str, str]


@document("run/1", "`apply`, `delete`, `status`, `resume`, `verify`")
@dataclass
class RunDocument:
    """A run, with what became of each contract."""

    run_id: str
    plan: str
    connection: str
    complete: bool
    counts: dict[str, int]
    outcomes: list[OutcomeDocument]
    receipt: str | None
    undo: UndoDocument | None


@dataclass
class RunRowDocument:
    """One run in a list."""

    run_id: str
    connection: str
    started: str
    count: int
    step: str
    complete: bool
    plan: str


@document("runs/1", "`status --runs`")
@dataclass
class RunsDocument:
    """All runs of a state directory."""

    runs: list[RunRowDocument]


@dataclass
class RestoredDocument:
    """What became of one contract in a restore."""

    id: str
    route: str | None
    result: str
    new_id: str | None
    reason: str | None
    lost: list[str]
    until: str | None = None
    number: str | None = None
    measured: dict[str, Any] | None = None
    same_number: list[Any] | None = None


@document("restore/1", "`restore`")
@dataclass
class RestoreDocument:
    """A restore, with what was measured afterwards."""

    run_id: str
    dry_run: bool
    outcomes: list[RestoredDocument]
    measured: dict[str, int]


@document("relink/1", "`restore --relink`")
@dataclass
class RelinkDocument:
    """References of other records, pointed at contracts that came back."""

    run_id: str
    digest: str
    count: int


@document("receipt/2", "`receipt show` (one line, before those of the contracts)")
@dataclass
class ReceiptDocument:
    """The signed statement (in-toto)."""

    type: Annotated[str, Field(alias="_type")]
    predicateType: str  # noqa: N815 - in-toto's spelling
    predicate: dict[str, Any]
    subject: list[dict[str, Any]]


@document("receipt-line/1", "`receipt show` (a line per contract)")
@dataclass
class ReceiptLineDocument:
    """What a receipt says of one contract."""

    record: str
    outcome: str
    evidence: str | None
    attempts: int


@document("receipt-withdrawal/1", "`receipt show` (a line per contract of which a later entry says something else)")
@dataclass
class ReceiptWithdrawalDocument:
    """A later entry that withdraws a line."""

    record_id: str
    entry: int
    at: str
    said: str
    now: str


@document("receipt-envelope/1", "`receipt issue`; with `--output` only `file`")
@dataclass
class ReceiptEnvelopeDocument:
    """The DSSE envelope of a receipt."""

    payloadType: str | None = None  # noqa: N815 - DSSE's spelling
    payload: str | None = None
    signatures: list[dict[str, str]] | None = None
    file: str | None = None


@dataclass
class OutcomeCountDocument:
    """How many contracts have one outcome and evidence."""

    outcome: str
    evidence: str | None
    count: int


@document("receipt-check/2", "`receipt verify`")
@dataclass
class ReceiptCheckDocument:
    """Whether a receipt is true; `lines` says whether they were compared."""

    signature: bool
    inclusion: bool
    entry: int
    journal: str
    keys: list[str]
    run: str
    contracts: int
    whole_run: bool
    lines: bool
    outcomes: list[OutcomeCountDocument]


@dataclass
class ConnectionRowDocument:
    """One connection in a list."""

    name: str
    adapter: str
    origins: list[str]


@document("connections/1", "`connections list`")
@dataclass
class ConnectionsDocument:
    """All connections."""

    connections: list[ConnectionRowDocument]


@document("connection/1", "`connections add`, `connections edit`, `connections remove`")
@dataclass
class ConnectionDocument:
    """One connection that was added or removed."""

    name: str
    file: str
    removed: bool | None = None
    adapter: str | None = None
    origins: list[str] | None = None


@document("profile/1", "`connections show`, `connections test`")
@dataclass
class ProfileDocument:
    """Who is signed in, where, and what may be done there."""

    name: str
    user_id: str
    user: str
    org_id: str
    org: str
    environment: str
    module: str
    module_label: str
    may: dict[str, str]
    fields: dict[str, Any]
    field_map: dict[str, str | None]
    relations: list[dict[str, Any]]
    assumptions: list[str]
    warnings: list[str]
    ok: bool | None = None


@document("adapters/1", "`adapters`")
@dataclass
class AdaptersDocument:
    """Which CRMs there are."""

    adapters: list[dict[str, str]]


@document("adapter/1", "`adapters show`")
@dataclass
class AdapterDocument:
    """What one CRM can do, with sources."""

    name: str
    title: str
    about: str
    capabilities: dict[str, dict[str, str]]
    limits: dict[str, Any]
    side_effects: list[dict[str, str]]
    returns: dict[str, dict[str, dict[str, str]]]
    secrets: list[dict[str, Any]]
    errors: list[dict[str, str]]
    open_questions: list[dict[str, Any]]


@dataclass
class DoctorCheckDocument:
    """One check: ok, warning or problem."""

    check: str
    level: str
    says: str
    hint: str


@document("doctor/1", "`doctor`")
@dataclass
class DoctorDocument:
    """What a connection needs."""

    connection: str | None
    worst: str
    checks: list[DoctorCheckDocument]


@dataclass
class FactDocument:
    """One question that the vendor does not answer, with what was observed."""

    question: str
    about: str
    standing: str
    value: str
    settings: dict[str, Any]
    evidence: list[str]
    why: str
    at: str


@dataclass
class ProofStepDocument:
    """One step of the journey of contracts of our own."""

    step: str
    worked: bool
    why: str


@document("proof/1", "`prove`")
@dataclass
class ProofDocument:
    """What was observed on a tenant; nothing in it but `connection` names anything of the tenant."""

    adapter: str
    environment: str
    began: str
    calls: int
    left: int
    steps: list[ProofStepDocument]
    facts: list[FactDocument]
    connection: str = ""


@document("proof-cleaned/1", "`prove --clean`")
@dataclass
class ProofCleanedDocument:
    """What became of contracts that interrupted proofs created."""

    connection: str
    proofs: int
    left: int


@document("auth-status/1", "`auth status`")
@dataclass
class AuthStatusDocument:
    """Where each secret comes from."""

    secrets: list[dict[str, Any]]


@document("keys/1", "`keys init`, `keys show`")
@dataclass
class KeysDocument:
    """The program's own keys, without secrets."""

    keys: list[dict[str, Any]]


@document("login/1", "`login`")
@dataclass
class LoginDocument:
    """A sign-in that was kept."""

    name: str
    kept: dict[str, str]


@document("logout/1", "`logout`")
@dataclass
class LogoutDocument:
    """A sign-in that was forgotten."""

    name: str


@document("backup/1", "`backup`")
@dataclass
class BackupDocument:
    """A set that was saved without deleting."""

    connection: str
    name: str
    set: str
    digest: str
    count: int
    attachments: int
    bytes: int
    keep_until: str
    verified: bool
    complete: bool
    unsaved: list[Any]
    missing: list[str]


@document("export/1", "`backup --format`")
@dataclass
class ExportDocument:
    """Contracts written to a file for people."""

    connection: str
    format: str
    file: str
    count: int
    complete: bool
    missing: list[str]


@dataclass
class SetRowDocument:
    """One backup set in a list."""

    set: str
    created: str
    connection: str
    run_id: str
    count: int
    bytes: int
    complete: bool
    shredded: bool
    keep_until: str | None


@document("vault/1", "`vault list`, `vault fetch`")
@dataclass
class VaultDocument:
    """Backup sets."""

    count: int
    sets: list[SetRowDocument]


@document("vault-set/1", "`vault show`")
@dataclass
class VaultSetDocument:
    """One backup set with its contracts."""

    set: str
    digest: str
    contracts: list[dict[str, Any]]
    created: str
    connection: str
    run_id: str
    count: int
    bytes: int
    complete: bool
    shredded: bool
    keep_until: str | None


@document("vault-check/1", "`vault check`")
@dataclass
class VaultCheckDocument:
    """Whether sets are whole."""

    ok: bool
    count: int
    sets: list[dict[str, Any]]


@document("vault-copy/1", "`vault copy`")
@dataclass
class VaultCopyDocument:
    """Sets that were copied to an object store."""

    count: int
    sets: list[Any]


@document("vault-plan/1", "`vault prune`, `vault shred`")
@dataclass
class VaultPlanDocument:
    """Sets that are to end, or have ended."""

    deed: str
    digest: str
    phrase: str
    count: int
    contracts: int
    sets: list[SetRowDocument]
    done: bool
    cannot_reach: list[str] | None = None


@document("journal-entry/1", "`journal list` (a line per contract)")
@dataclass
class JournalEntryDocument:
    """An entry, with the facts of one contract."""

    seq: int
    ts: str
    op: str
    run: str | None
    plan: str | None
    record_id: str | None
    place: int | None
    attempt: int | None
    body: dict[str, Any]


@dataclass
class JournalFindingDocument:
    """One thing that is wrong with a journal."""

    code: int
    where: str
    what: str


@document("journal-check/1", "`journal check`")
@dataclass
class JournalCheckDocument:
    """What a journal is, and everything that is wrong with it."""

    code: int
    summary: str
    origin: str
    size: int
    root: str
    keys: list[str]
    key_was_given: bool
    findings: list[JournalFindingDocument]
    open_intents: list[dict[str, Any]]


@document("journal-export/1", "`journal export`")
@dataclass
class JournalExportDocument:
    """A journal that was written to a file."""

    entries: int
    file: str
    key: str


@document("journal-key/1", "`journal rotate-key`")
@dataclass
class JournalKeyDocument:
    """The key that took over."""

    entry: int
    old: str
    new: str


@document("journal-renewed/1", "`journal renew`")
@dataclass
class JournalRenewedDocument:
    """A new journal, and where the old one lies."""

    set_aside: list[str]


@document("deletions/1", "`journal reconcile CONNECTION`")
@dataclass
class DeletionsDocument:
    """The CRM's list of deletions beside the journal."""

    since: str
    counts: dict[str, int]
    complete: bool
    deletions: list[dict[str, Any]]
    remarks: list[str]


@document("review/1", "`review`")
@dataclass
class ReviewDocument:
    """What was deleted in a period, and what of it deserves a look."""

    first_entry: int
    last_entry: int
    since: str
    until: str
    signed_off_before: dict[str, Any] | None
    outcomes: dict[str, int]
    vault_checked: bool
    urgent: int
    runs: list[dict[str, Any]]
    concerns: list[dict[str, Any]]
    signed_off: dict[str, Any] | None = None


@document("objection/1", "`object`")
@dataclass
class ObjectionDocument:
    """An objection, and whether it holds the contract."""

    id: str
    number: str
    held: bool
    deadline: str


@document("watch/1", "`verify --watch`")
@dataclass
class WatchDocument:
    """What looks at runs found, days later."""

    runs: list[dict[str, Any]]


@document("timers/1", "`watch install`")
@dataclass
class TimersDocument:
    """Files that let the machine look every day."""

    kind: str
    files: dict[str, str]
    folder: str | None


@document("notices/1", "`notify send --preview`")
@dataclass
class NoticesDocument:
    """Messages as they would be sent."""

    notices: list[dict[str, Any]]


@document("deliveries/1", "`notify send`, `notify test`, `notify list`")
@dataclass
class DeliveriesDocument:
    """What became of messages."""

    deliveries: list[dict[str, Any]]


@document("policy/1", "`policy show`")
@dataclass
class PolicyDocument:
    """The policy that holds for a connection."""

    connection: str
    digest: str
    name: str
    caps: CapsDocument
    holds: list[Any]
    retention: list[dict[str, Any]]
    ramp: list[int]
    noise: list[str]


@document("policy-check/1", "`policy check`")
@dataclass
class PolicyCheckDocument:
    """What a policy names and the CRM does not know."""

    connection: str
    findings: list[Any]


@document("policy-explained/1", "`policy explain`")
@dataclass
class PolicyExplainedDocument:
    """Which rules hold one contract."""

    id: str
    number: str
    leaves: int
    held_by: list[Any]


@document("failpoints/1", "`debug failpoints`")
@dataclass
class FailpointsDocument:
    """Places where a test can stop the program."""

    failpoints: list[str]
    actions: list[str]


@document("demo/1", "`demo`")
@dataclass
class DemoDocument:
    """The whole journey on stand-ins."""

    home: str
    journeys: list[dict[str, Any]]


@document("error/1", "every command that fails, as the last line of standard error")
@dataclass
class ErrorDocument:
    """What happened and what to do next."""

    error: str
    reason: str
    message: str
    hint: str | None = None
    vendor_code: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None
    choices: list[dict[str, str]] | None = None
