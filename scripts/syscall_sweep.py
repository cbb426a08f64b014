"""Break a deletion at single system calls (strace), take it up again, and let the CRM's own ledger judge.

python scripts/syscall_sweep.py [--cases N] [--seed S] [--part K/N] [--json]

At the n-th call of one kind the process is killed (every file and socket call), or the call fails with EIO or ENOSPC
(calls that write). Counters are per thread and kind, as strace counts. Without --cases everything is tried.
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
sys.path[:0] = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "scripts")]

import crash_sweep  # noqa: E402
from crash_case import KILLED, Case, flush  # noqa: E402

from crm_bridge.domain.capabilities import Step  # noqa: E402
from crm_bridge.errors import CrmBridgeError  # noqa: E402

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
        raise SystemExit(f"the recorded run failed with exit code {code}")
    seen: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            seen[found[1], found[2]] += 1
    most: Counter[str] = Counter()
    for (_thread, call), number in seen.items():
        most[call] = max(most[call], number)
    return most


def every_break(name: str, calls: Counter[str]) -> Iterator[Break]:
    """Yield every break of one CRM's journey."""
    for call, most in sorted(calls.items()):
        for number in range(1, most + 1):
            yield Break(name, call, number, "KILL")
            if call in WRITING:
                yield Break(name, call, number, "EIO")
            if call in FULL:
                yield Break(name, call, number, "ENOSPC")


class SyscallSweep(crash_sweep.Sweep):
    """The crash sweep, with system calls instead of failpoints."""

    def calls(self, name: str) -> Counter[str]:
        """Record one journey."""
        return calls_of(self.case(name, Step.TRASH), self.folder / f"{name}.strace")

    def break_at(self, where: Break) -> None:
        """Run one case and keep what was wrong."""
        case = self.case(where.name, Step.TRASH)
        code = traced(case.apply_here, ["-o", os.devnull, "-e", f"trace={where.call}", "-e", where.inject])
        kind = "killed" if code == KILLED else "ended well" if code == 0 else f"ended with {code}"
        self.counts[f"{where.what}: {kind}"] += 1
        case.say(code != 99, "the process ended in a traceback")
        case.judge_after_kill()
        again = case.apply()
        code = case.resume() if again == 5 else again
        if where.what == "KILL":
            case.judge_end(code)
        else:
            case.judge_truth()
        if self.counts["cases"] % 8 == 0:
            case.judge_second_resume(code)
        self.counts["cases"] += 1
        self.violations += [f"{where}: {what}" for what in case.violations]
        shutil.rmtree(case.home, ignore_errors=True)


def sweep_all(folder: Path, chosen: argparse.Namespace) -> SyscallSweep:
    """Run the chosen cases, with a new sandbox whenever one has no contracts left."""
    crash_sweep.PER_CASE = 2
    rng = random.Random(chosen.seed)
    sweep = SyscallSweep(folder / "0", chosen.count, chosen.seed)
    every = [one for name in sorted(sweep.crms) for one in every_break(name, sweep.calls(name))]
    print(f"{len(every)} breaks are possible", file=sys.stderr)
    if chosen.cases is not None and chosen.cases < len(every):
        every = rng.sample(every, chosen.cases)
    part, parts = (int(word) for word in chosen.part.split("/"))
    every = every[part - 1 :: parts]
    for number, where in enumerate(every, 1):
        if not sweep.has_room():
            sweep = renewed(sweep, folder / str(number), chosen)
        sweep.break_at(where)
        if number % 100 == 0:
            print(number, len(sweep.violations), "violations", file=sys.stderr, flush=True)
    sweep.close()
    return sweep


def renewed(old: SyscallSweep, folder: Path, chosen: argparse.Namespace) -> SyscallSweep:
    """Return a sweep with fresh contracts and the counts of the old one."""
    old.close()
    new = SyscallSweep(folder, chosen.count, chosen.seed)
    new.counts, new.violations = old.counts, old.violations
    return new


def main() -> int:
    """Sweep and print counts; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="K/N: only this part of the cases")
    parser.add_argument("--count", type=int, default=1200, help="contracts per CRM in the sandbox")
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
