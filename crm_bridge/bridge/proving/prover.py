"""The questions of a stage: asked, journaled as facts, and used from then on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crm_bridge.bridge.proving.proof import Proof, ProofStep
from crm_bridge.bridge.setup.known_facts import assumed_by, learn
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.facts import Observed, TenantFact, standing_of
from crm_bridge.errors import NotAvailableError
from crm_bridge.i18n import N_, _
from crm_bridge.pipeline.planning.facts import journal_facts
from crm_bridge.spi.proving import Proving, ProvingStage

if TYPE_CHECKING:
    from crm_bridge.bridge.bridge import Bridge
    from crm_bridge.bridge.connection import Connection

RIGHT = "right:"
_NOT_REACHED = N_("it was refused, or the proof did not come that far")


class Prover:
    """What is asked on one connection in the course of one proof."""

    def __init__(self, bridge: Bridge, crm: Connection) -> None:
        """Count calls from here on. Raises NotAvailableError for an adapter without questions."""
        self.bridge = bridge
        self.crm = crm
        self.spec, resolved = bridge.resolved(crm.name).spec, bridge.resolved(crm.name)
        if self.spec.proving is None:
            raise NotAvailableError(
                _("the adapter {name} has nothing to prove").format(name=self.spec.name), reason="no_proving"
            )
        self.proving: Proving = self.spec.proving()
        self.found: dict[str, TenantFact] = {}
        self.denied: set[str] = set()
        """Rights that the CRM was seen to deny to this user: trash, purge."""
        self._assumed = assumed_by(resolved.settings)
        self._began = bridge.env.clock.now()
        bridge.on_call = bridge.on_call if bridge.on_call is not None else []
        self._calls = len(bridge.on_call)

    @property
    def calls(self) -> int:
        """Return how many calls were made so far."""
        return len(self.bridge.on_call or ()) - self._calls

    def look(self, stage: ProvingStage, refs: Sequence[ContractRef] = ()) -> None:
        """Ask the questions of a stage; what they tell is in force from now on."""
        told = list(self.proving.look(self.crm.context.adapter, stage, refs))
        rights = {one.question.removeprefix(RIGHT): one.value for one in told if one.question.startswith(RIGHT)}
        self.denied |= {right for right, value in rights.items() if value == "denied"}
        self._keep([one for one in told if not one.question.startswith(RIGHT)])

    def _keep(self, told: Sequence[Observed]) -> None:
        """Journal facts and use them. What one stage cannot tell another may have told before."""
        now = self.crm.context.clock.now()
        facts = [
            TenantFact(one, now, standing_of(one, self._assumed))
            for one in told
            if one.value or one.question not in self.found
        ]
        if facts:
            self.found |= {one.found.question: one for one in facts}
            journal_facts(self.crm.context, facts)
            learn(self.bridge, self.crm.name, self.proving.again)
            self.crm.renew()

    def proof(self, steps: Sequence[ProofStep] = (), *, left: int = 0) -> Proof:
        """Return what came of it. A question that nothing answered keeps the fact that an earlier proof left."""
        context = self.crm.context
        known = context.facts.facts
        missed = [one.id for one in self.spec.open_questions if one.id not in self.found and one.id not in known]
        self._keep([Observed(one, why=_NOT_REACHED) for one in missed])
        facts = {**known, **self.found}
        return Proof(
            self.crm.name,
            self.spec.name,
            context.profile.environment,
            self._began,
            [facts[one.id] for one in self.spec.open_questions],
            self.spec.open_questions,
            tuple(steps),
            self.calls,
            left,
        )
