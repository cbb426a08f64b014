"""The journey of three contracts of our own: created, found, backed up, trashed, restored, purged, created again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from crm_bridge.bridge.plan_result import Plan
from crm_bridge.bridge.proving.cleaning import LAG_SECONDS, Cleaning, label_field
from crm_bridge.bridge.proving.own_contracts import StepFailedError
from crm_bridge.bridge.proving.proof import ProofStep
from crm_bridge.bridge.proving.proof_record import ProofRecord
from crm_bridge.bridge.proving.prover import Prover
from crm_bridge.bridge.run_result import Run
from crm_bridge.clock import new_id
from crm_bridge.domain.absence import Place
from crm_bridge.domain.capabilities import Route, Step, Support
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.filters.where import where
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.errors import CrmBridgeError, NothingMatchedError
from crm_bridge.i18n import N_
from crm_bridge.spi.adapter import LookDepth
from crm_bridge.spi.proving import ProvingStage

T = TypeVar("T")
COUNT = 3
_ENOUGH = 31
"""Calls from which on questions and the third contract are left out: 80 are the most, cleaning up included."""
_BACK = ("restored", "present")


class ProvingJourney:
    """One journey, in steps that stop at the first one which does not go as it should; then all is removed."""

    def __init__(self, prover: Prover, template: Snapshot | None) -> None:
        """Contracts are created from the template, else from the required fields."""
        self.crm, context = prover.crm, prover.crm.context
        name = new_id(context.clock, context.randomness)
        labels = tuple(f"crm-bridge prove {name[-12:]} {number}" for number in range(1, COUNT + 1))
        self.record = ProofRecord(name, labels)
        self.steps: list[ProofStep] = []
        self.left = 0
        self._prover = prover
        self._template = template
        self._cleaning = Cleaning(prover, self.record)
        self._live: list[str] | None = []
        """Our contracts that are left, where all of them are known to be live; else None."""

    def go(self, *, production: bool) -> None:
        """Go through every step; whatever happens, what was created is removed at the end."""
        with self.record.working(self.crm.context):
            try:
                self._step(N_("look at rights"), self._rights)
                self.record.start(self.crm.context, production=production)
                self._alone()
                self._backed_up()
            except CrmBridgeError:
                self._live = None
            if self.record.made or self.record.open:
                self._end()

    def _end(self) -> None:
        try:
            self.left = self._step(N_("clean up"), lambda: self._cleaning.clean(self._live))
        except CrmBridgeError:
            self.left = len(self.record.made) + len(self.record.open)

    def _rights(self) -> None:
        """Ask what the CRM tells before anything exists: what could not be removed is not created."""
        profile = self.crm.profile()
        self._prover.look(ProvingStage.RIGHTS)
        needed = (*profile.may.values(), profile.ways.get(Route.RECREATE), profile.ways.get(Route.UNTRASH))
        if self._prover.denied or Support.ABSENT in needed:
            raise StepFailedError("", reason=Reason.PERMISSION)

    def _alone(self) -> None:
        """Take the first contract into the bin and out of it: what stops here stops with one plain contract."""
        first = self._create(0, whole=False)
        self._look(ProvingStage.CREATED, first)
        try:
            self._step(N_("trash"), lambda: self._moved(Step.TRASH, first.id, Place.IN_BIN))
        finally:
            self._look(ProvingStage.TRASHED, first)  # why it is not in the bin is an observation as well
        self._step(N_("restore from the bin"), lambda: self._untrashed(first.id))
        self._look(ProvingStage.RESTORED, first)

    def _backed_up(self) -> None:
        """Carry out a plan for the second one, purge it, and create it again from its backup."""
        second = self._create(1, whole=True)
        if self._prover.calls < _ENOUGH:
            self._look(ProvingStage.WHOLE, second)
            self._create(2, whole=False)
        plan = self._step(N_("find and plan"), lambda: self._planned(second.id))
        run = self._step(N_("back up, delete and verify"), lambda: self._carried_out(plan))
        self._step(N_("purge"), lambda: self._cleaning.own.remove(Step.PURGE, [second.id]))
        self._look(ProvingStage.PURGED, second)
        again = self._step(N_("create again and compare"), lambda: self._created_again(run, second.id))
        self._live = [*(one for one in self.record.made.values() if one != second.id), again]

    def _look(self, stage: ProvingStage, *refs: ContractRef) -> None:
        self._prover.look(stage, refs)

    def _create(self, number: int, *, whole: bool) -> ContractRef:
        return self._step(N_("create"), lambda: self._created(self.record.labels[number], whole=whole))

    def _created(self, label: str, *, whole: bool) -> ContractRef:
        adapter, field = self.crm.context.adapter, label_field(self.crm.profile().fields)
        draft = self._prover.proving.draft(adapter, (field.name, label), self._template, whole=whole)
        return self._cleaning.own.create(label, draft)

    def _moved(self, step: Step, one: str, place: Place) -> None:
        own, clock = self._cleaning.own, self.crm.context.clock
        own.remove(step, [one])
        found = own.places([one])[one]
        if found in (Place.LIVE, Place.IN_BIN) and found is not place:
            clock.sleep(LAG_SECONDS)  # a query may not know yet
            found = own.places([one])[one]
        if found not in (place, Place.GONE):
            raise StepFailedError("", reason=Reason.IN_APPROVAL if found is Place.PENDING else Reason.REFUSED)

    def _untrashed(self, one: str) -> None:
        own = self._cleaning.own
        own.untrash(one)
        for wait in (0, LAG_SECONDS):
            self.crm.context.clock.sleep(wait)
            if own.places([one], LookDepth.LIVE)[one] is Place.LIVE:
                return
        raise StepFailedError("", reason=Reason.STILL_IN_BIN)

    def _planned(self, one: str) -> Plan:
        meaning = label_field(self.crm.profile().fields).meaning or ""
        wanted = getattr(where, meaning) == self.record.labels[1]
        self._cleaning.own.wait()
        try:
            plan = self.crm.plan(wanted, reason=self.record.prefix)
        except NothingMatchedError:
            self.crm.context.clock.sleep(LAG_SECONDS)
            plan = self.crm.plan(wanted, reason=self.record.prefix)
        if [contract.id for contract in plan] != [one]:
            raise StepFailedError("", reason=Reason.NOT_FOUND)
        return plan

    def _carried_out(self, plan: Plan) -> Run:
        self.record.plan(self.crm.context, plan.digest)
        run = self.crm.apply(plan, confirm=plan.digest)
        for item in run:
            if item.outcome is not Outcome.REMOVED:
                raise StepFailedError("", reason=item.reason or Reason.REFUSED, vendor_code=item.code)
        return run

    def _created_again(self, run: Run, one: str) -> str:
        self._cleaning.own.wait()
        (step,) = self.crm.restore(run.id, ids=[one])
        if step.result not in _BACK or step.new_ref is None:
            raise StepFailedError("", reason=step.reason or Reason.REFUSED)
        if step.new_ref.id == one:
            raise StepFailedError("", reason=Reason.STILL_IN_BIN)  # it had not been purged
        if step.measured and step.measured.surprises:
            raise StepFailedError("", reason=Reason.CHANGED)
        return step.new_ref.id

    def _step(self, name: str, act: Callable[[], T]) -> T:
        """Do one step and keep how it went, in words that name nothing of the tenant."""
        try:
            result = act()
        except CrmBridgeError as problem:
            self.steps.append(ProofStep(name, worked=False, why=Reason.of(problem).meaning))
            raise
        self.steps.append(ProofStep(name, worked=True))
        return result
