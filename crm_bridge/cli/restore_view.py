"""How a restore looks: what was done about each contract, and what was promised beside what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crm_bridge.bridge.way_back import FATES, thing_text
from crm_bridge.cli.outcome_words import OUTCOME_WORDS
from crm_bridge.cli.output import Output
from crm_bridge.cli.run_view import restore_json
from crm_bridge.domain.comparison import Difference, Measured
from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import _, ngettext

if TYPE_CHECKING:
    from crm_bridge.pipeline.relink import Relinking, RelinkPlan
    from crm_bridge.pipeline.restore_plan import RestoreStep


def step_json(step: RestoreStep) -> dict[str, Any]:
    """Return what was or will be done about one contract, with the comparison where there is one."""
    value = {**restore_json(step), "warning": step.warning or None, "message": step.message or None, "measured": None}
    value["same_number"] = list(step.twins)
    if step.measured is not None:
        value["measured"] = measured_json(step.measured)
    return value


def measured_json(measured: Measured) -> dict[str, Any]:
    """Return one comparison: counts, and every difference with what had been promised."""
    return {
        "fields": measured.fields,
        "rows": measured.rows,
        "files": measured.files,
        "files_equal": measured.files_equal,
        "differences": [
            {"thing": one.name, "found": one.fate.value, "promised": one.promised.value, "surprise": one.surprise}
            for one in measured.differences
        ],
        "surprises": len(measured.surprises),
    }


def summary_json(steps: Iterable[RestoreStep]) -> dict[str, Any]:
    """Return the totals of the comparisons of one restore."""
    done = [step.measured for step in steps if step.measured is not None]
    return {
        "compared": len(done),
        "fields": sum(one.fields for one in done),
        "rows": sum(one.rows for one in done),
        "files": sum(one.files for one in done),
        "files_equal": sum(one.files_equal for one in done),
        "surprises": sum(len(one.surprises) for one in done),
    }


def summary_text(steps: Sequence[RestoreStep]) -> str:
    """Return one sentence about a restore: how many contracts, and what became of them."""
    counts = Counter(step.result for step in steps)
    told = ", ".join(f"{number} {_(OUTCOME_WORDS.get(result, result))}" for result, number in sorted(counts.items()))
    return ngettext("{count} contract: {what}", "{count} contracts: {what}", len(steps)).format(
        count=len(steps), what=told
    )


def measured_card(steps: Sequence[RestoreStep], out: Output) -> None:
    """Print the totals, and what differs: the promise beside what was found."""
    totals = summary_json(steps)
    if not totals["compared"]:
        return
    out.text(
        _(
            "{compared} contracts compared with the backup: {fields} fields, {rows} rows, "
            "{equal} of {files} files byte for byte equal"
        ).format(
            compared=totals["compared"],
            fields=totals["fields"],
            rows=totals["rows"],
            equal=totals["files_equal"],
            files=totals["files"],
        )
    )
    rows = list(_differing(steps))
    if rows:
        out.table((_("what differs"), _("promised"), _("found"), _("contracts")), rows)
    if totals["surprises"]:
        out.note(_("{count} differences are worse than promised").format(count=totals["surprises"]))


def _differing(steps: Iterable[RestoreStep]) -> Iterator[tuple[str, str, str, int]]:
    counted: Counter[Difference] = Counter()
    for step in steps:
        if step.measured is not None:
            counted.update(set(step.measured.differences))
    for one, count in sorted(counted.items(), key=lambda item: (not item[0].surprise, item[0].name)):
        mark = "  !" if one.surprise else ""
        yield thing_text(one.name), _(FATES[one.promised]), _(FATES[one.fate]) + mark, count


def warnings_of(steps: Iterable[RestoreStep]) -> Iterator[str]:
    """Yield what a person should know about some of the contracts."""
    steps = list(steps)
    recent = sum(step.warning is Reason.ANSWER_LOST_RECENTLY for step in steps)
    if recent:
        yield _(
            "warning: the answer to a deletion of {count} of these contracts was lost within the last 24 hours; "
            "a late request could still delete them"
        ).format(count=recent)
    if both := sum(step.warning is Reason.IN_BIN_TOO for step in steps):
        yield _("warning: {count} of these contracts: {why}").format(count=both, why=Reason.IN_BIN_TOO.words)


def twin_warnings(steps: Iterable[RestoreStep], numbers: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each contract that came back beside another one with its number."""
    for step in steps:
        if step.twins:
            yield _("warning: {id} is back, and other live contracts have its number {number} too: {ids}").format(
                id=step.new_ref.id if step.new_ref else step.ref.id,
                number=numbers.get(step.ref.id, ""),
                ids=", ".join(step.twins),
            )


def relink_json(plan: RelinkPlan, done: Sequence[Relinking]) -> dict[str, Any]:
    """Return a relink plan, with what came of it once it was carried out."""
    rows = [
        {
            "id": item.old.id,
            "new_id": item.now.id,
            "links": [{"module": k.module, "id": k.id, "field": k.field} for k in item.links],
            "done": item.done,
            "left": [{"module": k.module, "id": k.id, "field": k.field} for k in item.left],
            "message": item.message or None,
        }
        for item in (done or plan.items)
    ]
    return {"run_id": plan.run, "digest": plan.digest, "count": plan.count, "applied": bool(done), "contracts": rows}


def relink_table(plan: RelinkPlan, done: Sequence[Relinking], out: Output) -> None:
    """Print the references that would be set, or that were."""
    columns = (_("contract now"), _("record"), _("field"), _("result"))
    rows = []
    for item in done or plan.items:
        for link in item.links:
            result = _("planned") if not done else _("not set") if link in item.left else _("set")
            rows.append((item.now.id, f"{link.module}/{link.id}", link.field, result))
    out.table(columns, rows)
