"""What both verifiers say about a case: the product's check, and the single file that shares no code with it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.pin import Pin
from tests.journal.lab import Case
from verifier import verify_journal


@dataclass(frozen=True)
class Verdict:
    """The exit code, and the kinds of all findings."""

    code: int
    findings: frozenset[int]


@dataclass
class Tally:
    """What came out of many cases: how often, by kind; and what was not as it should be."""

    cases: int = 0
    kinds: dict[str, set[int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    split: list[str] = field(default_factory=list)

    def take(self, case: Case, ours: Verdict, theirs: Verdict) -> None:
        """Count one case."""
        self.cases += 1
        self.kinds.setdefault(case.kind, set()).add(ours.code)
        self.counts[case.kind] = self.counts.get(case.kind, 0) + 1
        told = f"{case.kind} {case.name}: expected {case.codes}, ours {ours}, independent {theirs}"
        if ours.code not in case.codes:
            self.wrong.append(told)
        if ours != theirs:
            self.split.append(told)


def judge_all(cases: Iterable[Case], folder: Path) -> Tally:
    """Show every case to both verifiers."""
    tally = Tally()
    for case in cases:
        path = folder / "case.jsonl"
        path.write_bytes(case.export)
        tally.take(case, ours(case, path), theirs(case, path))
    return tally


def ours(case: Case, path: Path) -> Verdict:
    """Check with the product."""
    # As on the command line: without the uuid, which only the stored pin has.
    pin = Pin(case.pin.size, case.pin.root) if case.pin else None
    known = {"vkeys": case.keys, "pin": pin, "checkpoints": case.checkpoints, "receipts": case.receipts}
    found = check_journal(path, **known)  # type: ignore[arg-type]
    return Verdict(found.exit_code, frozenset(int(item.code) for item in found.items))


def theirs(case: Case, path: Path) -> Verdict:
    """Check with the independent verifier, through its command line."""
    arguments = [str(path), "--json"]
    for key in case.keys:
        arguments += ["--key", key]
    if case.pin:
        arguments += ["--pin", str(case.pin)]
    for kind, texts in (("checkpoint", [note.encode() for note in case.checkpoints]), ("receipt", case.receipts)):
        for number, data in enumerate(texts):
            evidence = path.with_name(f"{kind}-{number}")
            evidence.write_bytes(data)
            arguments += [f"--{kind}", str(evidence)]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = verify_journal.main(arguments)
    findings = json.loads(printed.getvalue())["findings"]
    return Verdict(code, frozenset(item["code"] for item in findings))
