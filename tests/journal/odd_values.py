"""Odd values anywhere, properly signed: both verifiers must read them alike, and neither may crash."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from crm_bridge.journal.format import dsse
from crm_bridge.journal.format.canonical import canonical
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.lines import LineSeal
from crm_bridge.journal.format.merkle import inclusion_path, leaf_hash, range_hash_of, root_of
from crm_bridge.journal.format.proof import InclusionProof
from tests.journal.forgery import NOTE, ORIGIN, OWNER, ROTATE, START, UUID, VKEY, Forger
from tests.journal.lab import RECEIPT_LINES, Case, path_of, roles, seal_of_receipt

ANY = (0, 10, 11, 12, 13, 14, 15)
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, -1, 2**53 - 1, "", "0", "1", "x", "\u0000", "\u2028", "é", "e\u0301", "\n", " "),
    *([], [1], {}, {"a": 1}, [[]], "intent", "outcome", "a.intent", "a.outcome", ".intent", "intent.", "a..outcome"),
    *(
        "journal.start",
        "key.rotate",
        UUID,
        ORIGIN,
        VKEY,
        VKEY + "=",
        VKEY.upper(),
        "1" * 64,
        "+",
        "a+b+c",
        "crm-bridge/",
    ),
)


def odd_cases(luck: random.Random, count: int) -> Iterator[Case]:
    """Yield journals, headers, notes, envelopes and proofs with a few values exchanged."""
    kinds = (_entries, _header, _note, _receipt, _proof, _bytes)
    for number in range(count):
        yield kinds[number % len(kinds)](luck, str(number))


def _put(luck: random.Random, value: Any) -> Any:
    """Exchange, remove or add something at a random place of a JSON value."""
    if isinstance(value, dict) and value and luck.random() < 0.8:
        key = luck.choice(sorted(value))
        turn = luck.random()
        if turn < 0.1:
            return {name: item for name, item in value.items() if name != key}
        if turn < 0.2:
            return value | {"odd": luck.choice(ODD)}
        return value | {key: _put(luck, value[key])}
    return copy.deepcopy(luck.choice(ODD))


def _journal(luck: random.Random, *, odd: int = 0) -> Forger:
    forger = Forger()
    forger.batch(START)
    for turn in range(3):
        bodies = luck.choices([NOTE, ("intent", {"step": "trash"}), ("outcome", {"step": "trash"}), ROTATE], k=2)

        def change(value: dict[str, Any], turn: int = turn) -> None:
            if forger.contracts:
                value["lines"] = LineSeal.of(b"\n".join(forger.contracts)).as_json()
            if turn < odd:
                changed = _put(luck, dict(value))
                value.clear()
                value.update(changed if isinstance(changed, dict) else {"v": changed})

        kept = [body for body in bodies if body is not ROTATE or odd] or [NOTE]
        forger.contracts = tuple(_lines(luck, odd=turn < odd)) if luck.random() < 0.5 else ()
        forger.batch(*kept, change=change)
    return forger


def _lines(luck: random.Random, *, odd: bool) -> Iterator[bytes]:
    for number in range(luck.randrange(1, 4)):
        line: dict[str, Any] = {"id": str(number), "attempt": 1}
        yield canonical(_put(luck, line) if odd and luck.random() < 0.5 else line)


def _entries(luck: random.Random, name: str) -> Case:
    return Case("odd values in entries", name, _journal(luck, odd=luck.randrange(1, 4)).export(), ANY, (VKEY,))


def _header(luck: random.Random, name: str) -> Case:
    head, _newline, rest = _journal(luck).export().partition(b"\n")
    changed = json.dumps(_put(luck, json.loads(head)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Case("odd values in the header", name, changed.encode() + b"\n" + rest, ANY, (VKEY,))


def _note(luck: random.Random, name: str) -> Case:
    export = _journal(luck).export()
    note = json.loads(export.splitlines()[-1])["note"]
    place = luck.randrange(len(note))
    part = luck.choice(
        ["", "\n", "\n\n", " ", "0", "=", "\u2014 ", "+", "\t", "\r", "é", note, note.split("\n")[-2] + "\n"]
    )
    return Case("odd checkpoints", name, export, ANY, (VKEY,), checkpoints=(note[:place] + part + note[place + 1 :],))


def _evidence(forger: Forger) -> tuple[list[bytes], InclusionProof]:
    parts = roles([b"", *forger.lines])[1:]
    entries = [line for line, part in zip(forger.lines, parts, strict=True) if part == "entry"]
    leaves = [leaf_hash(raw) for raw in entries]
    checkpoint = Checkpoint.sign(ORIGIN, len(leaves), root_of(leaves), OWNER)
    return entries, InclusionProof(1, inclusion_path(1, len(leaves), range_hash_of(leaves)), checkpoint)


def _receipt(luck: random.Random, name: str) -> Case:
    forger = _journal(luck)
    entries, proof = _evidence(forger)
    predicate = {"inclusion": proof.text(), "entry": entries[1].decode(), "lines": seal_of_receipt()}
    if luck.random() < 0.5:
        predicate["contract"] = {"line": RECEIPT_LINES[3].decode(), "place": 3, "path": path_of(3)}
    statement: Any = {"predicate": predicate, "subject": []}
    if luck.random() < 0.5:
        statement = _put(luck, statement)
    envelope: Any = dsse.sign(dsse.RECEIPT_TYPE, json.dumps(statement).encode(), OWNER)
    if luck.random() < 0.7:
        envelope = _put(luck, envelope)
    receipts = (json.dumps(envelope).encode(),)
    return Case("odd receipts", name, forger.export(), ANY, (VKEY,), receipts=receipts)


def _proof(luck: random.Random, name: str) -> Case:
    forger = _journal(luck)
    entries, proof = _evidence(forger)
    lines = proof.text().split("\n")
    line = luck.randrange(len(lines))
    other = base64.b64encode(luck.randbytes(luck.choice([31, 32, 33]))).decode()
    odd = luck.choice(
        ["", "index 0", "index 2", "index 01", "index 99", "index", "extra YQ==", "extra", other, lines[0]]
    )
    lines[line : line + luck.randrange(2)] = [odd]
    predicate = {"inclusion": "\n".join(lines), "entry": entries[1].decode(), "lines": seal_of_receipt()}
    statement = {"predicate": predicate}
    envelope = dsse.sign(dsse.RECEIPT_TYPE, json.dumps(statement).encode(), OWNER)
    return Case("odd proofs", name, forger.export(), ANY, (VKEY,), receipts=(json.dumps(envelope).encode(),))


def _bytes(luck: random.Random, name: str) -> Case:
    data = bytearray(_journal(luck).export())
    for _turn in range(luck.randrange(1, 4)):
        place, length = luck.randrange(len(data)), luck.randrange(5)
        data[place : place + length] = luck.randbytes(luck.randrange(5))
    return Case("odd bytes", name, bytes(data), ANY, (VKEY,))
