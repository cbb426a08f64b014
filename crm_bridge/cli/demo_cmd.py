"""`demo`: the whole journey on stand-ins of every installed CRM, without configuration and without a network."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.options import command, open_bridge, set_home, shared, suggested
from crm_bridge.cli.output import Output
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Connection, Plan, Run, RunItem
    from crm_bridge.pipeline.restore_plan import RestoreStep
    from crm_bridge.spi.emulator import Emulator

WHERE = 'status = "Expired" and amount < 30000'
SEED_COUNT = 1200


@dataclass(frozen=True, slots=True)
class Journey:
    """What happened in one CRM."""

    plan: Plan
    run: Run
    items: list[RunItem]
    restored: list[RestoreStep]

    def as_expected(self) -> bool:
        """Say whether exactly one contract was held, all others removed, and one came back."""
        outcomes = sorted(item.outcome.value for item in self.items)
        came_back = [step.result for step in self.restored] == ["restored"]
        return outcomes == ["held", *["removed"] * (len(outcomes) - 1)] and came_back


@command("demo")
def demo() -> int:
    """Delete a filtered set in each CRM, hold what somebody else changed, and undo one wrong deletion."""
    from crm_bridge.sandbox.serve import SandboxOptions, sandbox

    out = Output(as_json=shared().as_json)
    home = _home()
    out.note(_("state directory: {home}").format(home=home))
    with sandbox(SandboxOptions(home=home, count=SEED_COUNT)) as running:
        set_home(home)
        with open_bridge() as bridge:
            journeys = {
                name: _journey(bridge, f"{name}-sandbox", server.exchange.emulator, out)
                for name, server in running.servers.items()
            }
            _close(bridge, journeys, out)
    if not all(journey.as_expected() for journey in journeys.values()):
        raise CrmBridgeError(_("the demo did not end as it should"), hint=_("look into {home}").format(home=home))
    return 0


def _home() -> Path:
    chosen = shared().home or os.environ.get("CRM_BRIDGE_HOME")
    return Path(chosen) if chosen else Path(tempfile.mkdtemp(prefix="crm-bridge-demo-"))


def _journey(bridge: Bridge, name: str, emulator: Emulator, out: Output) -> Journey:
    from crm_bridge.cli.plan_view import plan_card

    crm = bridge.connect(name)
    _step(out, _("{name}: find and plan").format(name=name))
    found = sum(1 for _contract in crm.find(WHERE))
    plan = crm.plan(WHERE, reason="demo")
    if not out.as_json:
        out.text(_("{count} contracts match: {where}").format(count=found, where=WHERE))
        plan_card(plan)
    _step(out, _("{name}: somebody else changes one of them meanwhile").format(name=name))
    _edit_by_somebody_else(crm, emulator, plan)
    _step(out, _("{name}: confirm with the digest, back up, delete, verify").format(name=name))
    run = crm.apply(plan, confirm=plan.digest)
    items = list(run)
    _show_run(bridge, run, items, out)
    _step(out, _("{name}: one of them was deleted by mistake; bring it back").format(name=name))
    wrong = next(item.contract for item in items if item.outcome.value == "removed")
    restored = crm.restore(run.id, ids=[wrong.id])
    _show_restore(crm, restored, out)
    return Journey(plan, run, items, restored)


def _edit_by_somebody_else(crm: Connection, emulator: Emulator, plan: Plan) -> None:
    title = next(field.name for field in crm.profile().fields if field.meaning == "title")
    target = list(plan)[-1]
    emulator.control("edit", {"id": target.id, "field": title, "value": "edited by somebody else"})


def _show_run(bridge: Bridge, run: Run, items: list[RunItem], out: Output) -> None:
    from crm_bridge.cli.receipt_cmd import print_receipt
    from crm_bridge.cli.run_view import counts_line, run_table
    from crm_bridge.cli.undo import next_steps

    if out.as_json:
        return
    out.text(_("run {run}: {counts}").format(run=run.id, counts=counts_line(run)))
    run_table(items)
    next_steps(bridge, run)
    out.text("\n" + _("The receipt:"))
    receipt = run.receipt()
    print_receipt(out, receipt.statement["predicate"], receipt.lines())


def _show_restore(crm: Connection, steps: list[RestoreStep], out: Output) -> None:
    from crm_bridge.cli.run_view import restore_table

    if out.as_json:
        return
    restore_table(steps)
    contract = crm.get((steps[0].new_ref or steps[0].ref).id)
    out.text(_("read again from the CRM: {number} {title}").format(number=contract.number, title=contract.title))


def _close(bridge: Bridge, journeys: Mapping[str, Journey], out: Output) -> None:
    from crm_bridge.cli.run_view import restore_json, run_json

    if out.as_json:
        rows: list[dict[str, Any]] = [
            {
                "plan": {"digest": one.plan.digest, "count": one.plan.count},
                "run": {
                    **(said := run_json(one.run, one.items, str(one.run.receipt().path))),
                    "outcomes": [*said["outcomes"]],
                },
                "restored": [restore_json(step) for step in one.restored],
            }
            for one in journeys.values()
        ]
        out.document("crm-bridge.demo/1", {"home": str(bridge.home), "journeys": rows})
        return
    _step(out, _("Everything is kept in {home}. Look at it:").format(home=bridge.home))
    for line in ("status --runs", "receipt show", "journal list", "journal check", "vault list"):
        out.text(f"  {suggested(*line.split())}")


def _step(out: Output, text: str) -> None:
    if not out.as_json:
        out.text(f"\n== {text}")
