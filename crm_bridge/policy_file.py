"""The `[policy]` table of the configuration, and the hold list that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from crm_bridge.domain.planning.approval import ApprovalRule
from crm_bridge.domain.planning.policy import Caps, DeletionPolicy, HoldEntry, Retention
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

Kind = Literal["signed_copy", "envelope", "payment", "order", "invoice"]
Percent = Annotated[int, Field(ge=1, le=100)]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[\w][\w .-]{0,63}$")]
Words = list[Annotated[str, StringConstraints(min_length=1, max_length=200)]]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
_TEXT_KEYS = {"reason", "why", "理由", "原因", "备注"}
_ID_KEYS = {"id", "number", "contract", "contract number", "合同编号", "编号"}


class RetentionTable(BaseModel):
    """One `[policy.retention.NAME]` table."""

    model_config = ConfigDict(extra="forbid")

    releases: list[Kind] = Field(min_length=1)
    ended_days: int = Field(default=0, ge=0)


class ApprovalTable(BaseModel):
    """One `[[policy.approvals]]` table: which plans need a second person, and whom."""

    model_config = ConfigDict(extra="forbid")

    needed: Count = 1
    of: Words = []
    contracts: int = Field(default=0, ge=0)
    amount: dict[Currency, Decimal] = {}
    step: Literal["", "trash", "purge"] = ""
    origin: Literal["", "person", "program"] = ""

    @model_validator(mode="after")
    def _enough(self) -> ApprovalTable:
        if self.of and len(set(self.of)) < self.needed:
            raise ValueError(_("more approvals are needed than there are names"))
        return self


class ConnectionPolicyTable(BaseModel):
    """The keys of a policy that each connection may set for itself; a key that is absent is that of `[policy]`."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    max_contracts: Count | None = None
    max_leaves: Count | None = None
    max_share: Percent | None = None
    share_from: Count | None = None
    max_per_customer: Count | None = None
    max_amount: dict[Currency, Decimal] | None = None
    protected_statuses: Words | None = None
    protected_owners: Words | None = None
    protected_customers: Words | None = None
    protected_names: Words | None = None
    min_age_days: int | None = Field(default=None, ge=0)
    hold_list: str | None = None
    """File of ids or numbers with reasons, relative to the state directory."""
    may_apply: Words | None = None
    may_purge: Words | None = None
    paper: list[Kind] | None = None
    paper_sources: dict[Kind, Words] | None = None
    no_paper: Words | None = None
    retention: dict[Name, RetentionTable] | None = None
    approvals: list[ApprovalTable] | None = None
    noise: Words | None = None
    ramp: list[Count] | None = None
    max_in_doubt_percent: Percent | None = None
    max_refused_percent: Percent | None = None
    bin_capacity: Count | None = None
    min_undo_days: int | None = Field(default=None, ge=0)
    plan_valid_hours: float | None = Field(default=None, gt=0, le=24 * 30)
    rehearse_above: int | None = Field(default=None, ge=0)

    @field_validator("max_amount", mode="before")
    @classmethod
    def _exact(cls, value: object) -> object:
        if isinstance(value, dict) and any(isinstance(one, bool | float) for one in value.values()):
            raise ValueError(_("an amount is a whole number, or a number in quotes"))
        return value

    @field_validator("max_amount")
    @classmethod
    def _not_negative(cls, value: dict[str, Decimal] | None) -> dict[str, Decimal] | None:
        if value and any(not one.is_finite() or one < 0 for one in value.values()):
            raise ValueError(_("an amount is a whole number, or a number in quotes"))
        return value


class PolicyTable(ConnectionPolicyTable):
    """The `[policy]` table: what holds for every connection that sets nothing else."""

    max_attachment_mb: Count | None = None


def policy_of(home: Path, general: PolicyTable, own: ConnectionPolicyTable | None) -> DeletionPolicy:
    """Return the policy of a connection: its own keys over those of `[policy]`.

    A hold list that cannot be read is a problem of the policy: nothing may be planned or deleted then,
    because contracts that are to stay would go. Restores do not ask.
    """
    given: dict[str, Any] = _set_keys(general) | (_set_keys(own) if own else {})
    caps = {name: given.pop(name) for name in Caps.__dataclass_fields__ if name in given}
    if "max_amount" in caps:
        caps["max_amount"] = tuple(sorted(caps["max_amount"].items()))
    path = given.pop("hold_list", None)
    holds, problem = _read_holds(home / Path(path).expanduser()) if path else ((), "")
    retention = given.pop("retention", {})
    sources = given.pop("paper_sources", {})
    approvals = given.pop("approvals", [])
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    plain |= {"caps": Caps(**caps)}
    return DeletionPolicy(
        **plain,
        holds=holds,
        problem=problem,
        retention=tuple(
            Retention(name, tuple(rule.releases), rule.ended_days) for name, rule in sorted(retention.items())
        ),
        approvals=tuple(
            ApprovalRule(
                **one.model_dump(exclude={"of", "amount"}),
                of=tuple(one.of),
                amount=tuple((currency, str(least)) for currency, least in sorted(one.amount.items())),
            )
            for one in approvals
        ),
        paper_sources=tuple((kind, tuple(words)) for kind, words in sorted(sources.items())),
    )


def _set_keys(table: BaseModel) -> dict[str, Any]:
    return {name: value for name in table.model_fields_set if (value := getattr(table, name)) is not None}


def _read_holds(path: Path) -> tuple[tuple[HoldEntry, ...], str]:
    try:
        return tuple(_holds(path)), ""
    except UsageError as problem:
        return (), _("the hold list cannot be read: {why}").format(why=problem.message)


def _holds(path: Path) -> Iterator[HoldEntry]:
    """Yield the entries of a hold list: `id or number, reason` a line, in CSV, with or without a header."""
    # Most policies have no hold list: its readers are loaded with the first one.
    from crm_bridge.spreadsheets.csv_table import cells_of, read_bytes
    from crm_bridge.spreadsheets.encodings import decode
    from crm_bridge.spreadsheets.guards import plain_key

    text = decode(read_bytes(path), name=path.name).text
    rows = list(cells_of(text, path.name)[1])
    key, why = 0, 1
    for place, (_line, cells) in enumerate(rows):
        if place == 0 and (named := columns_of_holds(cells)):
            key, why = named
            continue
        text_of_key = plain_key(cells[key]) if len(cells) > key else ""
        if text_of_key and not text_of_key.startswith("#"):
            yield HoldEntry(text_of_key, cells[why].strip() if 0 <= why < len(cells) else "")


def columns_of_holds(first: Sequence[str]) -> tuple[int, int] | None:
    """Return which columns of a hold list hold contract and reason (-1: none); None where its first row names none."""
    words = [cell.strip().lower().removeprefix("\ufeff") for cell in first]
    named = [index for index, word in enumerate(words) if word in _ID_KEYS]
    return (named[0], next((index for index, word in enumerate(words) if word in _TEXT_KEYS), -1)) if named else None
