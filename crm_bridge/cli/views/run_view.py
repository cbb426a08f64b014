"""How runs and restores look: as JSON, and as tables of what became of each contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import amount, key, title
from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.outcome_words import OUTCOME_WORDS, STEP_WORDS, minute
from crm_bridge.domain.planning.target import Card
from crm_bridge.harmless import plain
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Run, RunItem
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep
    from crm_bridge.pipeline.runs import RunInfo

RUN = "crm-bridge.run/1"


def item_json(item: RunItem, *, vendor_text: bool = False) -> dict[str, Any]:
    """Return what became of one contract; the CRM's own sentence only where it was asked for."""
    quoted = {"vendor_message": item.vendor_message or None} if vendor_text else {}
    return {
        "id": item.contract.id,
        **Card.of(item.contract).as_json(),
        "outcome": item.outcome.value,
        "evidence": item.evidence.value if item.evidence else None,
        "attempts": item.attempts,
        "reason": item.reason or None,
        "code": item.code or None,
        "remark": item.remark or None,
        "advice": _(item.advice) if item.advice else None,
        **quoted,
    }


def run_json(
    run: Run, items: Iterable[RunItem], receipt: str | None = None, *, vendor_text: bool = False
) -> dict[str, Any]:
    """Return a run with a stream of the outcome of every contract."""
    counts = {outcome.value: number for outcome, number in run.counts.items()}
    value: dict[str, Any] = {
        "run_id": run.id,
        "plan": run.info.ref.plan,
        "connection": run.info.ref.connection,
        "complete": run.info.complete,
        "counts": counts,
        "outcomes": (item_json(item, vendor_text=vendor_text) for item in items),
        "deleted_outside": _outside_json(run),
        "receipt": receipt,
    }
    if run.halted is not None:
        value["halted"] = run.halted.facts()
    return value


def _outside_json(run: Run) -> dict[str, Any] | None:
    """Return what our user deleted beside the plan while the run lasted; None where the CRM does not tell."""
    if run.info.outside is None:
        return None
    return {"count": run.info.outside, "ids": list(run.info.outside_ids)}


def run_row(run: RunInfo) -> dict[str, Any]:
    """Return one run of a list."""
    return {
        "run_id": run.id,
        "connection": run.ref.connection,
        "started": run.started,
        "count": run.count,
        "step": run.step,
        "complete": run.complete,
        "plan": run.ref.plan,
    }


def runs_table(runs: Iterable[RunInfo], *, form: str = "") -> None:
    """Print runs, one a row."""
    columns = (key(_("run")), title(_("connection")), key(_("started")), amount(_("contracts")), _("step"), _("state"))
    rows = (
        (
            run.id,
            run.ref.connection,
            minute(run.started),
            run.count,
            _(STEP_WORDS[run.step]),
            "" if run.complete else _("unfinished"),
        )
        for run in runs
    )
    Output.table(columns, rows, form=form)


def run_table(items: Iterable[RunItem], *, form: str = "") -> None:
    """Print what became of contracts, and under it what each code of the CRM means and asks for."""
    columns = (key(_("number")), title(_("title")), _("outcome"), key(_("evidence")), _("why"), key(_("id")))
    codes: dict[tuple[str, str, str], set[str]] = {}
    Output.table(columns, (_cells(item, codes) for item in items), form=form)
    if form in ("", "table"):
        for line in _legend(codes):
            Output.text(line)


def _cells(item: RunItem, codes: dict[tuple[str, str, str], set[str]]) -> tuple[object, ...]:
    """Return the row of one contract, and note what its code means."""
    if item.meaning:
        helper = item.reason.help if item.reason else ""
        codes.setdefault((_(item.meaning), _(item.advice), helper), set()).add(item.code)
    return (
        item.contract.number,
        item.contract.title,
        _(OUTCOME_WORDS[item.outcome.value]),
        item.evidence.value if item.evidence else "",
        _why(item),
        item.contract.id,
    )


def _legend(codes: Mapping[tuple[str, str, str], set[str]]) -> list[str]:
    """Return one line for each meaning, with the codes that have it: one code may mean several things."""
    return sorted(f"{', '.join(sorted(named))}: {'; '.join(filter(None, text))}" for text, named in codes.items())


def _why(item: RunItem) -> str:
    reason = item.reason.words if item.reason else ""
    return "; ".join(
        part for part in (f"{reason} {item.code}".strip(), item.remark, _quote(item.vendor_message)) if part
    )


def _quote(vendor_message: str) -> str:
    return _('the CRM says: "{text}"').format(text=vendor_message) if vendor_message else ""


def counts_line(run: Run) -> str:
    """Return `12 removed, 1 held`."""
    return ", ".join(f"{number} {_(OUTCOME_WORDS[outcome.value])}" for outcome, number in sorted(run.counts.items()))


def restore_json(step: RestoreStep) -> dict[str, Any]:
    """Return what was or will be done about one contract."""
    return {
        "id": step.ref.id,
        "number": step.number or None,
        "route": step.route.value if step.route else None,
        "result": step.result,
        "new_id": step.new_ref.id if step.new_ref else None,
        "reason": step.reason or None,
        "lost": list(step.lost),
        "until": step.until or None,
    }


def restore_line(step: RestoreStep) -> str:
    """Return what was or will be done about the only contract, in one sentence."""
    number, record_id, way, result, new_id, lost, why = _restore_row(step)
    told = (
        result,
        way,
        _("new id {id}").format(id=new_id) if new_id else "",
        _("does not return: {what}").format(what=lost) if lost else "",
        why,
    )
    name = f"{number} ({record_id})" if number else record_id
    return f"{name}: {'; '.join(filter(None, told))}"


def _restore_row(step: RestoreStep) -> tuple[str, ...]:
    return (
        step.number or "",
        step.ref.id,
        _way_back(step),
        _(OUTCOME_WORDS.get(step.result, step.result)),
        step.new_ref.id if step.new_ref and step.new_ref != step.ref else "",
        "; ".join(plain(word) for word in step.lost),
        _why_not(step),
    )


def restore_table(steps: Iterable[RestoreStep], *, form: str = "") -> None:
    """Print what was or will be done about each contract."""
    lost, new = _("what does not return"), key(_("new id"))
    columns = (key(_("number")), key(_("id")), _("way back"), _("result"), new, lost, _("why"))
    Output.table(columns, map(_restore_row, steps), form=form)


def _way_back(step: RestoreStep) -> str:
    if step.route is None:
        return ""
    if step.route is Route.RECREATE:
        return _("new record from the backup")
    shown = step.until and step.result == "planned"
    return _("the CRM's bin, until {date}").format(date=step.until) if shown else _("the CRM's bin")


def _why_not(step: RestoreStep) -> str:
    reason = step.reason.words if step.reason else ""
    said = plain(step.message) if step.result in ("not_restored", "in_doubt") else ""
    return "; ".join(part for part in (reason, said, _quote(step.vendor_message)) if part)
