"""Turn every switch of the stand-ins at random, prove the tenant, and let its own ledger judge.

    python sweeps/prove_sweep.py [--adapter zoho] [--rounds 300] [--seed 1] [--kill] [--json]

A round turns switches, proves both parts and compares each fact with its switch: right, not observable, or wrong. The
ledger of the stand-in says whether anything happened to records that the proof did not create, and what of its own is
left. `--kill`: the process is killed at every failpoint that the writing part passes, then `--clean` is given. Prints
one JSON object; the exit code is 1 for a wrong fact, an effect on somebody else's record, a record that is left, more
than 80 calls in a part, or less than 95 % of the observable switches told.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters"), str(ROOT / "sweeps")]

from crash_case import KILLED, in_child  # noqa: E402

from crm_bridge import failpoints  # noqa: E402
from crm_bridge.bridge import Bridge  # noqa: E402
from crm_bridge.bridge.proving.proof import Proof, ProvingPlan  # noqa: E402
from crm_bridge.clock import ManualClock  # noqa: E402
from crm_bridge.sandbox.home import connection_name  # noqa: E402
from crm_bridge.sandbox.serve import SandboxOptions, sandbox  # noqa: E402
from crm_bridge.spi.emulator import Effect, Emulator  # noqa: E402

CONTRACTS = 12
MOST_CALLS = 80
FEWEST_TOLD = 95
LOOKS = (0, 2, 8, 32)
"""Seconds after which a look for a new record may find it."""
_APART = 700.0
"""Seconds between two rounds: the windows of tokens and calls are empty again."""
Value = Any
__all__ = ["FEWEST_TOLD", "ProvingPlan", "kills", "stand", "sweep"]
Expected = Callable[[Mapping[str, Value]], str]


def _words(**words: str) -> Callable[[Value], str]:
    return lambda value: words[str(value)]


def _seen_after(lag: float) -> str:
    return f"{next(one for one in LOOKS if one >= lag)} s"


SWITCHES: Mapping[str, Mapping[str, Sequence[Value]]] = {
    "fxiaoke": {
        "max_query_limit": (20, 50, 100, 200, 500),
        "over_limit": ("clamp", "error"),
        "total_by_default": ("exact", "zero", "estimate"),
        "max_batch_ids": (5, 10, 20, 50, 100, 0),
        "id_conversion": ("by_style", "never"),
        "trace_id_required": (False, True),
        "query_invalid_rows": ("returned", "omitted", "with_filter"),
        "list_rows": ("full", "without_team", "truncated"),
        "index_lag": (0, 0, 1, 3),
        "absent_record": ("error", "empty"),
        "batch_failure": ("all_or_nothing", "per_id"),
        "voidable": ("normal", "normal_and_ineffective"),
        "denial_code": (50009, 20014, 15003),
        "cascade": ("all", "none", "refuse_delete"),
        "unknown_operator": ("ignored", "error"),
        "path_families": ("strict", "preset_anywhere", "any"),
        "describe_details": (False, True),
        "missing_user_code": (20017, 10010),
        "over_rate_code": (30004, 14001),
        "bin_days": (0, 30),
        "presigned_urls": (True, False),
        "details_shape": ("list_or_map", "list"),
        "events": ("off", "all", "no_void"),
        "void_marks": ("voider", "nobody", "system"),
        "get_voided": ("shown", "refused"),
        "voided_is_deleted": (True, False),
        "quota_zone": ("UTC+8", "UTC"),
    },
    "zoho": {
        "coql_max_rows": (200, 500, 1000, 2000),
        "coql_in_limit": (25, 50, 100),
        "coql_ignores_case": (False, True),
        "bare_lookups": (False, True),
        "trim_texts": (False, True),
        "missing_as": (204, 400, 404),
        "search_lag": (0, 3, 15),
        "children_in_queries": ("no", "yes", "first", "one"),
        "coql_subforms": (True, False),
        "all_failed_status": (400, 200),
        "mixed_status": (207, 200),
        "restore_touches_modified": (False, True),
        "purge_by_ids": (True, False),
        "ids_max_length": (0, 1024),
        "wf_trigger_ignored": (False, True),
        "nameless_refusals": (False, True),
        "token_old_style": (False, True),
    },
}
EXPECTED: Mapping[str, Mapping[str, Expected]] = {
    "fxiaoke": {
        "A-01": lambda s: f"{'cut to' if s['over_limit'] == 'clamp' else 'refused above'} {s['max_query_limit']}",
        "A-02": lambda s: (
            f"{_words(exact='exact', zero='none', estimate='estimate')(s['total_by_default'])}; exact when asked"
        ),
        "A-03": lambda s: "100 or more" if s["max_batch_ids"] in (0, 100) else f"refused above {s['max_batch_ids']}",
        "A-04": lambda s: s["id_conversion"].replace("_", " "),
        "A-05": lambda s: "required" if s["trace_id_required"] else "not required",
        "A-06": lambda s: s["query_invalid_rows"].replace("_", " "),
        "A-07": lambda s: _words(full="full", without_team="without the team", truncated="cuts long texts")(
            s["list_rows"]
        ),
        "A-08": lambda s: _seen_after(s["index_lag"]),
        "A-09": lambda s: "no data" if s["absent_record"] == "empty" else "error 50009",
        "A-10": lambda s: s["batch_failure"].replace("_", " "),
        "A-13": lambda _s: "voided at once",
        "A-14": lambda s: "lines stay" if s["cascade"] == "none" else "lines follow",
        "A-15": lambda s: s["unknown_operator"],
        "A-16": lambda s: s["path_families"].replace("_", " "),
        "A-17": lambda s: "brings them" if s["describe_details"] else "does not",
        "A-19": lambda s: str(s["missing_user_code"]),
        "A-23": lambda s: "given" if s["presigned_urls"] else "refused",
        "A-26": lambda s: "says so" if s["voided_is_deleted"] else "does not",
        "A-29": lambda s: s["void_marks"],
        "A-30": lambda s: s["get_voided"],
    },
    "zoho": {
        "Z-01": lambda s: "2000 or more" if s["coql_max_rows"] == 2000 else f"refused above {s['coql_max_rows']}",
        "Z-02": lambda s: "100 or more" if s["coql_in_limit"] == 100 else f"refused above {s['coql_in_limit']}",
        "Z-06": lambda s: "without case" if s["coql_ignores_case"] else "with case",
        "Z-07": lambda s: "bare" if s["bare_lookups"] else "named",
        "Z-08": lambda s: "cut off" if s["trim_texts"] else "kept",
        "Z-09": lambda s: str(s["missing_as"]),
        "Z-10": lambda s: _words(**{"0": "at most 2 s", "3": "at most 30 s", "15": "at most 30 s"})(s["search_lag"]),
        "Z-11": lambda s: "refused" if s["children_in_queries"] == "no" else "taken",
        "Z-12": lambda s: "taken" if s["coql_subforms"] else "refused",
        "Z-13": lambda s: str(s["all_failed_status"]),
        "Z-16": lambda s: "moves it" if s["restore_touches_modified"] else "leaves it",
        "Z-17": lambda s: "by ids" if s["purge_by_ids"] else "one by one",
    },
}
"""Question -> the value that the switches of a round make right. The others are not observable, and say why."""


@dataclass
class Tally:
    """What came of the rounds on one CRM."""

    counts: Counter[str] = field(default_factory=Counter)
    most_calls: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def told(self) -> float:
        """Return the percentage of observable switches that were told right."""
        asked = self.counts["right"] + self.counts["not observable"] + self.counts["wrong"]
        return 100 * self.counts["right"] / max(1, asked)

    @property
    def good(self) -> bool:
        """Return whether every promise was kept."""
        return not self.problems and self.told >= FEWEST_TOLD

    def as_json(self) -> dict[str, Any]:
        """Return the figures; the first problems in words."""
        return {
            **self.counts,
            "told_percent": round(self.told, 2),
            "most_calls": dict(self.most_calls),
            "problems": len(self.problems),
            "first": self.problems[:5],
            "failed": self.failed[:5],
        }


class ProvingStand:
    """One CRM that is proven again and again, each time in a state directory of its own."""

    def __init__(self, adapter: str, home: Path, emulator: Emulator, clock: ManualClock) -> None:
        """`home` has the configuration that the others are copied from."""
        self.adapter = adapter
        self.name = connection_name(adapter)
        self.emulator = emulator
        self.clock = clock
        self._home = home
        self._rounds = 0
        self.since = 0

    def turn(self, switches: Mapping[str, Value]) -> None:
        """Turn switches."""
        for name, value in switches.items():
            told = self.emulator.control("switch", {"name": name, "value": value})
            assert "error" not in told, told

    def fresh(self) -> Path:
        """Return a new state directory, and remember where the ledger stands."""
        self._rounds += 1
        self.clock.advance(_APART)
        home = self._home.with_name(f"round-{self._rounds}")
        home.mkdir(mode=0o700)
        for one in self._home.iterdir():
            if one.is_file():
                shutil.copy(one, home / one.name)
        self.since = len(self.emulator.ledger())
        return home

    def bridge(self, home: Path, failpoint: str = "") -> Bridge:
        """Open a state directory."""
        environ = {failpoints.VARIABLE: failpoint} if failpoint else {}
        return Bridge.open(home, clock=self.clock, environ=environ)

    def read(self) -> Path:
        """Return a state directory in which the reading part was done; the ledger is judged from the first one on."""
        since = self.since if self._rounds else 0
        home = self.fresh()
        self.since = since or self.since
        with self.bridge(home) as bridge:
            bridge.connect(self.name).prove()
        return home

    def effects(self) -> list[Effect]:
        """Return what changed since the state directory was made."""
        return [one for line in self.emulator.ledger()[self.since :] for one in line.effects if one.module != "media"]

    def strangers(self) -> list[str]:
        """Return what was done to records that are older than the first of ours: ids grow."""
        effects = self.effects()
        first = min((one.id for one in effects if one.kind == "created"), default="")
        return [f"{one.kind} {one.module} {one.id}" for one in effects if not first or one.id < first]

    def left(self) -> list[str]:
        """Return everything of ours that is still live or in the bin."""
        made = sorted({one.id for one in self.effects() if one.kind == "created"})
        place = {one: str(self.emulator.control("record", {"id": one}).get("place")) for one in made}
        return [f"{key} {where}" for key, where in place.items() if where in ("live", "bin")]


@contextmanager
def stand(adapter: str, folder: Path) -> Iterator[ProvingStand]:
    """Serve one CRM; yield what the rounds work on."""
    clock = ManualClock()
    with sandbox(SandboxOptions(home=folder / "home", count=CONTRACTS, only=(adapter,)), clock=clock) as running:
        yield ProvingStand(adapter, folder / "home", running.servers[adapter].exchange.emulator, clock)


def one_round(stand: ProvingStand, switches: Mapping[str, Value], tally: Tally) -> None:
    """Prove both parts under these switches and judge."""
    stand.turn(switches)
    home = stand.fresh()
    with stand.bridge(home) as bridge:
        reading = bridge.connect(stand.name).prove()
    with stand.bridge(home) as bridge:
        crm = bridge.connect(stand.name)
        proof = crm.prove(confirm=lambda plan: plan.phrase)
    tally.counts["rounds"] += 1
    for part, calls in (("reading", reading.calls), ("writing", proof.calls)):
        tally.most_calls[part] = max(tally.most_calls[part], calls)
        if calls > MOST_CALLS:
            tally.problems.append(f"{calls} calls in the {part} part under {dict(switches)}")
    judge_facts(stand.adapter, proof, switches, tally)
    failed = [f"{one.name}: {one.why}" for one in proof.steps if not one.worked]
    tally.counts["rounds with a failed step"] += bool(failed)
    tally.failed += [f"{failed} under {dict(switches)}"] if failed else []
    judge_ledger(stand, tally, f"under {dict(switches)}: {failed}")
    shutil.rmtree(home)


def judge_facts(adapter: str, proof: Proof, switches: Mapping[str, Value], tally: Tally) -> None:
    """Compare each fact with the switch behind it."""
    found = {one.found.question: one.found for one in proof.facts}
    for question, expected in EXPECTED[adapter].items():
        told, right = found[question].value, expected(switches)
        verdict = "right" if told == right else "wrong" if told else "not observable"
        tally.counts[verdict] += 1
        if verdict == "not observable":
            tally.counts[f"not observable: {question}"] += 1
        if verdict == "wrong":
            tally.problems.append(f"{question} is {right}, told {told}, under {dict(switches)}")


def judge_ledger(stand: ProvingStand, tally: Tally, when: str) -> None:
    """Let the CRM's own records say what happened to whom, and what is left."""
    for what, found in (("done to strangers", stand.strangers()), ("left", stand.left())):
        tally.counts[what] += len(found)
        if found:
            tally.problems.append(f"{what}: {found[:4]} {when}")


def sweep(adapter: str, folder: Path, *, rounds: int, dice: random.Random) -> Tally:
    """Turn every switch at random, round after round."""
    tally = Tally()
    with stand(adapter, folder) as proving:
        for _number in range(rounds):
            one_round(proving, {name: dice.choice(values) for name, values in SWITCHES[adapter].items()}, tally)
    return tally


def kills(adapter: str, folder: Path, *, every: int = 1) -> Tally:
    """Kill the writing part at each failpoint that it passes, clean up, and judge."""
    tally = Tally()
    with stand(adapter, folder) as proving:
        for number, (point, count) in enumerate(_passed(proving)):
            if number % every:
                continue
            home = proving.read()

            def killed(home: Path = home, failpoint: str = f"{point}:{count}:kill") -> int:
                with proving.bridge(home, failpoint) as bridge:
                    bridge.connect(proving.name).prove(confirm=lambda plan: plan.phrase)
                return 0

            tally.counts["killed" if in_child(killed) == KILLED else "not reached"] += 1
            with proving.bridge(home) as bridge:
                _proofs, left = bridge.connect(proving.name).clean()
            if left:
                tally.problems.append(f"{left} said to be left after {point}:{count}")
            judge_ledger(proving, tally, f"after {point}:{count}")
            shutil.rmtree(home)
    return tally


def _passed(proving: ProvingStand) -> list[tuple[str, int]]:
    """Return every failpoint that a writing part passes, with its number."""
    home, seen, found = proving.read(), Counter[str](), list[tuple[str, int]]()
    hit = failpoints.hit

    def note(point: str) -> None:
        seen[point] += 1
        found.append((point, seen[point]))

    failpoints.hit = note
    try:
        with proving.bridge(home) as bridge:
            bridge.connect(proving.name).prove(confirm=lambda plan: plan.phrase)
    finally:
        failpoints.hit = hit
    shutil.rmtree(home)
    return found


def main() -> int:
    """Run the sweep that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", choices=[*SWITCHES], action="append")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="with --kill: only every so many failpoints")
    chosen = parser.parse_args()
    found = {}
    for adapter in chosen.adapter or [*SWITCHES]:
        with tempfile.TemporaryDirectory() as folder:
            dice = random.Random(chosen.seed)
            found[adapter] = (
                kills(adapter, Path(folder), every=chosen.every)
                if chosen.kill
                else sweep(adapter, Path(folder), rounds=chosen.rounds, dice=dice)
            )
    print(json.dumps({name: tally.as_json() for name, tally in found.items()}, ensure_ascii=False, indent=1))
    return 0 if all(tally.problems == [] and (chosen.kill or tally.good) for tally in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
