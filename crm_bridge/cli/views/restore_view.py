"""How a restore looks: what was done about each contract, and what was promised beside what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crm_bridge.bridge.way_back import FATES, thing_text
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.views.run_view import restore_json
from crm_bridge.domain.outcome_words import OUTCOME_WORDS
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.restoring.comparison import Difference, Measured
from crm_bridge.exit_codes import OF_OUTCOME, ExitCode, weightiest
from crm_bridge.i18n import _, ngettext

if TYPE_CHECKING:
    from crm_bridge.pipeline.restoring.relink import LinkRepair, RelinkPlan
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep


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


class RestoreTotals:
    """What a restore came to, counted while its steps are shown one by one; no step is kept."""

    def __init__(self) -> None:
        """Nothing was counted yet."""
        self._results: Counter[str] = Counter()
        self._warnings: Counter[Reason] = Counter()
        self._compared: Counter[str] = Counter()
        self._differences: Counter[Difference] = Counter()
        self._twins: list[str] = []

    def counting(self, steps: Iterable[RestoreStep]) -> Iterator[RestoreStep]:
        """Pass the steps on as they come."""
        for step in steps:
            self._results[step.result] += 1
            if step.warning:
                self._warnings[step.warning] += 1
            if step.twins:
                self._twins.append(_twin_warning(step))
            if step.measured is not None:
                self._add(step.measured)
            yield step

    def _add(self, measured: Measured) -> None:
        counts = {"compared": 1, "fields": measured.fields, "rows": measured.rows, "files": measured.files}
        self._compared.update({**counts, "files_equal": measured.files_equal, "surprises": len(measured.surprises)})
        self._differences.update(set(measured.differences))

    def as_json(self) -> dict[str, int]:
        """Return the totals of the comparisons."""
        names = ("compared", "fields", "rows", "files", "files_equal", "surprises")
        return {name: self._compared[name] for name in names}

    @property
    def planned(self) -> int:
        """Return how many contracts a restore would bring back."""
        return self._results["planned"]

    def differs(self, name: str) -> bool:
        """Return whether a thing of any contract is not as it was."""
        return any(one.name == name for one in self._differences)

    def show(self, out: Output, *, summary: bool = True) -> None:
        """Print the comparison, what differs with the promise beside it, and what became of the contracts."""
        totals = self.as_json()
        if totals["compared"]:
            told = ngettext(
                "{compared} contract compared with the backup: {fields} fields, {rows} rows",
                "{compared} contracts compared with the backup: {fields} fields, {rows} rows",
                totals["compared"],
            )
            files = _(", {files_equal} of {files} files byte for byte equal") if totals["files"] else ""
            out.text((told + files).format(**totals))
            rows = list(self._differing())
            if rows:
                out.table((_("what differs"), _("promised"), _("found"), _("contracts")), rows)
            if totals["surprises"]:
                out.note(_("{count} differences are worse than promised").format(count=totals["surprises"]))
        if summary:
            out.text(self.summary())

    def summary(self) -> str:
        """Return one sentence: how many contracts, and what became of them."""
        told = ", ".join(f"{number} {_(OUTCOME_WORDS.get(one, one))}" for one, number in sorted(self._results.items()))
        count = self._results.total()
        return ngettext("{count} contract: {what}", "{count} contracts: {what}", count).format(count=count, what=told)

    def _differing(self) -> Iterator[tuple[str, str, str, int]]:
        for one, count in sorted(self._differences.items(), key=lambda item: (not item[0].surprise, item[0].name)):
            mark = "  !" if one.surprise else ""
            yield thing_text(one.name), _(FATES[one.promised]), _(FATES[one.fate]) + mark, count

    def remarks(self) -> Iterator[str]:
        """Yield what a person should know about some of the contracts."""
        if recent := self._warnings[Reason.ANSWER_LOST_RECENTLY]:
            yield _(
                "warning: the answer to a deletion of {count} of these contracts was lost within the last 24 hours; "
                "a late request could still delete them"
            ).format(count=recent)
        if both := self._warnings[Reason.IN_BIN_TOO]:
            yield _("warning: {count} of these contracts: {why}").format(count=both, why=Reason.IN_BIN_TOO.words)
        yield from self._twins
        if unread := self._unread:
            yield _("{count} contracts are back, and could not be compared with their backup").format(count=unread)

    @property
    def _unread(self) -> int:
        return self._results["restored"] - self._compared["compared"]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that the results deserve, and surprises where all is back."""
        code = weightiest(OF_OUTCOME[result] for result in self._results)
        # Worse than promised is a claim that does not hold: a program must not take it for success.
        return ExitCode.IN_DOUBT if code is ExitCode.OK and self._compared["surprises"] else code


def _twin_warning(step: RestoreStep) -> str:
    return _("warning: {id} is back, and other live contracts have its number {number} too: {ids}").format(
        id=step.new_ref.id if step.new_ref else step.ref.id, number=step.number, ids=", ".join(step.twins)
    )


def relink_json(plan: RelinkPlan, done: Sequence[LinkRepair]) -> dict[str, Any]:
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


def relink_table(plan: RelinkPlan, done: Sequence[LinkRepair], out: Output, *, form: str = "") -> None:
    """Print the references that would be set, or that were."""
    columns = (_("contract now"), _("record"), _("field"), _("result"))
    rows = []
    for item in done or plan.items:
        for link in item.links:
            result = _("planned") if not done else _("not set") if link in item.left else _("set")
            rows.append((item.now.id, f"{link.module}/{link.id}", link.field, result))
    out.table(columns, rows, form=form)
