"""`demo`: the whole journey on stand-ins of every installed CRM, without configuration and without a network."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.bridge.card import card_rows
from crm_bridge.cli.options import command, open_bridge, set_home, shared, suggested
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Connection, Plan, Run, RunItem
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep
    from crm_bridge.spi.emulator import Emulator

WHERE = 'status = "Expired" and amount < 30000'
SEED_COUNT = 1200
_BRIEF = (0, 1, 4, 5)
"""Rows of the card that the short demo shows: where, what, what happens, how to undo it."""


@dataclass(frozen=True, slots=True)
class Journey:
    """The journey through one CRM."""

    plan: Plan
    run: Run
    items: list[RunItem]
    restored: list[RestoreStep]

    def as_expected(self) -> bool:
        """Return whether exactly one contract was held, all others removed, and one came back."""
        outcomes = sorted(item.outcome.value for item in self.items)
        came_back = [step.result for step in self.restored] == ["restored"]
        return outcomes == ["held", *["removed"] * (len(outcomes) - 1)] and came_back


class Teller:
    """Prints what happens in the demo: on two screens, or all of it; nothing where JSON was asked for."""

    def __init__(self, out: Output, *, full: bool) -> None:
        """Print to `out`."""
        self.out = out
        self._full = full

    def chapter(self, text: str) -> None:
        """Begin something new."""
        self._say(f"\n== {text}")

    def step(self, text: str) -> None:
        """Name what is done next."""
        self._say(f"\n== {text}" if self._full else text)

    def _say(self, text: str) -> None:
        if not self.out.as_json:
            self.out.text(text)

    def plan(self, plan: Plan, found: int) -> None:
        """Show the card of a plan, or its beginning."""
        self._say(_("{count} contracts match: {where}").format(count=found, where=WHERE))
        if not self.out.as_json:
            rows = card_rows(plan)
            self.out.pairs(rows if self._full else [rows[place] for place in _BRIEF])

    def run(self, bridge: Bridge, run: Run, items: list[RunItem]) -> None:
        """Show what became of the contracts, or of those that were not removed, and the next commands."""
        from crm_bridge.cli.views.receipt_view import print_receipt
        from crm_bridge.cli.views.run_view import counts_line, run_table
        from crm_bridge.cli.views.undo import next_steps

        if self.out.as_json:
            return
        self._say(_("run {run}: {counts}").format(run=run.id, counts=counts_line(run)))
        if not self._full:
            self.out.pairs((item.contract.number or "", item.reason.words) for item in run.not_removed if item.reason)
            return
        run_table(items)
        next_steps(bridge, run)
        self._say("\n" + _("The receipt:"))
        receipt = run.receipt()
        print_receipt(self.out, receipt.statement["predicate"], receipt.lines())

    def restored(self, crm: Connection, steps: list[RestoreStep]) -> None:
        """Show that a contract is back."""
        from crm_bridge.cli.views.run_view import restore_table

        if self.out.as_json:
            return
        if self._full:
            restore_table(steps)
        contract = crm.get((steps[0].new_ref or steps[0].ref).id)
        self._say(_("read again from the CRM: {number} {title}").format(number=contract.number, title=contract.title))


@command("demo")
@click.option("--full", is_flag=True, help="Every contract, the whole card and the receipt: many screens.")
def demo(full: bool) -> int:
    """Delete a filtered set in each CRM, hold what somebody else changed, and undo one wrong deletion."""
    from crm_bridge.sandbox.serve import SandboxOptions, sandbox

    out = Output(as_json=shared().as_json)
    teller, home = Teller(out, full=full), _home()
    out.note(_("state directory: {home}").format(home=home))
    with sandbox(SandboxOptions(home=home, count=SEED_COUNT)) as running:
        set_home(home)
        with open_bridge() as bridge:
            journeys = {
                name: _journey(bridge, f"{name}-sandbox", server.exchange.emulator, teller)
                for name, server in running.servers.items()
            }
            _close(bridge, journeys, teller)
    if not all(journey.as_expected() for journey in journeys.values()):
        raise CrmBridgeError(_("the demo did not end as it should"), hint=_("look into {home}").format(home=home))
    return 0


def _home() -> Path:
    chosen = shared().home or os.environ.get("CRM_BRIDGE_HOME")
    return Path(chosen) if chosen else Path(tempfile.mkdtemp(prefix="crm-bridge-demo-"))


def _journey(bridge: Bridge, name: str, emulator: Emulator, teller: Teller) -> Journey:
    crm = bridge.connect(name)
    teller.chapter(_("{name}: find and plan").format(name=name))
    found = sum(1 for _contract in crm.find(WHERE))
    plan = crm.plan(WHERE, reason="demo")
    teller.plan(plan, found)
    teller.step(_("{name}: somebody else changes one of them meanwhile").format(name=name))
    _edit_by_somebody_else(crm, emulator, plan)
    teller.step(_("{name}: confirm with the digest, back up, delete, verify").format(name=name))
    run = crm.apply(plan, confirm=plan.digest)
    items = list(run)
    teller.run(bridge, run, items)
    teller.step(_("{name}: one of them was deleted by mistake; bring it back").format(name=name))
    wrong = next(item.contract for item in items if item.outcome.value == "removed")
    restored = crm.restore(run.id, ids=[wrong.id])
    teller.restored(crm, restored)
    return Journey(plan, run, items, restored)


def _edit_by_somebody_else(crm: Connection, emulator: Emulator, plan: Plan) -> None:
    title = next(field.name for field in crm.profile().fields if field.meaning == "title")
    target = list(plan)[-1]
    emulator.control("edit", {"id": target.id, "field": title, "value": "edited by somebody else"})


def _close(bridge: Bridge, journeys: Mapping[str, Journey], teller: Teller) -> None:
    from crm_bridge.cli.views.run_view import restore_json, run_json

    out = teller.out
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
    teller.chapter(_("Everything is kept in {home}. Look at it:").format(home=bridge.home))
    for line in ("status --runs", "receipt show", "journal list", "journal check", "vault list"):
        out.text(f"  {suggested(*line.split())}")
