"""Seven causes of absence, at backup, gate, verify and in the audit, at both CRMs: one table.

A cell says what is told of the contract: outcome, cause and exit code of the run. `plan` has no column: what is not
live is in no plan, and its id is named there as not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.sandbox.faults import Match, Rule
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.adapter import RemoveOptions

CAUSES = ("another_run", "this_user", "somebody_else", "merged", "hidden", "purged")
REMOVAL = {"zoho": r"/Contracts\?.*ids=", "fxiaoke": r"/data/invalid"}
RESERVED = "a contract is reserved for one run at a time: another run of this journal ended before"
CANNOT_OCCUR = {
    ("another_run", "gate"): RESERVED,
    ("another_run", "verify"): RESERVED,
    ("merged", "fxiaoke"): "no call of this CRM merges contracts",
    ("merged", "audit"): "a merge is in no list of deletions",
    ("hidden", "audit"): "what is hidden is in no list of deletions",
}
Told = tuple[str, str | None, int]
THEIRS: Told = ("already_absent", "deleted_by_somebody_else", 0)
OURS: Told = ("already_absent", "by_this_user", 0)
UNKNOWN: Told = ("held", "gone_unattributed", 9)
DOUBT: Told = ("in_doubt", "gone_unattributed", 9)
TABLE: dict[str, dict[str, Told]] = {
    "zoho": {
        "another_run backup": ("already_absent", "by_another_run", 0),
        "this_user backup": OURS,
        "this_user gate": OURS,
        # A request of ours was lost as well: nobody can tell which of the two it was.
        "this_user verify": ("removed", "by_this_user", 0),
        "somebody_else backup": THEIRS,
        "somebody_else gate": THEIRS,
        "somebody_else verify": THEIRS,
        # The CRM shows nothing, which proves nothing.
        "merged backup": UNKNOWN,
        "merged gate": UNKNOWN,
        "merged verify": DOUBT,
        "hidden backup": UNKNOWN,
        "hidden gate": UNKNOWN,
        "hidden verify": DOUBT,
        "purged backup": UNKNOWN,
        "purged gate": UNKNOWN,
        "purged verify": DOUBT,
    },
    "fxiaoke": {
        "another_run backup": ("already_absent", "by_another_run", 0),
        "this_user backup": OURS,
        "this_user gate": OURS,
        "this_user verify": ("removed", "by_this_user", 0),
        "somebody_else backup": THEIRS,
        "somebody_else gate": THEIRS,
        # Beside a request of ours the last editor is no proof that it was not ours.
        "somebody_else verify": DOUBT,
        "hidden backup": ("held", "permission", 3),
        "hidden gate": ("held", "not_visible", 3),
        "hidden verify": ("in_doubt", "connection_lost", 9),
        "purged backup": UNKNOWN,
        "purged gate": UNKNOWN,
        "purged verify": DOUBT,
    },
}
AUDIT = {
    "another_run": "in_journal",
    "this_user": "not_in_journal",
    "somebody_else": "by_others",
    "purged": "nobody_named",
}
CELLS = [(cause, step) for cause in CAUSES for step in ("backup", "gate", "verify")]


class WaitingClock(ManualClock):
    """A manual clock on which something happens during the first wait after it was set."""

    meanwhile: Callable[[], None] | None = None

    def sleep(self, seconds: float) -> None:
        """Move forward, and let it happen."""
        super().sleep(seconds)
        if seconds > 0 and (act := self.meanwhile):
            self.meanwhile = None
            act()


class Bed:
    """One CRM with a connection, and one contract of it."""

    def __init__(self, name: str, bridge: Bridge, running: Sandbox, clock: WaitingClock) -> None:
        self.name, self.bridge, self.clock = name, bridge, clock
        self.server = running.servers[name]
        self.emulator = self.server.exchange.emulator
        self.crm = bridge.connect(f"{name}-sandbox")
        self.id: str = self.emulator.control("contracts", {})["ids"][0]

    def control(self, command: str, **arguments: Any) -> None:
        told = self.emulator.control(command, arguments)
        assert "error" not in told, told

    def happen(self, cause: str) -> None:
        """Let the contract go the way that a cause names."""
        if cause == "this_user":
            # As another program with the same account deletes it.
            adapter = self.bridge.adapter(f"{self.name}-sandbox")
            ref = ContractRef(adapter.whoami().module, self.id)
            adapter.remove(Step.TRASH, [ref], options=RemoveOptions())
        elif cause == "somebody_else":
            self.control("delete", id=self.id)
        elif cause == "merged":
            self.control("merge", id=self.id, into=self.emulator.control("contracts", {})["ids"][1])
        elif cause == "hidden":
            self.control("hide", id=self.id)
        elif cause == "purged":
            self.control("delete", id=self.id, purge=True)
            if self.name == "zoho":
                self.control("purge", id=self.id)
        else:
            plan = self.crm.plan(ids=[self.id], reason="the same again")
            assert self.crm.apply(plan, confirm=plan.digest).exit_code == 0

    def apply(self, cause: str, step: str, monkeypatch: Any) -> Told:
        """Carry a plan out during which the contract goes just before one step."""
        plan = self.crm.plan(ids=[self.id])
        self.clock.advance(600)
        append = self.bridge.journal.append

        def gone_after_the_backup(drafts: Any) -> Any:
            written = append(drafts)
            if any(draft.op == "backup" for draft in drafts):
                self.happen(cause)
            return written

        if step == "backup":
            self.happen(cause)
        elif step == "gate":
            monkeypatch.setattr(self.bridge.journal, "append", gone_after_the_backup)
        else:
            # The request of the run is lost on the way; while the run waits before it looks, the contract goes.
            self.server.inject(Rule("drop_before", Match(pattern=REMOVAL[self.name], count=1)))
            self.clock.meanwhile = lambda: self.happen(cause)
        run = self.crm.apply(plan, confirm=plan.digest)
        (item,) = run
        return item.outcome.value, item.reason.value if item.reason else None, int(run.exit_code)


@pytest.fixture(params=["zoho", "fxiaoke"])
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    """Return one CRM after the other."""
    clock, home = WaitingClock(), tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, count=8, only=(request.param,)), clock=clock) as running,
        Bridge.open(home, clock=clock, environ={}) as bridge,
    ):
        yield Bed(request.param, bridge, running, clock)


@pytest.mark.parametrize(("cause", "step"), CELLS)
def test_what_is_not_there_is_told_with_its_cause(bed: Bed, cause: str, step: str, monkeypatch: Any) -> None:
    if why := CANNOT_OCCUR.get((cause, step)) or CANNOT_OCCUR.get((cause, bed.name)):
        pytest.skip(why)
    assert bed.apply(cause, step, monkeypatch) == TABLE[bed.name][f"{cause} {step}"]


def test_what_this_run_removed_says_so(bed: Bed, monkeypatch: Any) -> None:
    # A run sends nothing before its gate, so that this cause has one step only.
    plan = bed.crm.plan(ids=[bed.id])
    run = bed.crm.apply(plan, confirm=plan.digest)
    assert [(i.outcome.value, i.reason, i.evidence) for i in run] == [("removed", None, "E2")]


@pytest.mark.parametrize("cause", AUDIT)
def test_the_audit_knows_who_answers_for_it(bed: Bed, cause: str) -> None:
    bed.crm.profile()
    next(iter(bed.crm.find(limit=1)))
    first = bed.crm.plan(ids=[bed.emulator.control("contracts", {})["ids"][-1]])
    assert first.count == 1  # the journal begins before the deletion
    bed.happen(cause)
    told = {one.seen.ref.id: one.account.value for one in bed.crm.deletions()}
    if cause == "purged" and bed.name == "fxiaoke":
        assert bed.id not in told  # nothing is left to read, and the listing says so
    else:
        assert told[bed.id] == AUDIT[cause]


def test_what_could_not_be_seen_is_looked_at_again(bed: Bed, monkeypatch: Any) -> None:
    outcome, _reason, code = bed.apply("hidden", "gate", monkeypatch)
    monkeypatch.undo()
    assert (outcome, code != 0) == ("held", True)
    bed.control("hide", id=bed.id, on=False, hidden=False)
    (item,) = bed.crm.verify()
    assert (item.outcome, item.reason) == ("held", "is_live")
    assert bed.emulator.control("record", {"id": bed.id})["place"] == "live"
