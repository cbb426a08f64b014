"""How contracts, plans and runs look: as JSON fields, and as tables and cards for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

from crm_bridge.cli.forecast_view import forecast_pairs
from crm_bridge.cli.output import Output, plain
from crm_bridge.domain.plan import Card
from crm_bridge.i18n import N_, _

if TYPE_CHECKING:
    from crm_bridge.bridge import Plan, Run, RunItem
    from crm_bridge.domain.contract import Contract
    from crm_bridge.pipeline.restore_plan import RestoreStep

CONTRACT = "crm-bridge.contract/1"
PLAN = "crm-bridge.plan/1"
RUN = "crm-bridge.run/1"

OUTCOME_WORDS = {
    "removed": N_("removed"),
    "already_absent": N_("already absent"),
    "held": N_("held"),
    "pending": N_("approval pending"),
    "refused": N_("refused"),
    "in_doubt": N_("in doubt"),
    "reappeared": N_("reappeared"),
    "restored": N_("restored"),
    "waiting": N_("not attempted"),
    "present": N_("still there"),
    "not_restored": N_("not restored"),
    "planned": N_("planned"),
}

REASONS = {
    "changed_since_plan": N_("changed since the plan; plan again"),
    "locked": N_("locked in the CRM; unlock it there first, if that is meant"),
    "in_approval": N_("waits for an approval in the CRM"),
    "in_process": N_("is in a process of the CRM; finish it first"),
    "permission": N_("the CRM user lacks a right; ask an administrator"),
    "sharing": N_("the CRM's sharing rules forbid it; ask the owner"),
    "has_references": N_("other records depend on it"),
    "deleted_by_somebody_else": N_("somebody else deleted it meanwhile"),
    "purged_by_somebody_else": N_("somebody else purged it meanwhile"),
    "restored_by_somebody_else": N_("somebody else restored it meanwhile"),
    "listed_under_somebody_else": N_("gone, but listed under another user"),
    "backup_incomplete": N_("its backup is not complete, so it was left alone"),
    "gone_unattributed": N_("gone, but nobody can say through whom"),
    "answer_lost": N_("the CRM's answer was lost; `crm-bridge resume` looks again"),
    "process_died": N_("the program died during the call; `crm-bridge resume` looks again"),
    "no_control_record": N_("no other record could be read, so absence proves nothing"),
    "unreadable": N_("could not be read"),
    "not_visible": N_("not visible to this user"),
    "still_there": N_("the CRM said yes, but the contract is still there"),
    "still_in_bin": N_("still in the CRM's bin"),
    "not_sent": N_("the CRM could not be reached"),
    "rate_limited": N_("the CRM's limit was reached"),
    "already_restored": N_("already restored"),
    "not_found": N_("the CRM does not know it"),
}


def reason_text(reason: str) -> str:
    """Return a reason in words; an unknown one as it is."""
    return _(REASONS[reason]) if reason in REASONS else reason.replace("_", " ")


def contract_json(contract: Contract) -> dict[str, Any]:
    """Return a contract's fields; amounts as text, times in ISO 8601."""
    return {
        "id": contract.id,
        "number": contract.number,
        "title": contract.title,
        "customer": contract.customer,
        "status": contract.status,
        "amount": None if contract.amount is None else str(contract.amount),
        "currency": contract.currency,
        "start": contract.start.isoformat() if contract.start else None,
        "end": contract.end.isoformat() if contract.end else None,
        "owner": contract.owner,
        "created": contract.created.isoformat() if contract.created else None,
        "modified": contract.modified.isoformat() if contract.modified else None,
        "state": contract.state.value,
    }


def contract_table(contracts: Iterable[Contract]) -> None:
    """Print contracts as a table."""
    columns = (_("number"), _("title"), _("customer"), _("status"), _("amount"), _("end"), _("id"))
    Output.table(columns, (_contract_row(contract) for contract in contracts))


def _contract_row(c: Contract) -> tuple[object, ...]:
    return (c.number, c.title, c.customer, c.status, money(c.amount, c.currency), c.end, c.id)


def money(amount: Any, currency: str | None) -> str:
    """Return `CNY 12,418.00`; empty where no amount is known."""
    return "" if amount is None else f"{currency or ''} {amount:,}".strip()


def card_json(card: Card) -> dict[str, Any]:
    """Return what people recognise a contract by."""
    return card.as_json()


def plan_json(plan: Plan, *, contracts: bool = False) -> dict[str, Any]:
    """Return a plan as JSON, its contracts only when asked for."""
    head = plan.head
    value: dict[str, Any] = {
        "digest": plan.digest,
        "count": plan.count,
        "phrase": plan.phrase,
        "file": str(plan.path),
        **{key: item for key, item in head.public().items() if key != "schema"},
        "where": head.where,
        "reason": head.reason,
        "amounts": {currency: str(amount) for currency, amount in plan.deletion_plan.totals.amounts.items()},
        "notes": {
            "locked": plan.notes.locked,
            "in_approval": plan.notes.in_approval,
            "missing": list(plan.notes.missing),
            "duplicates": plan.notes.duplicates,
            "warnings": list(plan.notes.warnings),
        },
    }
    if contracts:
        value["contracts"] = [{"id": item.id, **card_json(item.card)} for item in plan]
    return value


_SHOWN = 10


def plan_card(plan: Plan, out: IO[str] = sys.stdout) -> None:
    """Print the card that a person reads before confirming. Ids, counts and digests are ours, texts are escaped."""
    head = plan.head
    rows: list[tuple[str, object]] = [
        (_("connection"), f"{head.connection} ({head.environment}, {head.adapter}, {head.org})"),
        (_("module"), head.module),
        (_("step"), _("move to the CRM's bin") if head.step.value == "trash" else _("delete for good")),
        (_("contracts"), plan.count),
        (_("amount"), plan.deletion_plan.totals.money()),
        (_("selected by"), head.where),
        (_("reason"), head.reason or "-"),
        (_("automations"), _("will run") if head.automations else _("off where the CRM allows it")),
        (_("also happens"), ", ".join(head.side_effects) or "-"),
        (_("assumptions"), ", ".join(head.assumptions) or "-"),
        (_("valid until"), head.expires_at.isoformat(timespec="minutes")),
        (_("digest"), plan.digest),
    ]
    rows += forecast_pairs(head.forecast)
    rows += _noticed(plan)
    Output.pairs(rows, out=out)
    shown = [item for _index, item in zip(range(_SHOWN), plan, strict=False)]
    columns = (_("number"), _("title"), _("customer"), _("status"), _("amount"), _("id"))
    Output.table(columns, [_card_row(item.id, item.card) for item in shown], out=out)
    if plan.count > len(shown):
        print(_("... and {count} more").format(count=plan.count - len(shown)), file=out)


def _noticed(plan: Plan) -> list[tuple[str, object]]:
    notes = plan.notes
    found: list[tuple[str, object]] = []
    if notes.locked:
        found.append((_("locked"), notes.locked))
    if notes.in_approval:
        found.append((_("in approval"), notes.in_approval))
    if notes.missing:
        found.append((_("not found"), ", ".join(notes.missing)))
    found += [(_("warning"), warning) for warning in notes.warnings]
    return found


def _card_row(record_id: str, card: Card) -> tuple[object, ...]:
    return (card.number, card.title, card.customer, card.status, money(card.amount, card.currency), record_id)


def item_json(item: RunItem) -> dict[str, Any]:
    """Return what became of one contract."""
    return {
        "id": item.contract.id,
        **card_json(item.contract.card),
        "outcome": item.outcome.value,
        "evidence": item.evidence.value if item.evidence else None,
        "attempts": item.attempts,
        "reason": item.reason or None,
        "code": item.code or None,
        "remark": item.remark or None,
    }


def run_json(run: Run, items: list[RunItem], receipt: str | None = None) -> dict[str, Any]:
    """Return a run with the outcome of every contract."""
    counts = {outcome.value: number for outcome, number in run.counts().items()}
    value: dict[str, Any] = {
        "run_id": run.id,
        "plan": run.info.ref.plan,
        "connection": run.info.ref.connection,
        "complete": run.info.complete,
        "counts": counts,
        "outcomes": [item_json(item) for item in items],
        "receipt": receipt,
        "restore": f"crm-bridge restore {run.id}",
    }
    if run.halted is not None:
        value["halted"] = run.halted.facts()
    return value


def run_table(items: Iterable[RunItem]) -> None:
    """Print what became of each contract."""
    columns = (_("number"), _("title"), _("outcome"), _("evidence"), _("why"), _("id"))
    rows = (
        (
            item.contract.number,
            item.contract.title,
            _(OUTCOME_WORDS[item.outcome.value]),
            item.evidence.value if item.evidence else "",
            _why(item),
            item.contract.id,
        )
        for item in items
    )
    Output.table(columns, rows)


def _why(item: RunItem) -> str:
    reason = reason_text(item.reason) if item.reason else ""
    return "; ".join(part for part in (f"{reason} {item.code}".strip(), item.remark) if part)


def counts_line(run: Run) -> str:
    """Return `12 removed, 1 held`."""
    return ", ".join(f"{number} {_(OUTCOME_WORDS[outcome.value])}" for outcome, number in sorted(run.counts().items()))


def restore_json(step: RestoreStep) -> dict[str, Any]:
    """Return what was or will be done about one contract."""
    return {
        "id": step.ref.id,
        "route": step.route.value if step.route else None,
        "result": step.result,
        "new_id": step.new_ref.id if step.new_ref else None,
        "reason": step.reason or None,
        "lost": list(step.lost),
        "until": step.until or None,
    }


def restore_table(steps: Iterable[RestoreStep]) -> None:
    """Print what was or will be done about each contract."""
    columns = (_("id"), _("way back"), _("result"), _("new id"), _("what does not return"), _("why"))
    rows = (
        (
            step.ref.id,
            {"untrash": _("the CRM's bin"), "recreate": _("new record from the backup")}.get(step.route or "", "-"),
            _(OUTCOME_WORDS.get(step.result, step.result)),
            step.new_ref.id if step.new_ref and step.new_ref != step.ref else "",
            "; ".join(plain(word) for word in step.lost),
            reason_text(step.reason) if step.reason else "",
        )
        for step in steps
    )
    Output.table(columns, rows)
