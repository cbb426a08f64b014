"""One connection: what is there, plans for it, and the verbs that carry plans out or take them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from crm_bridge.bridge.run_verbs import Confirm, RunVerbs
from crm_bridge.bridge.wanted import Wanted, is_id
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.labels import has_labels, suggestions, without_labels
from crm_bridge.domain.filters.tree import Filter
from crm_bridge.domain.filters.where import where
from crm_bridge.domain.given_text import check_text
from crm_bridge.domain.snapshot import KEEP_DAYS
from crm_bridge.errors import (
    AmbiguousContractError,
    Choice,
    ConfirmationError,
    CrmBridgeError,
    NothingMatchedError,
    UsageError,
)
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.plan_result import Plan
    from crm_bridge.bridge.proving.proof import Proof, ProvingPlan
    from crm_bridge.bridge.run_result import Run
    from crm_bridge.domain.planning.obstacles import Deletability
    from crm_bridge.domain.snapshot import Snapshot
    from crm_bridge.pipeline.deleting.saving import Saved
    from crm_bridge.pipeline.find import Selection
    from crm_bridge.pipeline.restoring.staging import Rehearsal, Stage
    from crm_bridge.spi.adapter import Profile

_DIGEST = 64
"""Hex digits of a plan's digest."""


class RaisedCaps(TypedDict, total=False):
    """Caps of the policy that one plan sets for itself; None = as the policy says."""

    max_contracts: int | None
    max_leaves: int | None
    max_share: int | None
    max_per_customer: int | None
    max_amount: Mapping[str, Decimal | int] | None


@dataclass(frozen=True, slots=True)
class Details:
    """One contract with everything around it."""

    contract: Contract
    """The contract, with its state."""
    snapshot: Snapshot
    """Record, lines, notes, links and files, as a backup holds them."""
    deletable: Deletability
    """Whether this user may move it to the bin, as far as the CRM tells beforehand."""
    profile: Profile
    """The user and the module: labels of fields and lists."""


class Connection(RunVerbs):
    """A signed-in tenant. Signing in happens at the first call that needs it."""

    def find(
        self,
        *filters: Filter | str,
        words: str | None = None,
        ids: Iterable[str] | None = None,
        numbers: Iterable[str] | None = None,
        limit: int | None = None,
    ) -> Selection:
        """Stream the contracts that match all filters (trees or filter text), some words, these ids and numbers.

        Without any of them, every contract. `limit` ends the stream after so many that match; ids and numbers that
        were not found are named by the selection.

        >>> [contract.number for contract in crm.find(where.amount > 100_000, "currency = 'EUR'", limit=2)]
        ['HT-2025-0001', 'HT-2023-0004']
        """
        return self._select(self._wanted(filters, words, ids, numbers), limit=limit)

    def _wanted(
        self,
        filters: tuple[Filter | str, ...],
        words: str | None,
        ids: Iterable[str] | None,
        numbers: Iterable[str] | None,
    ) -> Wanted:
        prefix = self._bridge.resolved(self.name).spec.exported_id_prefix
        wanted = Wanted.of(filters, words=words, ids=ids, numbers=numbers, id_prefix=prefix)
        if not any(map(has_labels, wanted.filters)):
            return wanted
        fields = self.profile().fields
        return replace(wanted, filters=tuple(without_labels(one, fields) for one in wanted.filters))

    def _select(self, wanted: Wanted, *, limit: int | None = None, states: bool = False) -> Selection:
        from crm_bridge.pipeline.find import find_contracts

        bridge = self._bridge
        return find_contracts(
            bridge.adapter(self.name),
            wanted.query(states=states),
            limit=limit,
            numbers=wanted.numbers,
            progress=self._progress,
            stop=self._stop,
            seen=wanted.seen,
            meant=lambda: [pair for one in wanted.filters for pair in suggestions(one, self.profile().fields)],
        )

    def prove(
        self,
        *,
        confirm: Callable[[ProvingPlan], str] | str | None = None,
        template: str = "",
        production: bool = False,
    ) -> Proof:
        """Look into what the vendor does not publish, and keep what was observed as facts.

        Plans use the facts for 90 days, in place of assumptions. Without `confirm` nothing is changed. With it, three
        contracts are created (like the contract `template`, else from the required fields), go through every step of
        the product, and are removed; `confirm` returns the phrase of the plan that it is given, or is the phrase.
        Where it is no sandbox, `production` has to say so. Raises NotAvailableError, ConfirmationError, GuardError.

        >>> proof = crm.prove()
        >>> proof.calls <= 80, proof.steps
        (True, ())
        >>> crm.prove(confirm=lambda plan: plan.phrase).worked
        True
        """
        from crm_bridge.bridge.proving.proving import prove

        return prove(self._bridge, self, confirm=confirm, template=template, production=production)

    def clean(self) -> tuple[int, int]:
        """Remove what proofs that were interrupted created; return how many proofs that were, and what is left.

        >>> crm.clean()
        (0, 0)
        """
        from crm_bridge.bridge.proving.proving import clean

        return clean(self._bridge, self)

    def get(self, wanted: str) -> Contract:
        """Return the one contract with this id or number. Raises NothingMatchedError, AmbiguousContractError.

        >>> crm.get("HT-2025-0001").currency
        'EUR'
        """
        found: list[Contract] = [*self.find(ids=[wanted])] if _looks_like_id(wanted) else []
        found = found or self._by_number(wanted)
        if not found and is_id(wanted) and not _looks_like_id(wanted):
            found = [*self.find(ids=[wanted])]
        if not found:
            raise NothingMatchedError(
                _("there is no contract {wanted} in {name}").format(wanted=wanted, name=self.name),
                hint=self._where_it_went(wanted),
            )
        if len(found) > 1:
            raise AmbiguousContractError(
                _("{count} contracts have the number {wanted}").format(count=len(found), wanted=wanted),
                candidates=tuple(contract.id for contract in found),
                choices=tuple(
                    Choice(self.name, one.id, one.number, one.customer, one.start.isoformat() if one.start else "")
                    for one in found
                ),
                hint=_("name one by its id: {ids}").format(ids=", ".join(contract.id for contract in found)),
            )
        return found[0]

    def _where_it_went(self, wanted: str) -> str:
        gone = self._bridge.removed(wanted, connection=self.name)
        hint = (
            _("run {run} deleted it; bring it back with `crm-bridge restore {name} {wanted}`")
            if gone
            else _("look for it with `crm-bridge find {name}`")
        )
        return hint.format(name=self.name, wanted=wanted, run=gone[-1] if gone else "")

    def _by_number(self, wanted: str) -> list[Contract]:
        """Return the contracts with a number; none where the module has no field for it."""
        try:
            return [*self.find(where.number == wanted, limit=10)]
        except UsageError as error:
            if error.reason != "no_such_field":
                raise
            return []

    def show(self, wanted: str) -> Details:
        """Return one contract with its lines, notes, attachments and links, by id or number.

        >>> details = crm.show("HT-2025-0001")
        >>> details.deletable.support.value, len(details.snapshot.attachments)
        ('full', 2)
        """
        from crm_bridge.domain.planning.obstacles import deletability
        from crm_bridge.domain.snapshot import Unavailable

        found = self.get(wanted)
        # Where it stands takes calls of its own at some CRMs; only here somebody wants to know.
        contract = next(iter(self._select(self._wanted((), None, [found.id], None), states=True)), found)
        profile = self._bridge.profile(self.name)
        judged = deletability(contract.state, Step.TRASH, may=profile.may, why=profile.why)
        if judged.reason is not None and not judged.hint:
            judged = replace(judged, hint=self._who_keeps(contract))
        for copy in self._bridge.adapter(self.name).snapshot([contract.ref]):
            if isinstance(copy, Unavailable):
                raise NothingMatchedError(copy.message, reason=copy.reason)
            return Details(contract, copy, judged, profile)
        raise NothingMatchedError(_("contract {id} cannot be read").format(id=contract.id))

    def _who_keeps(self, contract: Contract) -> str:
        """Return who locked a contract, or has to approve it, where the CRM tells."""
        from crm_bridge.spi.adapter import LookDepth

        try:
            observation = self._bridge.adapter(self.name).locate([contract.ref], look=LookDepth.EVERYWHERE)
        except CrmBridgeError:
            return ""
        return observation.places[contract.id].note

    def backup(self, contracts: Iterable[Contract], *, keep_days: int = KEEP_DAYS) -> Saved:
        """Save contracts (a selection of `find`, usually) into the vault without deleting them; verified, journaled.

        Raises NothingMatchedError, BackupError.

        >>> saved = crm.backup(crm.find(where.number == "HT-2025-0001"), keep_days=30)
        >>> saved.count, saved.unsaved
        (1, ())
        """
        from crm_bridge.pipeline.deleting.saving import save_contracts

        return save_contracts(self.context, contracts, keep_days=keep_days)

    def journal_export(self, *, form: str, count: int) -> None:
        """Journal that contracts were written to a file for people."""
        from crm_bridge.pipeline.deleting.saving import journal_export

        journal_export(self.context, form=form, count=count)

    def plan(
        self,
        *filters: Filter | str,
        words: str | None = None,
        contracts: Iterable[Contract] | None = None,
        ids: Iterable[str] | None = None,
        number: str | None = None,
        numbers: Iterable[str] | None = None,
        reason: str = "",
        step: Step = Step.TRASH,
        automations: bool = False,
        fast: bool = False,
        output: Path | None = None,
        force: bool = False,
        undecided: Literal["refuse", "leave_out"] = "refuse",
        origin: Literal["person", "program"] = "program",
        **caps: Unpack[RaisedCaps],
    ) -> Plan:
        """Make an immutable plan of everything that matches; kept at `output`, else in the state directory.

        A file that is there and no older plan is overwritten with `force` only.

        Every contract of the module is the filter "everything". A plan that exceeds a cap of the connection's policy
        is made, says so in `Plan.notes.refusals`, and is not carried out; `caps` sets caps for this plan alone.
        Contracts that the policy protects are left out and named in `Plan.notes.protected`. Raises UsageError.

        Contracts that the filter cannot judge, because the CRM does not tell what it compares, are never planned:
        GuardError (reason `undecided`) while there are any, or with `leave_out` a plan that says how many. A number
        of `numbers` that several live contracts have raises AmbiguousContractError: none of them is chosen.

        `contracts` are some that `find`, a plan or a run gave: the plan is bound to them as they were then, and what
        was changed since is named in `Plan.notes.warnings` and left alone.

        `origin` says whether a person made the choice; the policy may want an approval for plans of programs.

        >>> plan = crm.plan(where.number.starts_with("HT-2025-000"), reason="duplicate import")
        >>> len(plan), plan.notes.warnings
        (3, ())
        >>> chosen = [contract for contract in crm.find("everything") if contract.currency == "EUR"]
        >>> len(crm.plan(contracts=chosen)) == len(chosen)
        True
        """
        from crm_bridge.bridge.plan_result import Plan
        from crm_bridge.pipeline.planning.plan import PlanOptions, make_plan

        if undecided not in ("refuse", "leave_out"):
            raise UsageError(_("undecided takes refuse or leave_out, not {value}").format(value=undecided))
        chosen = (*filters, where.number == number) if number is not None else filters
        if not chosen and all(one is None for one in (words, ids, numbers, contracts)):
            raise UsageError(
                _("say which contracts: by a filter, words, a number or ids"),
                reason="no_selection",
                hint=_("every contract of the module is the filter `everything`"),
            )
        check_text(reason)
        wanted = self._wanted(chosen, words, ids, numbers).narrowed(contracts)
        selection = self._select(wanted, states=True)
        options = PlanOptions(
            step,
            automations,
            fast,
            reason,
            wanted.text(),
            wanted.rule(),
            origin,
            leave_out_undecided=undecided == "leave_out",
            caps=self._bridge.rules(self.name).caps.raised(**caps),
            force=force,
        )
        return Plan(make_plan(self.context, selection, options, output))

    def rehearse(self, plan: Plan, stage: Stage | None = None) -> Rehearsal:
        """Restore contracts of a plan into a stand-in and compare; `stage` builds it (default: the adapter's own).

        Differences worse than the plan's forecast close the gate: `apply` raises BackupError for this plan then.

        >>> crm.rehearse(crm.plan(number="HT-2025-0001")).result
        'passed'
        """
        from crm_bridge.pipeline.restoring.rehearsal import rehearse

        return rehearse(self.context, plan.file, stage or self._stage())

    def leave_out_rehearsal(self, plan: Plan) -> None:
        """Journal that a plan is not to be rehearsed: its run does not do it either, whatever its size."""
        from crm_bridge.pipeline.restoring.rehearsal import leave_out

        leave_out(self.context, plan.file)

    def delete(
        self,
        wanted: str,
        *,
        confirm: Confirm,
        reason: str = "",
        step: Step = Step.TRASH,
        origin: Literal["person", "program"] = "program",
    ) -> Run:
        """Delete one contract by id or number. A digest confirms the plan that was shown for it before.

        >>> crm.delete(numbers[2], confirm=lambda plan: plan.phrase, reason="entered twice").counts
        Counter({<Outcome.REMOVED: 'removed'>: 1})
        """
        if not callable(confirm):
            return self.apply(self._plan_by_digest(confirm, wanted), confirm=confirm)
        contract = self.get(wanted)
        return self.apply(self.plan(ids=[contract.id], reason=reason, step=step, origin=origin), confirm=confirm)

    def _plan_by_digest(self, digest: object, wanted: str) -> Plan:
        from crm_bridge.bridge.plan_result import Plan
        from crm_bridge.pipeline.planning.plan_file import open_plan

        named = digest.strip().lower().removeprefix("sha256:") if isinstance(digest, str) else ""
        path = self.context.plans / f"{named}.plan"
        if not _is_digest(named) or not path.exists():
            raise ConfirmationError(
                _("no plan with that digest was made here"),
                reason="wrong_confirmation",
                hint=_("run the command without --confirm to see the plan and its digest"),
            )
        plan = Plan(open_plan(path, journal=self.context.journal, digest=named))
        contracts = list(plan)
        if len(contracts) != 1 or wanted not in (contracts[0].id, contracts[0].number):
            raise ConfirmationError(
                _("that digest belongs to a plan for another contract"),
                reason="wrong_confirmation",
                hint=_("run the command without --confirm to see the plan and its digest"),
            )
        return plan


def _looks_like_id(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) >= 15


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST and set(text) <= set("0123456789abcdef")
