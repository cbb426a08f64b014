"""Attacks on the lines of an export: removed, swapped, duplicated, inserted, edited, cut off."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence

from crm_bridge.journal.format.canonical import canonical
from tests.journal.lab import Case, Corpus, is_seal, roles, variant

# The place of the entry that the newer receipt proves.
PROVEN = 95
CAUGHT = (10, 11, 14)


def line_attacks(corpus: Corpus) -> Iterator[Case]:
    """Yield every attack at every line."""
    yield from _removed(corpus)
    yield from _moved(corpus)
    yield from _edited(corpus)
    yield from _cut(corpus)


def flips(corpus: Corpus, randomness: random.Random, *, every: int = 1) -> Iterator[Case]:
    """Flip one bit in every byte of the export, or in every n-th from a random start."""
    good = corpus.good
    for place in range(randomness.randrange(every), len(good.export), every):
        data = bytearray(good.export)
        data[place] ^= 1 << randomness.randrange(8)
        yield Case("bit flip", f"byte {place}", bytes(data), CAUGHT, good.keys, good.pin)


def _removed(corpus: Corpus) -> Iterator[Case]:
    good, lines = corpus.good, corpus.lines
    parts = roles(lines)
    handover = next(n for n, line in enumerate(lines) if b'"op":"key.rotate"' in line) + 1
    for n, _line in enumerate(lines):
        left = [*lines[:n], *lines[n + 1 :]]
        if not n:
            yield variant(good, "header removed", "", left, 10)
        elif parts[n] == "line":
            yield variant(good, "line of a contract removed", f"line {n}", left, 10)
        elif parts[n] == "entry":
            yield variant(good, "entry removed", f"line {n}", left, 10)
        elif n == handover:
            yield variant(good, "checkpoint of a key change removed", f"line {n}", left, 10)
        else:
            yield variant(good, "checkpoint removed", f"line {n}", left, 13)
    bare = [line for line in corpus.before.export().split(b"\n")[:-1] if not is_seal(line)]
    yield variant(good, "all checkpoints removed", "", bare, 13, keys=good.keys[:1])
    yield variant(good, "empty file", "", [], 10)


def _moved(corpus: Corpus) -> Iterator[Case]:
    good, lines, parts = corpus.good, corpus.lines, roles(corpus.lines)
    for n in range(1, len(lines)):
        yield variant(good, "line duplicated", f"line {n}", [*lines[: n + 1], *lines[n:]], 10)
        again = [*lines[: n // 2 + 1], lines[n], *lines[n // 2 + 1 :]]
        yield variant(good, "line inserted elsewhere", f"line {n}", again, 10, 11)
        if n + 1 < len(lines):
            swapped = [*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]]
            mixed = is_seal(lines[n]) or is_seal(lines[n + 1])
            inner = parts[n] == parts[n + 1] == "line"
            kind = (
                "lines of contracts swapped"
                if inner
                else "entry and checkpoint swapped"
                if mixed
                else "entries swapped"
            )
            yield variant(good, kind, f"lines {n}, {n + 1}", swapped, *((10, 11) if mixed else (10,)))
    seals = [n for n, line in enumerate(lines) if is_seal(line)]
    for n, m in itertools.pairwise(seals):
        swapped = [lines[m] if k == n else lines[n] if k == m else line for k, line in enumerate(lines)]
        yield variant(good, "checkpoints swapped", f"lines {n}, {m}", swapped, 10)


def _edited(corpus: Corpus) -> Iterator[Case]:
    good, lines, parts = corpus.good, corpus.lines, roles(corpus.lines)
    for n, line in enumerate(lines[1:], 1):
        if parts[n] == "line":
            for more in ({"id": "another"}, {"reason": "x"}):
                edited = canonical(json.loads(line) | more)
                yield variant(good, "line of a contract edited", f"line {n}", [*lines[:n], edited, *lines[n + 1 :]], 10)
        elif parts[n] == "entry":
            value = json.loads(line)
            value["ts"] = "2020-01-01T00:00:00.000Z"
            yield variant(good, "entry edited", f"line {n}", [*lines[:n], canonical(value), *lines[n + 1 :]], 10)
    yield variant(good, "foreign line added", "", [*lines, b'{"note":"hello"}'], 10)
    yield Case("last newline removed", "", good.export[:-1], (10,), good.keys)
    for name, change in {"uuid": "x", "origin": "crm-bridge/x", "vkeys": [], "v": 1, "kind": "other"}.items():
        head = canonical(json.loads(lines[0]) | {name: change})
        yield variant(good, "header edited", name, [head, *lines[1:]], 10)


def _cut(corpus: Corpus) -> Iterator[Case]:
    good, lines = corpus.good, corpus.lines
    for left in range(2, len(lines)):
        kept, parts = lines[:left], roles(lines)
        name, sealed, old = f"{left} lines left", is_seal(kept[-1]), corpus.lines.index(kept[-1]) < _change(lines)
        codes = (10, 11) if old else (11,)
        if left < len(lines) and parts[left] == "line":
            # The entry announces more lines than are left.
            yield variant(good, "tail cut inside the lines of an entry", name, kept, 10)
            continue
        if left < len(lines) - 1:
            yield variant(good, "tail cut, header as it was", name, kept, *codes)
        adjusted = [_header(kept), *kept[1:]]
        keys = good.keys[:1] if old else good.keys
        if not sealed:
            yield variant(good, "tail cut inside a batch, header adjusted", name, adjusted, 13, keys=keys)
            continue
        yield variant(good, "tail cut, pin known", name, adjusted, 11, keys=keys, pin=good.pin)
        # 15 where the cut left an intent without its outcome: that is all that shows.
        yield variant(good, "tail cut, nothing known: CANNOT be detected", name, adjusted, 0, 15, keys=keys)
        if not old:
            yield variant(good, "tail cut, checkpoint known", name, adjusted, 11, checkpoints=good.checkpoints)
        if not old and parts[:left].count("entry") <= PROVEN:
            yield variant(good, "tail cut, receipt known", name, adjusted, 11, receipts=good.receipts)


def _change(lines: Sequence[bytes]) -> int:
    """Return the place of the checkpoint with which the second key takes over."""
    return next(n for n, line in enumerate(lines) if b'"op":"key.rotate"' in line) + 1


def _header(kept: Sequence[bytes]) -> bytes:
    """Write the header that a careful forger would write."""
    head = json.loads(kept[0])
    bodies = [json.loads(line) for line, part in zip(kept, roles(kept), strict=True) if part == "entry"]
    changes = sum(body["op"] == "key.rotate" for body in bodies)
    if bodies and bodies[-1]["op"] == "key.rotate" and not is_seal(kept[-1]):
        changes -= 1
    return canonical(head | {"size": len(bodies), "vkeys": head["vkeys"][: 1 + changes]})
