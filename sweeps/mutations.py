"""Make the protocol wrong on purpose, one rule at a time, and see that the tests notice.

python sweeps/mutations.py [NAME ...]

Each variant is a textual change in a copy of the sources; the named tests must fail on it. A change that no longer fits
the sources is an error, so that this list cannot rot in silence.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("crm_bridge", "adapters", "tests", "scripts", "sweeps", "referees", "verifier", "pyproject.toml", "README.md")
JOURNEYS, PROTOCOL, PIPELINE, CLI = "tests/journeys", "tests/protocol", "tests/pipeline", "tests/cli"


@dataclass(frozen=True)
class Mutation:
    """One wrong variant: what it breaks, where, how, and which tests must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "intent after the action",
        "crm_bridge/pipeline/deleting/delete.py",
        """        self.log.write("intent" if passed else "gate", [*notes, *sent.intents()])
        self._count_sends(sent.attempts, 1)
        try:
            sent.send(list(batches(passed, self.batch)), partial(self._remove, look), look)
        finally:
""",
        """        self.log.write("gate", notes)
        self._count_sends(sent.attempts, 1)
        try:
            sent.send(list(batches(passed, self.batch)), partial(self._remove, look), look)
        finally:
            self.log.write("intent", sent.intents())
""",
        (f"{PROTOCOL}/test_order_of_things.py",),
    ),
    Mutation(
        "blind resend after a lost answer",
        "crm_bridge/pipeline/deleting/sending.py",
        """    look.check()
    return remove(batch)
""",
        """    look.check()
    try:
        return remove(batch)
    except AnswerLostError:
        return remove(batch)
""",
        (f"{JOURNEYS}/test_lost_answers.py",),
    ),
    Mutation(
        "a lost answer counts as done",
        "crm_bridge/pipeline/deleting/sending.py",
        "        return Event(EventKind.ANSWER_LOST, step, attempt, reason=Reason.ANSWER_LOST, code=code)\n",
        "        return Event(EventKind.ANSWERED_DONE, step, attempt, Evidence.E0, code=code)\n",
        (f"{JOURNEYS}/test_lost_answers.py",),
    ),
    Mutation(
        "a lost answer counts as not done",
        "crm_bridge/pipeline/deleting/sending.py",
        "        return Event(EventKind.ANSWER_LOST, step, attempt, reason=Reason.ANSWER_LOST, code=code)\n",
        "        return Event(EventKind.ANSWERED_NOT_DONE, step, attempt, reason=Reason.ANSWER_LOST, code=code)\n",
        (f"{PROTOCOL}/test_second_look.py", f"{JOURNEYS}/test_lost_answers.py"),
    ),
    Mutation(
        "an id that is answered twice counts",
        "adapters/crm_bridge_zoho/removing/outcomes.py",
        "    if len(mine) != 1:\n",
        "    if not mine:\n",
        (f"{PROTOCOL}/test_odd_answers.py",),
    ),
    Mutation(
        "not found counts as done by us",
        "crm_bridge/domain/absence.py",
        "NOT_THERE = frozenset({Reason.NOT_FOUND, Reason.MERGED})\n",
        "NOT_THERE = frozenset[Reason]()\n",
        ("tests/domain/test_causes_of_absence.py",),
    ),
    Mutation(
        "one look instead of two",
        "crm_bridge/pipeline/settling/reconcile.py",
        "            second = _look(context, batch, since)\n",
        "            second = first\n",
        (f"{PROTOCOL}/test_second_look.py",),
    ),
    Mutation(
        "absence without a control record",
        "crm_bridge/pipeline/settling/verify.py",
        "    if not listed_as_ours and not (absence.proven and controlled):\n",
        "    if not listed_as_ours and not absence.proven:\n",
        (f"{PIPELINE}/test_what_looks_prove.py",),
    ),
    Mutation(
        "no last look before the delete",
        "crm_bridge/pipeline/deleting/gate.py",
        "        return _held(target, step, Reason.CHANGED_SINCE_PLAN)\n",
        "        pass\n",
        (f"{PROTOCOL}/test_gate_window.py",),
    ),
    Mutation(
        "any word confirms",
        "crm_bridge/domain/planning/confirmation.py",
        '    return "phrase" if " ".join(given.split()) == phrase else None\n',
        '    return "phrase" if given else None\n',
        (f"{JOURNEYS}/test_refusals.py",),
    ),
    Mutation(
        "a plan never expires",
        "crm_bridge/domain/planning/confirmation.py",
        "    if now.at >= head.expires_at:\n",
        "    if False:\n",
        (f"{PROTOCOL}/test_expired_plans.py",),
    ),
    Mutation(
        "a clock set back prolongs a plan",
        "crm_bridge/domain/planning/confirmation.py",
        "    if passed is not None and passed >= head.expires_at - head.made_at:\n",
        "    if False:\n",
        (f"{PROTOCOL}/test_expired_plans.py",),
    ),
    Mutation(
        "a used plan runs again",
        "crm_bridge/pipeline/runs.py",
        "    if known and known.complete:\n",
        "    if known and known.complete and False:\n",
        (f"{JOURNEYS}/test_refusals.py",),
    ),
    Mutation(
        "an edited plan is believed",
        "crm_bridge/pipeline/planning/plan_file.py",
        '        if journal.keyed_digest("plan", self.plan.digest) != self._mark:\n',
        "        if not self._mark:\n",
        (f"{JOURNEYS}/test_refusals.py",),
    ),
    Mutation(
        "a plan runs on any tenant",
        "crm_bridge/bridge/tenant.py",
        "        if (head.connection, head.org, head.module) != (self.name, profile.org_id, profile.module):\n",
        "        if (head.connection, head.org, head.module) == ():\n",
        (f"{JOURNEYS}/test_refusals.py",),
    ),
    Mutation(
        "records are not leased",
        "crm_bridge/pipeline/runs.py",
        "    if held:\n        raise JournalBusyError(",
        "    if held and False:\n        raise JournalBusyError(",
        (f"{PROTOCOL}/test_processes.py",),
    ),
    Mutation(
        "a backup is not read back",
        "crm_bridge/vault/writer.py",
        "        if report.findings:\n",
        "        if False:\n",
        ("tests/vault",),
    ),
    Mutation(
        "a backup that changed since is believed",
        "crm_bridge/pipeline/deleting/gate.py",
        "    backup_set.verify_entry(record_id, compared)\n",
        "",
        (f"{PROTOCOL}/test_backup_gate.py",),
    ),
    Mutation(
        "an unsealed tail is accepted",
        "crm_bridge/journal/storage/tail.py",
        "    if checkpoint is None or checkpoint.root != frontier.root() or "
        "sealed.frontier.to_bytes() != frontier.to_bytes():\n",
        "    if checkpoint is None:\n",
        ("tests/journal/test_journal_opening.py",),
    ),
    Mutation(
        "a journal that was rolled back is accepted",
        "crm_bridge/journal/storage/tail.py",
        "    size = sealed_size(db)\n",
        "    size, pin = sealed_size(db), None\n",
        (f"{CLI}/test_journal_commands.py",),
    ),
    Mutation(
        "the first contracts are not looked for",
        "crm_bridge/pipeline/deleting/delete.py",
        "        deletion.ramp()\n",
        "",
        (f"{PROTOCOL}/test_first_contracts.py",),
    ),
    Mutation(
        "a purge has no first contracts of its own",
        "crm_bridge/pipeline/deleting/ramp.py",
        "sum(one.step is self._step and one.attempt > 0 for one in statuses)",
        "sum(one.attempt > 0 for one in statuses)",
        (f"{PROTOCOL}/test_first_contracts.py",),
    ),
    Mutation(
        "doubt does not end a run",
        "crm_bridge/pipeline/deleting/delete.py",
        "        if len(doubtful) > self.context.rules.max_in_doubt_percent * self.backed_up.plan.count / 100:\n",
        "        if len(doubtful) > self.backed_up.plan.count:\n",
        (f"{PROTOCOL}/test_first_contracts.py",),
    ),
    Mutation(
        "an old look is good enough",
        "crm_bridge/pipeline/deleting/freshness.py",
        "        if self._is_late(sending.age):\n",
        "        if False:\n",
        (f"{PROTOCOL}/test_fresh_looks.py", f"{PROTOCOL}/test_gate_window.py"),
    ),
    Mutation(
        "whatever lies in the bin is purged",
        "crm_bridge/pipeline/deleting/gate.py",
        "    theirs = seen.by is not None and seen.by != log.context.profile.user_id\n",
        "    theirs = False\n",
        (f"{PROTOCOL}/test_gate_window.py",),
    ),
    Mutation(
        "two processes carry out one plan",
        "crm_bridge/locks.py",
        "        while not try_lock(handle, shared=shared):\n",
        "        while False:\n",
        (f"{PROTOCOL}/test_looking_again.py",),
    ),
    Mutation(
        "absence at another tenant counts",
        "crm_bridge/bridge/run_verbs.py",
        """        self._check_tenant(file)
        with self._working(info):
            log = RunLog(self.context, info.ref)
""",
        """        with self._working(info):
            log = RunLog(self.context, info.ref)
""",
        (f"{PROTOCOL}/test_looking_again.py",),
    ),
    Mutation(
        "the backup's own failure is passed over",
        "crm_bridge/pipeline/deleting/storing.py",
        """        if problem.reason not in OF_ONE_FILE:
            raise
""",
        """        if False:
            raise
""",
        (f"{PROTOCOL}/test_full_disk.py",),
    ),
    Mutation(
        "what is in doubt in another run is planned again",
        "crm_bridge/pipeline/settling/doubt.py",
        "    if run := doubtful.get(target.ref.id):\n",
        "    if (run := doubtful.get(target.ref.id)) and False:\n",
        (f"{PROTOCOL}/test_doubt_elsewhere.py",),
    ),
    Mutation(
        "only open intents are doubtful",
        "crm_bridge/pipeline/settling/doubt.py",
        "DOUBTFUL = LATE | {State.UNATTRIBUTED}\n",
        "DOUBTFUL = frozenset({State.IN_FLIGHT})\n",
        (f"{PROTOCOL}/test_doubt_elsewhere.py",),
    ),
    Mutation(
        "a restore does not wait for the doubt of other runs",
        "crm_bridge/pipeline/restoring/restore_plan.py",
        "    doubtful |= {i: elsewhere[i] for i in late if i in elsewhere}\n",
        "",
        (f"{PROTOCOL}/test_doubt_elsewhere.py",),
    ),
    Mutation(
        "an expired plan leaves open what its run left open",
        "crm_bridge/bridge/run_verbs.py",
        "                self.reconcile(known.id)\n",
        "                pass\n",
        (f"{PROTOCOL}/test_expired_plans.py",),
    ),
    Mutation(
        "a resume of what is done asks the CRM again",
        "crm_bridge/bridge/run_verbs.py",
        "        if info.complete:\n            return self._reported(info)\n",
        "        self.profile()\n        if info.complete:\n            return self._reported(info)\n",
        (f"{PROTOCOL}/test_doubt_elsewhere.py",),
    ),
    Mutation(
        "a batch is judged by its HTTP status",
        "adapters/crm_bridge_zoho/removing/outcomes.py",
        "    return classified(ref, mine[0], answer)\n",
        "    row = mine[0] if answer.status >= 300 else Item(True, 'SUCCESS', ref.id)\n"
        "    return classified(ref, row, answer)\n",
        ("tests/zoho/adapter", "tests/zoho/test_conformance.py"),
    ),
)


def apply(mutation: Mutation, copy: Path) -> None:
    """Make one variant in a copy of the sources. Raises SystemExit when the sources have moved on."""
    path = copy / mutation.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        raise SystemExit(f"{mutation.name}: its text stands {text.count(mutation.old)} times in {mutation.file}")
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")


def caught(mutation: Mutation) -> bool:
    """Run the tests on the variant; True when one of them fails."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        apply(mutation, copy)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutation.tests]
        env = {**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'adapters'}"}
        done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise SystemExit(f"{mutation.name}: the tests could not be run\n{done.stdout[-2000:]}{done.stderr[-500:]}")
        return done.returncode == 1


def report(mutations: Sequence[Mutation], names: Sequence[str]) -> int:
    """Try every variant, or the named ones; return 1 when one goes unnoticed."""
    chosen = [one for one in mutations if not names or one.name in names]
    survivors = []
    for mutation in chosen:
        noticed = caught(mutation)
        survivors += [] if noticed else [mutation.name]
        print(f"{'caught  ' if noticed else 'SURVIVED'} {mutation.name}", flush=True)
    print(f"{len(chosen)} variants, {len(chosen) - len(survivors)} caught, {len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(report(MUTATIONS, sys.argv[1:]))
