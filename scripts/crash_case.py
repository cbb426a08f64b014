"""One case of the crash sweep: a small deletion on one CRM, killed somewhere, taken up again, judged by the ledger."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge
from crm_bridge.clock import SystemClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.errors import CrmBridgeError
from crm_bridge.journal.check import check_journal

KILLED = -signal.SIGKILL
DESTROYED = {"trashed": "trash", "purged": "purge"}


class HastyClock(SystemClock):
    """The machine's clock for a program that never waits: sleeping moves it forward at once."""

    def __init__(self) -> None:
        """Begin at the real time."""
        super().__init__()
        self._skipped = 0.0

    def now(self) -> datetime:
        """Return the time with everything that was slept."""
        return super().now() + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        """Return seconds with everything that was slept."""
        return super().monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Skip the time."""
        self._skipped += max(0.0, seconds)


@dataclass(frozen=True)
class Crm:
    """One served CRM: its connection's name and its address."""

    name: str
    url: str

    def control(self, command: str, **arguments: object) -> dict[str, Any]:
        """Act as somebody else at the CRM."""
        return self._ask("control", {"command": command, "arguments": arguments})

    def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the requests after a sequence number."""
        entries: list[dict[str, Any]] = self._ask(f"ledger?after={after}")["entries"]
        return entries

    def _ask(self, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__sandbox__/{path}", data=data)
        with urllib.request.urlopen(request, timeout=30) as answer:
            value: dict[str, Any] = json.load(answer)
            return value


def in_child(work: Callable[[], int]) -> int:
    """Run `work` in a forked process; return its exit code, or minus the signal that killed it."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            code = work()
        except CrmBridgeError as error:
            code = error.exit_code
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


@dataclass
class Case:
    """A deletion of a few contracts of one CRM in a state directory of its own."""

    crm: Crm
    step: Step
    ids: list[str]
    home: Path
    digest: str = ""
    violations: list[str] = field(default_factory=list)
    since: int = 0

    @classmethod
    def prepare(cls, crm: Crm, step: Step, ids: list[str], template: Path, home: Path) -> Case:
        """Copy the configuration, make the plan."""
        home.mkdir(mode=0o700, parents=True)
        for name in ("config.toml", "secrets.toml"):
            shutil.copy(template / name, home / name)
        if (template / "tokens").exists():
            shutil.copytree(template / "tokens", home / "tokens")
        case = cls(crm, step, ids, home)
        code = in_child(case._plan)
        if code:
            raise SystemExit(f"the plan failed with exit code {code}")
        (path,) = (home / "plans").glob("*.plan")
        case.digest = path.stem
        case.since = max((line["seq"] for line in crm.ledger()), default=0)
        return case

    def _plan(self) -> int:
        with self._bridge() as bridge:
            bridge.connect(self.crm.name).plan(ids=self.ids, step=self.step)
        return 0

    def _bridge(self, failpoint: str = "") -> Bridge:
        environ = {failpoints.VARIABLE: failpoint} if failpoint else {}
        return Bridge.open(self.home, clock=HastyClock(), environ=environ)

    def apply(self, failpoint: str = "") -> int:
        """Carry the plan out, or take it up again, in a process of its own."""

        def work() -> int:
            with self._bridge(failpoint) as bridge:
                path = bridge.home / "plans" / f"{self.digest}.plan"
                return bridge.connect(self.crm.name).apply(path, confirm=self.digest).exit_code

        return in_child(work)

    def resume(self) -> int:
        """Resume the last run in a process of its own."""

        def work() -> int:
            with self._bridge() as bridge:
                return bridge.connect(self.crm.name).resume().exit_code

        return in_child(work)

    def passed(self) -> list[str]:
        """Carry the plan out and return every failpoint that was passed, in order."""
        log = self.home / "passed.txt"

        def work() -> int:
            failpoints.hit = lambda name: print(name, file=log.open("a"), flush=True)
            return self.apply_here()

        code = in_child(work)
        if code:
            raise SystemExit(f"the recording run failed with exit code {code}")
        return log.read_text().split()

    def apply_here(self) -> int:
        """Carry the plan out in this process."""
        with self._bridge() as bridge:
            path = bridge.home / "plans" / f"{self.digest}.plan"
            return bridge.connect(self.crm.name).apply(path, confirm=self.digest).exit_code

    def say(self, good: object, what: str) -> None:
        """Note a violation."""
        if not good:
            self.violations.append(what)

    def entries(self) -> list[dict[str, Any]]:
        """Return the journal's entries as they are on disk."""
        from crm_bridge.clock import randomness_from
        from crm_bridge.journal.store import Journal

        if not (self.home / "journal").exists():
            return []
        around = Bridge.open(self.home, environ={}).around
        with Journal.open(
            self.home / "journal", keys=around.keys, clock=SystemClock(), randomness=randomness_from({}), read_only=True
        ) as journal:
            return [
                {"seq": e.seq, "op": e.op, "id": e.record_id, "attempt": e.attempt, "body": dict(e.body)}
                for e in journal.entries()
            ]

    def effects(self) -> list[tuple[str, str]]:
        """Return (step, id) of every contract that disappeared in this case, in order."""
        known = set(self.ids)
        found = [
            (DESTROYED[effect["kind"]], effect["id"])
            for line in self.crm.ledger(self.since)
            for effect in line["effects"]
            if effect["kind"] in DESTROYED
        ]
        live = {module_id for _step, module_id in found} - known
        self.say(not any(self.is_contract(one) for one in live), f"contracts outside the plan: {sorted(live)[:3]}")
        return [one for one in found if one[1] in known]

    def is_contract(self, record_id: str) -> bool:
        """Say whether a record is one of the CRM's contracts (details and files go along with theirs)."""
        return record_id in self.all_contracts

    all_contracts: frozenset[str] = frozenset()

    def judge_after_kill(self) -> None:
        """Whatever is gone at the CRM had a verified backup and a committed intent."""
        entries = self.entries()
        first = {(e["op"], e["id"], e["body"].get("step")): e["seq"] for e in reversed(entries)}
        saved = {e["id"]: e["seq"] for e in reversed(entries) if e["op"] == "backup.ok"}
        for step, record_id in self.effects():
            intent = first.get(("intent", record_id, step))
            self.say(intent is not None, f"{step} of {record_id} without a committed intent")
            self.say(record_id in saved, f"{step} of {record_id} without a verified backup")
            if intent is not None and record_id in saved:
                self.say(saved[record_id] < intent, f"{record_id}: backed up after the intent")
        if entries:
            code = check_journal(self.home / "journal").exit_code
            self.say(code in (0, 15), f"the journal does not verify after the kill: {code}")

    def judge_end(self, code: int) -> None:
        """Everything is removed once, with one `done`, nothing outside the plan, and the journal verifies."""
        self.say(code == 0, f"the resumed run ended with {code}")
        steps = ["trash", "purge"] if self.step is Step.PURGE else ["trash"]
        counted = Counter(self.effects())
        wanted = Counter((step, record_id) for step in steps for record_id in self.ids)
        self.say(counted == wanted, f"removals: {dict(counted - wanted)} too many, {dict(wanted - counted)} missing")
        done = Counter(
            (entry["body"].get("step"), entry["id"])
            for entry in self.entries()
            if entry["body"].get("event") in ("outcome.done", "reconcile.done")
        )
        self.say(done == wanted, f"done entries: {dict(done)}")
        self.say(check_journal(self.home / "journal").exit_code == 0, "the journal does not verify at the end")
        for line in refused(self.crm.ledger(self.since)):
            self.say(False, f"a removal was sent again: {line['method']} {line['path']} {line['code']}")

    def judge_truth(self) -> None:
        """Whatever a run says of its contracts is so: removed means gone, anything else means that it is there."""
        self.judge_after_kill()
        counted = Counter(self.effects())
        self.say(all(times == 1 for times in counted.values()), f"removed more than once: {counted}")
        gone = {record_id for _step, record_id in counted}
        said = {record_id for record_id, event in self.last_words().items() if event == "verify.absent"}
        self.say(said <= gone, f"called removed, but there: {sorted(said - gone)}")
        doubtful = {i for i, event in self.last_words().items() if event in ("intent", "outcome.unknown")}
        self.say(not doubtful, f"in doubt after a resume: {sorted(doubtful)}")
        self.say(gone <= said, f"gone, but not called removed: {sorted(gone - said)}")

    def judge_papers(self) -> None:
        """The receipt says the same when it is issued again; a program that shares no code with ours believes it."""
        import verify_journal

        from crm_bridge.journal.export import export_journal

        export = self.home / "export.jsonl"
        receipts = list((self.home / "receipts").glob("*.json"))
        self.say(len(receipts) == 1, f"{len(receipts)} receipts")

        def work() -> int:
            with self._bridge() as bridge:
                if [json.loads(path.read_text()) for path in receipts] != [bridge.issue_receipt()]:
                    return 98
                with export.open("wb") as file:
                    export_journal(bridge.journal, file)
                return verify_journal.main([str(export), "--key", bridge.journal.vkey, "--receipt", str(receipts[0])])

        code = in_child(work)
        self.say(code == 0, f"the independent verifier says {code} (98: the receipt changed)")

    def last_words(self) -> dict[str, str]:
        """Return the last event about each contract."""
        return {e["id"]: str(e["body"].get("event")) for e in self.entries() if e["id"] in self.ids}

    def judge_second_resume(self, wanted: int = 0) -> None:
        """A run that is done is only reported."""
        before = len(destructive(self.crm.ledger(self.since)))
        code = self.resume()
        self.say(code == wanted, f"the second resume ended with {code}")
        self.say(len(destructive(self.crm.ledger(self.since))) == before, "the second resume sent a removal")


def destructive(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the requests that mean to remove something, whatever became of them."""
    return [
        line
        for line in lines
        if line["method"] == "DELETE" or line["path"].endswith(("/invalid", "/delete", "/mass_delete"))
    ]


def refused(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return removals that changed nothing: whatever they were sent for was gone already."""
    return [line for line in destructive(lines) if not line["effects"]]


def flush() -> None:
    """Empty the buffers before a fork, so that nothing is printed twice."""
    sys.stdout.flush()
    sys.stderr.flush()
