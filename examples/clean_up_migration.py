"""After a migration: delete what it left behind, follow up what was held, keep receipts, bring some of it back.

python examples/clean_up_migration.py CONNECTION IDS_FILE [NUMBER_TO_BRING_BACK ...]

IDS_FILE has one record id a line, as migration tools log them. Interrupted? `crm-bridge resume` goes on.
"""

import sys
from pathlib import Path

from crm_bridge import Bridge, Connection, CrmBridgeError, Plan, Run


def ask(plan: Plan) -> str:
    return input(f"\n{plan}\nType {plan.phrase}\n> ")


def progress(stage: str, done: int, total: int | None) -> None:
    print(f"\r{stage} {done}/{total or '?'}   ", end="", file=sys.stderr)


def carry_out(crm: Connection, ids: list[str], reason: str) -> Run:
    plan = crm.plan(ids=ids, reason=reason, max_contracts=len(ids) + 500, max_leaves=10 * len(ids) + 500, max_share=100)
    run = crm.apply(plan, confirm=ask)
    for item in run.not_removed[:20]:
        print(f"{item.contract.number}: {item.outcome}, {item.reason.words if item.reason else ''}")
    print(f"{run!r}, receipt {run.receipt().path}, {run.halted or 'complete'}")
    return run


with Bridge.open() as bridge:
    crm = bridge.connect(sys.argv[1], progress=progress)
    try:
        run = carry_out(crm, Path(sys.argv[2]).read_text("utf-8").split(), "left behind by the migration")
        if not run.halted and (left := run.follow_up()):  # a new look, and a confirmation of its own
            carry_out(crm, left, f"follow-up of run {run.id}")
        wrong = [one.contract.id for one in run if one.contract.number in sys.argv[3:]]
        print([step.result for step in crm.restore(run.id, ids=wrong)] if wrong else "nothing to bring back")
    except CrmBridgeError as error:
        sys.exit(f"{error.message}\n{error.hint}")
