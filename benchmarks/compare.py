"""crm_bridge beside what people write instead, in one interleaved run against the Zoho stand-in.

    python benchmarks/compare.py [--contracts 2000] [--latency-ms 50] [--rounds 3] [--drivers ...] [--chart FILE.svg]

Each driver removes the same contracts in a process of its own, one after the other, in every round; each gets a
stand-in of its own, in another process, that holds every answer back for the latency. `ours` is `apply` of a plan that
was made before, with backup, journal, verification and receipt; the others list, delete and look whether anything is
left, and keep nothing. `bound` is the fewest calls there are, ten at a time. Medians over the rounds; ratios count,
seconds are those of this machine. `commits` are the journal's, `syncs` what Python asks of the disk beside them (SQLite
makes its own for each commit). `plan reads` is how often a plan file is opened to be read, `plan passes` how often its
contracts are gone through after that, `folds` how often the run is read out of the journal. Prints a table, or JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from chart import bars

from crm_bridge.clock import SystemClock
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.home import write_home
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge_zoho.emulator import ZohoEmulator

DRIVERS = ("ours", "naive", "batch", "sdk")
IN_FLIGHT = 10
COUNTED = ("commits", "syncs", "plan reads", "plan passes", "folds")
FIGURES = ("calls", "wall", "wall / bound", "cpu ms each", "peak MB", *COUNTED, "removed")
Figures = Mapping[str, float]


def serve(pipe: Connection, home: Path, contracts: int) -> None:
    """Run a stand-in until the other side asks for the end; hold answers back, and tell its figures on the way."""
    server = SandboxServer()
    emulator = ZohoEmulator(server.base_url, clock=SystemClock(), count=contracts, plain=True)
    emulator.switches.credits_limit = 5_000_000
    server.mount(emulator)
    write_home(home, {"zoho": emulator})
    with server:
        pipe.send({"base": server.base_url, **emulator.ready()})
        while (asked := pipe.recv()) != "end":
            if isinstance(asked, float):
                server.inject(*([FaultRule("delay", Match(count=None), {"seconds": asked})] if asked else []))
            pipe.send((len(emulator.ledger()), len(emulator.org.tables["Contracts"])))


def drive(name: str, contracts: int, latency: float) -> Figures:
    """Let one driver remove everything in a stand-in of its own; return what it took."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        server = context.Process(target=serve, args=(there, home, contracts), daemon=True)
        server.start()
        ready = {**here.recv(), "home": str(home), "folder": folder, "contracts": contracts}
        if name == "ours":
            run("plan", ready)
        calls, live = ask(here, latency)
        told = run(name, ready)
        after, left = ask(here, 0.0)
        here.send("end")
        server.join(20)
    bound = max(4, 2 + math.ceil((fewest_calls(contracts) - 2) / IN_FLIGHT)) * latency
    return {
        "calls": after - calls,
        "wall": told["wall"],
        "wall / bound": told["wall"] / bound if bound else 0.0,
        "cpu ms each": told["cpu"] * 1000 / contracts,
        "peak MB": told["peak_mb"],
        **{name: told[name] for name in COUNTED},
        "removed": live - left,
    }


def fewest_calls(contracts: int) -> int:
    """Return the fewest calls that remove so many: a sign-in, pages of 2,000, deletes of 100, deleted lists of 200."""
    return 1 + math.ceil(contracts / 2000) + math.ceil(contracts / 100) + math.ceil(contracts / 200)


def ask(pipe: Connection, latency: float) -> tuple[int, int]:
    """Set the latency; return how many calls there were, and how many contracts are left."""
    pipe.send(latency)
    calls, live = pipe.recv()
    return calls, live


def run(name: str, ready: Mapping[str, Any]) -> dict[str, float]:
    """Run one driver in a process of its own."""
    program = [sys.executable, str(Path(__file__).with_name("drivers.py")), name]
    done = subprocess.run(program, input=json.dumps(ready), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr.strip()[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def table(rows: Mapping[str, Figures]) -> str:
    """Return the figures as a table in Markdown."""
    lines = ["| driver | " + " | ".join(FIGURES) + " |", "|---" * (len(FIGURES) + 1) + "|"]
    for name, figures in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{figures[key]:.4g}" for key in FIGURES) + " |")
    return "\n".join(lines)


def compare(drivers: Sequence[str], contracts: int, latency: float, rounds: int) -> dict[str, Figures]:
    """Run the drivers in turn, so often; return the medians."""
    taken: dict[str, list[Figures]] = {name: [] for name in drivers}
    for _round in range(rounds):
        for name in drivers:
            taken[name].append(drive(name, contracts, latency))
    return {
        name: {key: statistics.median(one[key] for one in every) for key in FIGURES} for name, every in taken.items()
    }


def main() -> int:
    """Compare, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contracts", type=int, default=2000)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drivers", nargs="+", choices=DRIVERS, default=list(DRIVERS))
    parser.add_argument("--chart", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = compare(chosen.drivers, chosen.contracts, chosen.latency_ms / 1000, chosen.rounds)
    print(json.dumps(rows) if chosen.json else table(rows))
    if chosen.chart:
        title = f"{chosen.contracts} contracts, {chosen.latency_ms:g} ms a call: seconds"
        chosen.chart.write_text(bars(title, {name: figures["wall"] for name, figures in rows.items()}), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
