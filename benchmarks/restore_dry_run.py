"""How much memory `restore --dry-run` takes for a run of many contracts.

    python benchmarks/restore_dry_run.py [--contracts 200000]

The contracts are deleted for it in Zoho's stand-in, which runs in a process of its own. The command then runs as it is
run by people, as a table and as JSON; what is measured is the highest resident memory of its process. Prints one JSON
object.
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
from pathlib import Path

from zoho_quarter_million import serve

from crm_bridge.bridge import Bridge
from crm_bridge.sandbox.home import connection_name

RAISED = {"max_contracts": 10_000_000, "max_leaves": 100_000_000, "max_share": 100}


def delete(home: Path) -> tuple[str, int]:
    """Delete everything; return the run and how many contracts it removed."""
    with Bridge.open(home) as bridge:
        crm = bridge.connect(connection_name("zoho"))
        plan = crm.plan("everything", reason="benchmark", **RAISED)
        run = crm.apply(plan, confirm=plan.digest)
        return run.id, plan.count


def dry_run(home: Path, run: str, *options: str) -> dict[str, float | int]:
    """Return what the command took: lines, seconds, and megabytes at its peak."""
    command = [sys.executable, "-m", "crm_bridge.cli.main", *options, "restore", run, "--dry-run"]
    started = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "CRM_BRIDGE_HOME": str(home)}
    )
    assert process.stdout is not None
    lines = sum(1 for _line in process.stdout)
    _pid, status, used = os.wait4(process.pid, 0)
    process.stdout.close()
    megabytes = round(used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
    seconds = round(time.monotonic() - started, 1)
    return {"exit_code": os.waitstatus_to_exitcode(status), "lines": lines, "seconds": seconds, "peak_mb": megabytes}


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
        started = time.monotonic()
        run, count = delete(home)
        report: dict[str, object] = {"contracts": count, "deleted_in_seconds": round(time.monotonic() - started, 1)}
        report |= {"as_table": dry_run(home, run), "as_json": dry_run(home, run, "--json")}
        here.send("end")
        server.join(10)
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
