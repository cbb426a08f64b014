"""How a proof looks: as JSON, and as lines of facts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.terminal.output import Output
from crm_bridge.domain.planning.facts import Standing, TenantFact
from crm_bridge.i18n import N_, _

if TYPE_CHECKING:
    from crm_bridge.bridge.proving.proof import Proof, ProvingPlan

PROOF = "crm-bridge.proof/1"
STANDINGS = {
    Standing.OBSERVED: N_("as assumed"),
    Standing.CONTRADICTED: N_("not as assumed"),
    Standing.NOT_OBSERVABLE: N_("not observable"),
}


def proof_json(proof: Proof) -> dict[str, Any]:
    """Return a proof as JSON: no id, name or host of the tenant is in it."""
    about = {one.id: one.about for one in proof.questions}
    return {
        "adapter": proof.adapter,
        "environment": proof.environment,
        "began": proof.began.isoformat(timespec="seconds"),
        "calls": proof.calls,
        "left": proof.left,
        "steps": [{"step": one.name, "worked": one.worked, "why": one.why} for one in proof.steps],
        "facts": [
            {
                "question": one.found.question,
                "about": about[one.found.question],
                "standing": one.standing.value,
                "value": one.found.value,
                "settings": dict(one.found.settings),
                "evidence": list(one.found.calls),
                "why": one.found.why,
                "at": one.at.isoformat(timespec="seconds"),
            }
            for one in proof.facts
        ],
    }


def proof_card(proof: Proof, *, details: bool) -> None:
    """Print what came of a proof: figures, steps that failed, and facts that are not as assumed; all with `details`."""
    counts = {standing: len(proof.of(standing)) for standing in Standing}
    told = ", ".join(f"{count} {_(STANDINGS[standing])}" for standing, count in counts.items() if count)
    rows: list[tuple[str, object]] = [
        (_("where"), f"{proof.connection} ({proof.environment})"),
        (_("facts"), f"{len(proof.facts)}: {told}"),
        (_("calls"), proof.calls),
    ]
    if proof.steps:
        failed = [one for one in proof.steps if not one.worked]
        went = _("{count} of {all} went well").format(count=len(proof.steps) - len(failed), all=len(proof.steps))
        rows += [(_("steps"), went), *((_("failed"), f"{_(one.name)}: {_(one.why)}") for one in failed)]
    if proof.left:
        rows.append((_("left behind"), _("{count} contracts of ours").format(count=proof.left)))
    Output.pairs(rows)
    _table(proof, proof.facts if details else proof.of(Standing.CONTRADICTED), details=details)


def _table(proof: Proof, facts: Iterable[TenantFact], *, details: bool) -> None:
    about = {one.id: one.about for one in proof.questions}
    cells = [
        (
            one.found.question,
            _(about[one.found.question]),
            _(STANDINGS[one.standing]),
            one.found.value or _(one.found.why),
            ", ".join(f"{name}={value}" for name, value in one.found.settings.items()),
            *([", ".join(one.found.calls)] if details else []),
        )
        for one in facts
    ]
    more = (_("evidence"),) if details else ()
    if cells:
        Output.table((_("question"), _("about"), _("result"), _("observed"), _("used from now on"), *more), cells)


def proving_card(plan: ProvingPlan) -> None:
    """Print on standard error what the writing part is about to do."""
    made = _("copied from {template}").format(template=plan.template) if plan.template else _("required fields only")
    rows = [
        (_("where"), f"{plan.connection} ({plan.environment}, {plan.org_name}, {plan.org})"),
        (
            _("creates"),
            _("{count} contracts in {module}, {how}").format(count=plan.count, module=plan.module, how=made),
        ),
        (_("then"), _("trashes, restores, purges and creates them again, and purges all of them at the end")),
        (_("touches"), _("nothing else; automations are off where the CRM allows it")),
    ]
    Output.pairs(rows, out=sys.stderr)
