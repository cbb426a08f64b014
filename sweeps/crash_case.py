"""One case of the sweeps: a small deletion on one CRM, in processes of its own, that somebody breaks off."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crash_stand import Crm

from crm_bridge import failpoints
from crm_bridge.bridge import Bridge
from crm_bridge.clock import SystemClock, randomness_from
from crm_bridge.domain.capabilities import Step
from crm_bridge.errors import CrmBridgeError
from crm_bridge.journal.store import Journal

KILLED = -signal.SIGKILL
DESTROYED = {"trashed": "trash", "purged": "purge"}
USED = 5
"""Exit code of `apply` for a plan that was carried out already: killed behind the end of its run."""


class HastyClock(SystemClock):
    """The machine's clock for a program that never waits: sleeping moves it forward at once."""

    def __init__(self, tell: Callable[[float], object] = float) -> None:
        """Begin at the real time; `tell` hears of every wait, for a CRM whose time is to pass as well."""
        super().__init__()
        self._skipped = 0.0
        self._tell = tell

    def now(self) -> datetime:
        """Return the time with everything that was slept."""
        return super().now() + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        """Return seconds with everything that was slept."""
        return super().monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Skip the time."""
        self._skipped += max(0.0, seconds)
        self._tell(max(0.0, seconds))


def in_child(work: Callable[[], int], said: Path | None = None) -> int:
    """Run `work` in a forked process; return its exit code, or minus the signal that killed it.

    Its last error goes to the file `said`.
    """
    flush()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            code = work()
        except CrmBridgeError as error:
            code = error.exit_code
            if said is not None:
                said.write_text(f"{type(error).__name__} {error.reason}: {error}")
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
    secrets: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    since: int = 0
    digest: str = ""
    judged: set[tuple[str, str]] = field(default_factory=set)
    """Backups that were found good: contract and set."""
    clock: Callable[[], HastyClock] = HastyClock

    def prepare(self, template: Path) -> None:
        """Copy the configuration of the stand into a fresh state directory."""
        self.home.mkdir(mode=0o700, parents=True)
        for name in ("config.toml", "secrets.toml"):
            shutil.copy(template / name, self.home / name)
        self.since = self.crm.now()

    def plan(self, failpoint: str = "") -> int:
        """Make the plan in a process of its own."""

        def work() -> int:
            with self.bridge(failpoint) as bridge:
                bridge.connect(self.crm.name).plan(ids=self.ids, step=self.step, max_leaves=None)
            return 0

        code = in_child(work, self.said)
        if code == 0:
            self.digest = max((self.home / "plans").glob("[0-9a-f]*.plan"), key=lambda path: path.stat().st_mtime).stem
        return code

    @property
    def said(self) -> Path:
        """Return where a process leaves its last error, beside the state directory."""
        return self.home.with_name(f"{self.home.name}.txt")

    def bridge(self, failpoint: str = "") -> Bridge:
        """Open the state directory."""
        environ = {failpoints.VARIABLE: failpoint} if failpoint else {}
        return Bridge.open(self.home, clock=self.clock(), environ=environ)

    def apply(self, failpoint: str = "") -> int:
        """Carry the plan out, or take it up again, in a process of its own."""
        return in_child(lambda: self.apply_here(failpoint), self.said)

    def apply_here(self, failpoint: str = "") -> int:
        """Carry the plan out in this process."""
        with self.bridge(failpoint) as bridge:
            path = bridge.home / "plans" / f"{self.digest}.plan"
            return bridge.connect(self.crm.name).apply(path, confirm=self.digest).exit_code

    def resume(self) -> int:
        """Resume the last run in a process of its own."""

        def work() -> int:
            with self.bridge() as bridge:
                return bridge.connect(self.crm.name).resume().exit_code

        return in_child(work, self.said)

    def passed(self) -> tuple[list[str], list[str]]:
        """Plan and carry out; return every failpoint that was passed, in order: of the plan, of the run."""
        log = self.home.with_name(f"{self.home.name}.passed")
        hit = failpoints.hit
        failpoints.hit = lambda name: print(name, file=log.open("a"), flush=True)
        try:
            codes = [self.plan()]
            of_the_plan = log.read_text().split()
            log.unlink()
            codes.append(self.apply())
        finally:
            failpoints.hit = hit
        if any(codes):
            raise SystemExit(f"the recording run failed with exit codes {codes}: {self.why()}")
        return of_the_plan, log.read_text().split()

    def why(self) -> str:
        """Return what the last process that failed said."""
        return self.said.read_text() if self.said.exists() else "nothing was said"

    def say(self, good: object, what: str) -> None:
        """Note a violation."""
        if not good:
            self.violations.append(what)

    def entries(self) -> list[dict[str, Any]]:
        """Return what the journal on disk says: a row for each line of an entry, or for an entry without lines."""
        if not (self.home / "journal" / "journal.sqlite3").exists():
            return []
        keys = Bridge.open(self.home, environ={}).env.keys
        with Journal.open(
            self.home / "journal", keys=keys, clock=SystemClock(), randomness=randomness_from({}), read_only=True
        ) as journal:
            return [
                {"seq": entry.seq, "op": entry.op, "id": facts.get("id", ""), "body": facts}
                for entry in journal.entries()
                for facts in ([dict(line.facts) for line in journal.lines(entry)] or [dict(entry.body)])
            ]

    def effects(self) -> list[tuple[str, str]]:
        """Return (step, id) of every contract that disappeared in this case, in order; the ledger's word."""
        found = [
            (DESTROYED[effect["kind"]], effect["id"])
            for line in self.crm.ledger(self.since)
            for effect in line["effects"]
            if effect["kind"] in DESTROYED
        ]
        outside = {one for _step, one in found if one in self.crm.seeds and one not in self.ids}
        self.say(not outside, f"contracts outside the plan: {sorted(outside)[:3]}")
        return [one for one in found if one[1] in self.ids]


def flush() -> None:
    """Empty the buffers before a fork, so that nothing is printed twice."""
    sys.stdout.flush()
    sys.stderr.flush()
