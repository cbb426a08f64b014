"""Break a deletion at single system calls (strace), take it up again, and let the CRM's own ledger judge.

python sweeps/syscall_sweep.py [--cases N] [--seed S] [--part K/N] [--json]

At the n-th call of one kind the process is killed (every file and socket call), or the call fails with EIO or ENOSPC
(calls that write); both CRMs, both steps. Counters are per thread and kind, as strace counts. Without --cases
everything is tried.
Needs strace and the right to trace; without them it says so and ends with 77.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "sweeps"), str(ROOT / "verifier")]

import crash_judge as judge  # noqa: E402
import crash_sweep  # noqa: E402
from crash_case import KILLED, USED, Case, flush  # noqa: E402

from crm_bridge.domain.capabilities import Step  # noqa: E402
from crm_bridge.errors import CrmBridgeError  # noqa: E402
from crm_bridge.sandbox.records import RICH  # noqa: E402

CANNOT = 77
WRITING = frozenset(
    {"openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "mkdir", "unlink", "ftruncate", "sendto", "flock"}
)
FULL = frozenset({"openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "mkdir", "ftruncate"})
TRACED = "trace=file,desc,network"


@dataclass(frozen=True)
class Break:
    """What happens at the n-th call of one kind."""

    name: str
    step: Step
    call: str
    number: int
    what: str

    @property
    def inject(self) -> str:
        """Return strace's words for it."""
        action = "signal=KILL" if self.what == "KILL" else f"error={self.what}"
        return f"inject={self.call}:{action}:when={self.number}"


def traced(work: Callable[[], int], options: list[str]) -> int:
    """Run `work` in a forked process under strace; return its exit code, or minus the signal that killed it."""
    flush()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.kill(os.getpid(), signal.SIGSTOP)
            code = work()
        except CrmBridgeError as error:
            code = error.exit_code
        except OSError:
            code = 1  # the command line makes one sentence of it
        finally:
            os._exit(code)
    os.waitpid(child, os.WUNTRACED)
    tracer = subprocess.Popen(["strace", "-f", *options, "-p", str(child)], stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    if "attached" not in tracer.stderr.readline():
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise PermissionError("strace cannot attach here")
    os.kill(child, signal.SIGCONT)
    status = os.waitpid(child, 0)[1]
    tracer.communicate()
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def calls_of(case: Case, log: Path) -> Counter[str]:
    """Return how often a whole journey makes each kind of call, at most, in one of its threads."""
    code = traced(case.apply_here, ["-o", str(log), "-e", TRACED])
    if code:
        raise SystemExit(f"the recorded run ended with {code}: {case.why()}")
    seen: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            seen[found[1], found[2]] += 1
    most: Counter[str] = Counter()
    for (_thread, call), number in seen.items():
        most[call] = max(most[call], number)
    return most


def every_break(name: str, step: Step, calls: Counter[str]) -> Iterator[Break]:
    """Yield every break of one CRM's journey."""
    for call, most in sorted(calls.items()):
        for number in range(1, most + 1):
            yield Break(name, step, call, number, "KILL")
            if call in WRITING:
                yield Break(name, step, call, number, "EIO")
            if call in FULL:
                yield Break(name, step, call, number, "ENOSPC")


class SyscallSweep(crash_sweep.Sweep):
    """The crash sweep, with system calls instead of failpoints."""

    def planned(self, name: str, step: Step) -> Case:
        """Prepare a case and its plan."""
        case = self.case(name, step)
        if code := case.plan():
            raise SystemExit(f"planning ended with {code}: {case.why()}")
        return case

    def calls(self, name: str, step: Step) -> Counter[str]:
        """Record one journey."""
        return calls_of(self.planned(name, step), self.folder / f"{name}.{step}.strace")

    def break_at(self, where: Break) -> None:
        """Run one case and keep what was wrong."""
        case = self.planned(where.name, where.step)
        code = traced(case.apply_here, ["-o", os.devnull, "-e", f"trace={where.call}", "-e", where.inject])
        kind = "killed" if code == KILLED else "ended well" if code == 0 else f"ended with {code}"
        self.counts[f"{where.what}: {kind}"] += 1
        case.say(code != 99, "the process ended in a traceback")
        judge.after_a_kill(case)
        again = case.apply()
        code = case.resume() if again == USED else again
        if where.what == "KILL":
            judge.the_end(case, code)
        else:
            judge.the_truth(case)
        if code == 0:
            judge.a_second_resume(case)
            judge.the_disk(case)
        if code == 0 and self.counts["cases"] % 8 == 0:
            judge.backups(case)
            judge.the_papers(case)
        self.keep(case, str(where))


def sweep_all(folder: Path, chosen: argparse.Namespace) -> SyscallSweep:
    """Run the chosen cases."""
    rng = random.Random(chosen.seed)
    sweep = SyscallSweep(folder, chosen.count, chosen.seed, per_case=2)
    pairs = [(name, step) for name in sorted(sweep.stand.crms) for step in Step]
    every = [one for name, step in pairs for one in every_break(name, step, sweep.calls(name, step))]
    print(f"{len(every)} breaks are possible", file=sys.stderr)
    if chosen.cases is not None and chosen.cases < len(every):
        every = rng.sample(every, chosen.cases)
    part, parts = (int(word) for word in chosen.part.split("/"))
    try:
        for number, where in enumerate(every[part - 1 :: parts], 1):
            sweep.break_at(where)
            if number % 100 == 0:
                print(number, len(sweep.violations), "violations", file=sys.stderr, flush=True)
    finally:
        sweep.close()
    return sweep


def main() -> int:
    """Sweep and print counts; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="K/N: only this part of the cases")
    parser.add_argument("--count", type=int, default=RICH, help="contracts per CRM in the sandbox")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if shutil.which("strace") is None:
        print("strace is not installed", file=sys.stderr)
        return CANNOT
    crash_sweep.warm_up()
    with tempfile.TemporaryDirectory(prefix="syscall-sweep-") as folder:
        try:
            sweep = sweep_all(Path(folder), chosen)
        except PermissionError as refused:
            print(refused, file=sys.stderr)
            return CANNOT
    result = {**sweep.counts, "violations": len(sweep.violations), "first": sweep.violations[:10]}
    print(json.dumps(result) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 1 if sweep.violations else 0


if __name__ == "__main__":
    sys.exit(main())
