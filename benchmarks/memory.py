"""How much memory the commands take that read a run of many contracts, and the deletion itself.

    python benchmarks/memory.py [--contracts 200000]

The contracts are planned and deleted in Zoho's stand-in, which runs in a process of its own; then each command runs as
people run it. What is measured is the highest resident memory of its process. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from zoho_quarter_million import serve

from crm_bridge.sandbox.home import connection_name

PROGRAM = [sys.executable, "-m", "crm_bridge.cli.main"]
RAISED = ("--max-contracts", "10000000", "--max-leaves", "100000000", "--max-share", "100")


def run(home: Path, *words: str) -> dict[str, float | int | str]:
    """Return what a command took: its exit code, lines, seconds, and megabytes at its peak."""
    started = time.monotonic()
    environment = {**os.environ, "CRM_BRIDGE_HOME": str(home)}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, stderr=errors, env=environment)
        assert process.stdout is not None
        lines = sum(1 for _line in process.stdout)
        _pid, status, used = os.wait4(process.pid, 0)
        process.stdout.close()
        errors.seek(0)
        said = errors.read()[-300:].decode(errors="replace") if status else ""
    return {
        "exit_code": os.waitstatus_to_exitcode(status),
        "lines": lines,
        "seconds": round(time.monotonic() - started, 1),
        "peak_mb": round(used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1),
        **({"said": said} if said else {}),
    }


def tail_of(path: Path) -> bytes:
    """Return the last line of a file without holding the others."""
    with path.open("rb") as lines:
        return deque(lines, maxlen=1).pop()


def measured(home: Path) -> Iterator[tuple[str, Mapping[str, float | int | str]]]:
    """Plan, apply, and read the run in every way; yield what each command took."""
    name, plan = connection_name("zoho"), str(home / "benchmark.plan")
    yield "plan", run(home, "plan", name, "--where", "amount >= 0", "--reason", "benchmark", "-o", plan, *RAISED)
    # What this process holds at most counts for its children as well.
    digest = json.loads(tail_of(Path(plan)))["digest"]
    yield "apply", run(home, "apply", plan, "--confirm", digest)
    for words in (("status", "--all"), ("receipt", "show"), ("restore", "--last", "--dry-run"), ("review",)):
        for form in ((), ("--json",)):
            yield " ".join([*words, *form]), run(home, *form, *words)


def main() -> int:
    """Delete, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contracts", type=int, default=200_000)
    chosen = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        server = context.Process(target=serve, args=(there, home, chosen.contracts, False), daemon=True)
        server.start()
        here.recv()
        print(json.dumps({"contracts": chosen.contracts, **dict(measured(home))}, indent=2))
        here.send("end")
        server.join(10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
