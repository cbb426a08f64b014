"""How a proof looks on the screen."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from crm_bridge.cli.terminal.output import Output
from crm_bridge.domain.planning.facts import Standing, TenantFact
from crm_bridge.i18n import _
from crm_bridge.report.proof_page import STANDINGS

if TYPE_CHECKING:
    from crm_bridge.bridge.proving.proof import Proof, ProvingPlan


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
