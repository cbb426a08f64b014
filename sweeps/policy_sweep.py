"""Edit every byte of a plan, of a policy and of its hold list, and count what is carried out all the same.

    python sweeps/policy_sweep.py [--adapter zoho] [--every 1] [--seed 1]

Each byte is edited once by a random bit. An edited plan must not open. An edited policy must not be read, or be another
policy than that of the plan, which is then refused; an edit that leaves the policy as it was (in a comment, a blank)
is counted apart. Prints one JSON object; the exit code is 1 if an edit was accepted.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crm_bridge.bridge import Bridge
from crm_bridge.clock import ManualClock
from crm_bridge.errors import ConfirmationError, CrmBridgeError, UsageError
from crm_bridge.pipeline.planning.policing import refuse_policy
from crm_bridge.sandbox.home import connection_name
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

POLICY = """
# The policy that the sweep edits.
[policy]
name = "sweep"
max_contracts = 20
max_leaves = 2000
max_share = 80
max_per_customer = 9
max_amount = { CNY = 50000000, EUR = "2500000.00" }
protected_statuses = ["Terminated", "暂停"]
protected_names = ["HT-1999*"]
min_age_days = 3
hold_list = "holds.csv"
ramp = [5, 50]
max_refused_percent = 40

[policy.retention.ten-years]
releases = ["invoice", "payment", "order"]
ended_days = 3650
"""
HOLDS = "number,reason\nHT-1998-0001,litigation 4711\nHT-1998-0002,审计\n"
CONTRACTS = 30


def sweep(adapter: str, home: Path, *, every: int, dice: random.Random) -> dict[str, dict[str, int]]:
    """Make a plan under a policy, then edit one byte after the other of the plan, the policy and the hold list."""
    clock = ManualClock()
    # Each file has dice of its own: what is rolled for one does not hang on how long another one is.
    rolled = {name: random.Random(dice.randrange(1 << 32)) for name in ("plan", "policy", "hold list")}
    with sandbox(SandboxOptions(home=home, count=CONTRACTS, only=(adapter,)), clock=clock):
        config = home / "config.toml"
        top, mark, connections = config.read_text(encoding="utf-8").partition("[connections.")
        text = f"{top.partition('[policy')[0]}{POLICY}\n{mark}{connections}"
        config.write_text(text, encoding="utf-8")
        (home / "holds.csv").write_text(HOLDS, encoding="utf-8")
        with Bridge.open(home, clock=clock, environ={}) as bridge:
            made = bridge.connect(connection_name(adapter)).plan("everything", output=home / "sweep.plan")
            context = bridge.context(connection_name(adapter))
            refuse_policy(context, made.deletion_plan)  # unedited it is taken
            edits = _edits(made.path, every, rolled["plan"])
            plans = Counter(_plan_verdict(bridge, made.path, made.digest) for _place in edits)
        verdicts = {"plan": plans}
        for name, path, part in (("policy", config, POLICY), ("hold list", home / "holds.csv", HOLDS)):
            verdicts[name] = Counter(
                _policy_verdict(home, clock, adapter, made.notes.policy)
                for _place in _edits(path, every, rolled[name], part=part)
            )
    return {name: dict(found) for name, found in verdicts.items()}


def _edits(path: Path, every: int, dice: random.Random, *, part: str = "") -> Iterator[int]:
    """Yield after each edit of one byte of a file, or of that part of it; the file is whole again at the end."""
    whole = path.read_bytes()
    first = whole.index(part.encode()) if part else 0
    last = first + len(part.encode()) if part else len(whole)
    for place in range(first, last, every):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << dice.randrange(8))]) + whole[place + 1 :])
        yield place
    path.write_bytes(whole)


def _plan_verdict(bridge: Bridge, path: Path, digest: str) -> str:
    try:
        opened = bridge.open_plan(path)
    except (ConfirmationError, UsageError):
        return "refused"
    return "accepted" if opened.digest == digest else "another digest"


def _policy_verdict(home: Path, clock: ManualClock, adapter: str, digest: str) -> str:
    try:
        with Bridge.open(home, clock=clock, environ={}) as bridge:
            rules = bridge.rules(connection_name(adapter))
    except CrmBridgeError:
        return "refused"
    if rules.problem:
        return "refused"
    return "as it was" if rules.digest() == digest else "refused"


def main() -> int:
    """Run the sweep that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapter", default="zoho", choices=["zoho", "fxiaoke"])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = sweep(chosen.adapter, Path(folder) / "home", every=chosen.every, dice=random.Random(chosen.seed))
    print(json.dumps(found, ensure_ascii=False))
    return 1 if found["plan"].keys() - {"refused"} else 0


if __name__ == "__main__":
    sys.exit(main())
