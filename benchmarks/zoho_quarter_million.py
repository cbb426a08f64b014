"""A quarter of a million contracts in the Zoho emulator: find by filter, plan, back up, delete, verify some of them.

    python benchmarks/zoho_quarter_million.py [--contracts 250000] [--delete 1000 10000] [--rich]

The emulator runs in a process of its own; this process is the client alone, so its memory is the client's. Prints one
JSON object. `peak_rss_mb` is the highest so far, so the difference between two runs is what the larger one needed more;
`rss_mb` is the highest by stage (Linux only), where the receipt, which names every contract, belongs to `receipt`.
`--rich` gives contracts lines, notes and files, which costs calls per contract; without it, none is needed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from crm_bridge.bridge import Bridge
from crm_bridge.clock import SystemClock
from crm_bridge.sandbox.home import connection_name, write_home
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge_zoho.emulator import ZohoEmulator

FIRST_KEY = 9_007_199_254_740_993
"""Every fifth contract of the seed has a `Legacy_Key`: this plus its index. A bound on it picks an exact number."""


def serve(pipe: Connection, home: Path, contracts: int, rich: bool) -> None:
    """Run the emulator until the other side asks for the end; tell its figures on the way."""
    started = time.monotonic()
    server = SandboxServer()
    emulator = ZohoEmulator(server.base_url, clock=SystemClock(), count=contracts, plain=not rich)
    emulator.switches.credits_limit = 5_000_000
    server.mount(emulator)
    write_home(home, {"zoho": emulator})
    with server:
        pipe.send(round(time.monotonic() - started, 1))
        while pipe.recv() != "end":
            live = len(emulator.org.tables["Contracts"])
            pipe.send({"calls": len(emulator.ledger()), "live": live, "rss_mb": peak_mb()})


def peak_mb() -> float:
    """Return the highest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def resident_mb() -> float:
    """Return the resident memory of this process now, in MB; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return round(pages * resource.getpagesize() / (1 << 20), 1)


def journey(home: Path, pipe: Connection, first: int, wanted: int) -> dict[str, object]:
    """Delete `wanted` contracts whose index is at least `first`; return what it cost."""
    before = ask(pipe)
    text = f"Legacy_Key >= {FIRST_KEY + first} and Legacy_Key < {FIRST_KEY + first + 5 * wanted}"
    figures: dict[str, object] = {"contracts": wanted, "where": text}
    stages: dict[str, float] = {}

    def watch(stage: str, _done: int = 0, _total: int | None = None) -> None:
        stages[stage] = max(stages.get(stage, 0.0), resident_mb())

    with Bridge.open(home, progress=watch) as bridge:
        crm = bridge.connect(connection_name("zoho"))
        clock = time.monotonic()
        figures["found"] = sum(1 for _contract in crm.find(text))
        figures["find_seconds"] = round(time.monotonic() - clock, 1)
        clock = time.monotonic()
        plan = crm.plan(text, reason="benchmark", max_contracts=1_000_000, max_leaves=100_000_000, max_share=100)
        figures["plan_seconds"] = round(time.monotonic() - clock, 1)
        clock = time.monotonic()
        run = crm.apply(plan, confirm=plan.digest)
        watch("receipt")
        figures["apply_seconds"] = round(time.monotonic() - clock, 1)
        figures["outcomes"] = {str(outcome.value): count for outcome, count in run.counts.items()}
    after = ask(pipe)
    figures["calls"] = after["calls"] - before["calls"]
    figures["gone_from_crm"] = before["live"] - after["live"]
    figures |= {"peak_rss_mb": peak_mb(), "rss_mb": stages}
    return figures


def ask(pipe: Connection) -> dict[str, int]:
    """Return the emulator's figures."""
    pipe.send("figures")
    answer: dict[str, int] = pipe.recv()
    return answer


def main() -> int:
    """Run the journeys one after the other on one emulator."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contracts", type=int, default=250_000)
    parser.add_argument("--delete", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--rich", action="store_true")
    chosen = parser.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        arguments = (there, home, chosen.contracts, chosen.rich)
        server = multiprocessing.get_context("spawn").Process(target=serve, args=arguments, daemon=True)
        server.start()
        report: dict[str, object] = {"in_crm": chosen.contracts, "rich": chosen.rich, "seed_seconds": here.recv()}
        report["client_rss_before_mb"] = peak_mb()
        runs, first = [], 0
        for wanted in chosen.delete:
            runs.append(journey(home, here, first, wanted))
            first += 5 * wanted
        report |= {"runs": runs, "emulator_peak_rss_mb": ask(here)["rss_mb"]}
        here.send("end")
        server.join(10)
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
