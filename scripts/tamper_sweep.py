#!/usr/bin/env python3
"""Tamper with journals in every way we know, and count what both verifiers say.

    python scripts/tamper_sweep.py [--flips EVERY] [--untouched N]

Flips one bit in every byte of a 100-entry export, applies every structural attack, and checks untouched journals for
false alarms. Both verifiers must agree on every case. Prints counts; the exit code is 1 when one was missed, when an
untouched journal raised an alarm, or when the verifiers disagreed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from crm_bridge.clock import ManualClock  # noqa: E402
from crm_bridge.journal.check import check_journal  # noqa: E402
from crm_bridge.journal.entry import Draft  # noqa: E402
from crm_bridge.journal.export import export_journal  # noqa: E402
from crm_bridge.journal.pin import Pin  # noqa: E402
from crm_bridge.journal.store import Journal  # noqa: E402
from verifier import verify_journal  # noqa: E402


class MemoryKeys(dict[str, str]):
    """A key store in memory."""

    def set(self, name: str, value: str) -> None:
        """Keep a value."""
        self[name] = value


@dataclass
class Lab:
    """One journal, its keys, and what was kept elsewhere."""

    home: Path
    keys: MemoryKeys = field(default_factory=MemoryKeys)
    seed: int = 1

    def open(self) -> Journal:
        """Open the journal with a seeded clock and randomness."""
        self.seed += 1000
        return Journal.open(self.home, keys=self.keys, clock=ManualClock(), randomness=random.Random(self.seed))

    def copy(self, home: Path) -> Lab:
        """Copy the whole state directory and the keyring, as a thief would."""
        shutil.copytree(self.home, home)
        return Lab(home, MemoryKeys(self.keys), self.seed)

    def export(self) -> bytes:
        """Return the export."""
        output = io.BytesIO()
        export_journal(self.home, output)
        return output.getvalue()


@dataclass(frozen=True)
class Case:
    """One attack: the export to check, what the checker knows, and the exit code that must come out."""

    name: str
    export: bytes
    code: int
    keys: tuple[str, ...] = ()
    pin: Pin | None = None
    checkpoints: tuple[str, ...] = ()
    receipts: tuple[bytes, ...] = ()


def fill(journal: Journal, records: range, *, word: str = "done") -> None:
    """Write four entries a record: backup, gate, intent, outcome; intents in batches of five, as a run does."""
    for record in records:
        common = {"system": "zoho", "org": "o1", "module": "Contracts", "record_id": str(record), "run": "R1"}
        journal.append([Draft("backup.ok", **common, body={"bytes": 1200, "digest": "ab" * 32})])  # type: ignore[arg-type]
        journal.append(
            [
                Draft("gate.ok", **common, body={"合同": journal.keyed_digest("number", f"HT-{record}")}),  # type: ignore[arg-type]
                Draft("intent", **common, attempt=1, body={"step": "trash"}),  # type: ignore[arg-type]
            ]
        )
        journal.append([Draft("outcome", **common, attempt=1, body={"step": "trash", "result": word})])  # type: ignore[arg-type]


def receipt_for(journal: Journal, seq: int) -> bytes:
    """Return a minimal receipt over one entry."""
    entry = journal.entry(seq)
    statement = {"predicate": {"inclusion": journal.prove(seq).text(), "entry": entry.raw.decode()}}
    return json.dumps(journal.sign_receipt(json.dumps(statement).encode())).encode()


def our_code(case: Case, path: Path) -> int:
    """Check with the product."""
    path.write_bytes(case.export)
    return check_journal(
        path, vkeys=case.keys, pin=case.pin, checkpoints=case.checkpoints, receipts=case.receipts
    ).exit_code


def their_code(case: Case, path: Path) -> int:
    """Check with the independent verifier."""
    path.write_bytes(case.export)
    arguments = [str(path)]
    for key in case.keys:
        arguments += ["--key", key]
    if case.pin:
        arguments += ["--pin", str(case.pin)]
    for kind, texts in (("checkpoint", [c.encode() for c in case.checkpoints]), ("receipt", case.receipts)):
        for number, data in enumerate(texts):
            evidence = path.with_name(f"{kind}-{number}")
            evidence.write_bytes(data)
            arguments += [f"--{kind}", str(evidence)]
    with contextlib.redirect_stdout(io.StringIO()):
        return verify_journal.main(arguments)


def flips(case: Case, randomness: random.Random, *, every: int = 1) -> Iterator[Case]:
    """Flip one bit in every byte (or in every n-th, from a random start)."""
    for place in range(randomness.randrange(every), len(case.export), every):
        data = bytearray(case.export)
        data[place] ^= 1 << randomness.randrange(8)
        yield Case(f"bit flip in byte {place}", bytes(data), 10, case.keys, case.pin)


def structural_cases(folder: Path) -> list[Case]:
    """Build a journal of about 100 entries with a key rotation, and every attack on it."""
    lab = Lab(folder / "journal")
    with lab.open() as journal:
        first = journal.vkey
        fill(journal, range(12))
        old_head, old_receipt = journal.head(), receipt_for(journal, 8)
    before = lab.copy(folder / "before-rotation")
    with lab.open() as journal:
        journal.rotate_key()
        fill(journal, range(12, 18))
        second = journal.vkey
    middle = lab.copy(folder / "middle")
    with lab.open() as journal:
        fill(journal, range(18, 24))
        head, receipt = journal.head(), receipt_for(journal, 95)
    pin = Pin(head.size, head.root, journal.uuid)
    good = Case("untouched", lab.export(), 0, (first, second), pin, (old_head.note, head.note), (old_receipt, receipt))
    alone = Case("untouched, only the first key known", good.export, 0, (first,))
    cases = [good, alone, Case("untouched, only the last key known", good.export, 0, (second,))]
    cases += list(_line_attacks(good))
    cases += list(_history_attacks(folder, lab, before, middle, good))
    cases += list(_evidence_attacks(good, old_receipt))
    return cases


def _variant(good: Case, name: str, lines: Sequence[bytes], code: int, **known: object) -> Case:
    values: dict[str, object] = {"keys": good.keys} | known
    return Case(name, b"".join(line + b"\n" for line in lines), code, **values)  # type: ignore[arg-type]


def _line_attacks(good: Case) -> Iterator[Case]:
    lines = good.export.split(b"\n")[:-1]
    entries = [n for n, line in enumerate(lines) if n and not line.startswith(b'{"kind"')]
    seals = [n for n, line in enumerate(lines) if line.startswith(b'{"kind":"checkpoint"')]
    for n in (entries[0], entries[1], entries[40], entries[-1]):
        yield _variant(good, f"entry line {n} removed", lines[:n] + lines[n + 1 :], 10 if n != entries[-1] else 11)
        yield _variant(good, f"entry line {n} duplicated", [*lines[: n + 1], *lines[n:]], 10)
        changed = lines[n].replace(b'"zoho"', b'"zohu"').replace(b'"hmac"', b'"hmad"')
        yield _variant(good, f"entry line {n} edited", [*lines[:n], changed, *lines[n + 1 :]], 10)
    for n in (entries[5], entries[40]):
        m = entries[entries.index(n) + 1]
        swapped = list(lines)
        swapped[n], swapped[m] = lines[m], lines[n]
        yield _variant(good, f"entry lines {n} and {m} swapped", swapped, 10)
        yield _variant(good, f"line {n} inserted again later", [*lines[: m + 1], lines[n], *lines[m + 1 :]], 10)
    for n in (seals[0], seals[20], seals[-1]):
        yield _variant(good, f"checkpoint line {n} removed", lines[:n] + lines[n + 1 :], 13)
        yield _variant(good, f"checkpoint line {n} duplicated", [*lines[: n + 1], *lines[n:]], 10)
    yield _variant(good, "checkpoints swapped", _swap(lines, seals[3], seals[4]), 10)
    bare = [line for n, line in enumerate(lines) if n not in seals]
    yield _variant(good, "all checkpoints removed, also the one that hands over to the new key", bare, 10)
    yield _variant(good, "header removed", lines[1:], 10)
    yield _variant(good, "empty file", [], 10)
    yield _variant(good, "foreign line at the end", [*lines, b'{"note":"hello"}'], 10)
    yield Case("last newline removed", good.export[:-1], 10, good.keys)
    head = json.loads(lines[0])
    for left in (entries[-5], entries[60]):
        kept = lines[: left + 1]
        while not kept[-1].startswith(b'{"kind"'):
            kept.pop()
        size = sum(not line.startswith(b'{"kind"') for line in kept)
        yield _variant(good, "tail cut, header left alone", kept, 11)
        kept[0] = json.dumps(head | {"size": size}, separators=(",", ":"), sort_keys=True).encode()
        name = f"tail cut to {size} entries, header adjusted"
        yield _variant(good, f"{name}, pin known", kept, 11, pin=good.pin)
        yield _variant(good, f"{name}, checkpoint known", kept, 11, checkpoints=good.checkpoints)
        yield _variant(good, f"{name}, receipt known", kept, 11, receipts=good.receipts)
        yield _variant(good, f"{name}, nothing known: cannot be detected", kept, 0)
        kept.pop()
        kept[0] = json.dumps(
            head | {"size": sum(not line.startswith(b'{"kind"') for line in kept)},
            separators=(",", ":"),
            sort_keys=True,
        ).encode()
        yield _variant(good, f"{name}, seal cut too", kept, 13)


def _swap(lines: Sequence[bytes], n: int, m: int) -> list[bytes]:
    result = list(lines)
    result[n], result[m] = lines[m], lines[n]
    return result


def _history_attacks(folder: Path, lab: Lab, before: Lab, middle: Lab, good: Case) -> Iterator[Case]:
    old = middle.export()
    bare = [line for line in before.export().split(b"\n")[:-1] if not line.startswith(b'{"kind":"checkpoint"')]
    yield _variant(good, "all checkpoints removed", bare, 13, keys=good.keys[:1])
    yield Case("old copy restored, pin known", old, 11, good.keys, good.pin)
    yield Case("old copy restored, receipt known", old, 11, good.keys, receipts=good.receipts)
    yield Case("old copy restored, nothing known: cannot be detected", old, 0, good.keys)
    yield Case("copy from before the rotation restored", before.export(), 14, good.keys, good.pin)
    with middle.open() as journal:
        fill(journal, range(18, 25), word="not_done")
        fork_head, fork_receipt = journal.head(), receipt_for(journal, 90)
    fork = middle.export()
    yield Case("rewritten by a holder of the key, checkpoint known", fork, 12, good.keys, checkpoints=good.checkpoints)
    yield Case("rewritten by a holder of the key, receipt known", fork, 12, good.keys, receipts=good.receipts)
    yield Case("rewritten by a holder of the key, pin known", fork, 12, good.keys, good.pin)
    yield Case("rewritten by a holder of the key, nothing known: cannot be detected", fork, 0, good.keys)
    yield Case("fork: checkpoint of the other history", good.export, 11, good.keys, checkpoints=(fork_head.note,))
    yield Case("fork: receipt of the other history", good.export, 12, good.keys, receipts=(fork_receipt,))
    rewritten = Lab(folder / "rewritten", seed=lab.seed + 7)
    with rewritten.open() as journal:
        fill(journal, range(24))
        own_key = journal.vkey
    yield Case("rewritten and signed by another key", rewritten.export(), 14, good.keys)
    yield Case("rewritten and signed by another key, no key known: cannot be detected", rewritten.export(), 0)
    mixed = rewritten.export().split(b"\n")
    original = good.export.split(b"\n")
    yield Case("spliced from two journals", b"\n".join(original[:60] + mixed[60:]), 10, good.keys)
    yield Case("another journal in its place", rewritten.export(), 12, (own_key,), checkpoints=good.checkpoints)
    with lab.copy(folder / "open").open() as journal:
        journal.append([Draft("intent", system="zoho", org="o1", record_id="99", attempt=1, body={"step": "trash"})])
        pin = Pin(journal.head().size, journal.head().root)
    yield Case("intent without outcome", Lab(folder / "open").export(), 15, good.keys, pin)


def _evidence_attacks(good: Case, receipt: bytes) -> Iterator[Case]:
    envelope = json.loads(receipt)
    note = good.checkpoints[0]
    wrong = {
        "receipt with another payload": envelope | {"payload": "e30="},
        "receipt of another type": envelope | {"payloadType": "application/json"},
        "receipt without signature": envelope | {"signatures": []},
    }
    for name, data in wrong.items():
        yield Case(name, good.export, 12, good.keys, receipts=(json.dumps(data).encode(),))
    stranger = envelope | {"signatures": [{"keyid": "x", "sig": "AAAA"}]}
    yield Case("receipt signed by nobody known", good.export, 14, good.keys, receipts=(json.dumps(stranger).encode(),))
    yield Case("receipt that is no JSON", good.export, 12, good.keys, receipts=(b"\xff{",))
    yield Case("checkpoint that is no note", good.export, 12, good.keys, checkpoints=("hello",))
    yield Case(
        "checkpoint with another root",
        good.export,
        12,
        good.keys,
        checkpoints=(note.replace("=\n\n", "=\n\n", 1)[:80] + "A" + note[81:],),
    )
    yield Case(
        "checkpoint by an unknown key",
        good.export,
        14,
        good.keys,
        checkpoints=(note[:-20].rsplit(" ", 1)[0] + " " + "A" * 88 + "AAA=\n",),
    )
    yield Case("wrong pin", good.export, 12, good.keys, Pin(5, bytes(32)))


def sweep(cases: Iterator[Case] | Sequence[Case], folder: Path, *, exact: bool) -> tuple[int, int, int, list[str]]:
    """Run both verifiers; return cases, misses (code not as expected, or 0), disagreements, and their names."""
    total = missed = split = 0
    names = []
    for case in cases:
        total += 1
        ours, theirs = our_code(case, folder / "case.jsonl"), their_code(case, folder / "case.jsonl")
        wrong = ours != case.code if exact else ours not in (10, 11, 12, 13, 14)
        missed += wrong
        split += ours != theirs
        if wrong or ours != theirs:
            names.append(f"{case.name}: expected {case.code}, ours {ours}, independent {theirs}")
    return total, missed, split, names


def untouched_cases(folder: Path, count: int) -> Iterator[Case]:
    """Make journals of random shape, some with rotations, and leave them alone."""
    for number in range(count):
        randomness = random.Random(number)
        lab = Lab(folder / f"untouched-{number}", seed=number)
        with lab.open() as journal:
            for batch in range(randomness.randrange(1, 6)):
                drafts = [
                    Draft(f"note.{n}", body={"n": n, "text": "合同" * n}) for n in range(randomness.randrange(1, 5))
                ]
                journal.append(drafts)
                if randomness.random() < 0.1:
                    journal.rotate_key()
                if batch == 0:
                    receipt = receipt_for(journal, journal.head().size - 1)
            head = journal.head()
            yield Case(
                f"untouched {number}",
                lab.export(),
                0,
                (journal.vkey,),
                Pin(head.size, head.root, journal.uuid),
                (head.note,),
                (receipt,),
            )
        shutil.rmtree(lab.home)


def main() -> int:
    """Run everything and print counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=1, metavar="EVERY", help="flip every n-th byte only")
    parser.add_argument("--untouched", type=int, default=1000, metavar="N", help="number of untouched journals")
    arguments = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        structural = structural_cases(folder / "structural")
        rounds = {
            "structural cases": (structural, True),
            "bit flips": (flips(structural[0], random.Random(1), every=arguments.flips), False),
            "untouched journals": (untouched_cases(folder, arguments.untouched), True),
        }
        for title, (cases, exact) in rounds.items():
            total, missed, split, names = sweep(cases, folder, exact=exact)
            print(f"{title}: {total} cases, {missed} wrong, {split} disagreements", flush=True)
            for line in names[:20]:
                print(f"  {line}")
            bad += missed + split
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
