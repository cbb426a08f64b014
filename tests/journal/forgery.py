"""Exports written from nothing, by somebody who holds the key, or only says so: everything fits except one thing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from crm_bridge.journal.checking.sources import JournalHeader, checkpoint_line, header_line
from crm_bridge.journal.format.canonical import canonical
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.entry import VERSION
from crm_bridge.journal.format.lines import LineSeal
from crm_bridge.journal.format.merkle import Frontier, leaf_hash
from crm_bridge.journal.format.note import Signer
from tests.journal.lab import Case, seal_of_receipt

UUID = "6f1d0b7e-0000-4000-8000-000000000001"
ORIGIN = f"crm-bridge/{UUID}"
OWNER, NEXT, STRANGER = (Signer(ORIGIN, bytes([number]) * 32) for number in (1, 2, 3))
VKEY = str(OWNER.verifier)
LINE = b'{"id":"1"}'

Change = Callable[[dict[str, Any]], object]


class Liar(Signer):
    """Signs with one key and says that it was another."""

    def __init__(self, name: str, seed: bytes, claimed: Signer) -> None:
        super().__init__(name, seed)
        self.verifier = claimed.verifier


@dataclass
class Forger:
    """Writes batches of entries with correct seals around them; `change` alters each value before it is hashed."""

    signer: Signer = OWNER
    lines: list[bytes] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier)
    prev: str = "0" * 64
    after: str = ""
    vkeys: tuple[str, ...] = (VKEY,)
    contracts: tuple[bytes, ...] = ()
    """Lines that follow every entry; the seal of them is part of what `change` sets."""

    def batch(
        self, *bodies: tuple[str, dict[str, Any]], change: Change | None = None, by: tuple[Signer, ...] = ()
    ) -> None:
        """Write one transaction: its entries, each an op and a body, and its checkpoint."""
        size = self.frontier.size + len(bodies)
        for op, body in bodies:
            value = self._value(op, body, size)
            if change is not None:
                change(value)
            raw = canonical(value)
            self.lines.append(raw)
            self.lines += self.contracts
            self.frontier.add(leaf_hash(raw))
            self.prev = sha256(raw).hexdigest()
        checkpoint = Checkpoint.sign(ORIGIN, size, self.frontier.root(), *(by or (self.signer,)))
        self.lines.append(checkpoint_line(checkpoint.note))
        self.after = checkpoint.digest

    def export(self) -> bytes:
        """Return everything under a header that fits."""
        header = header_line(JournalHeader(UUID, ORIGIN, self.frontier.size, self.vkeys))
        return b"".join(line + b"\n" for line in [header, *self.lines])

    def _value(self, op: str, body: dict[str, Any], size: int) -> dict[str, Any]:
        texts = dict.fromkeys(("system", "org", "module", "plan", "run"), "")
        seal = {"after": self.after, "size": size}
        value = {
            "v": VERSION,
            "lines": None,
            "seq": self.frontier.size,
            "prev": self.prev,
            "seal": seal,
            "op": op,
            "body": body,
        }
        actor = {"crm_user_id": "", "os_user": "me", "program": "forger"}
        ts = "2026-08-03T09:00:00.000Z"
        return {**value, **texts, "actor": actor, "ts": ts, "boot": "b", "mono_ms": 1, "session": "s"}


START: tuple[str, dict[str, Any]] = ("journal.start", {"uuid": UUID, "vkey": VKEY, "hmac": "h", "after": ""})
NOTE: tuple[str, dict[str, Any]] = ("note", {"n": 1, "receipt": seal_of_receipt()})
ROTATE: tuple[str, dict[str, Any]] = ("key.rotate", {"old": VKEY, "new": str(NEXT.verifier)})

CHANGES: dict[str, tuple[Change, tuple[int, ...]]] = {
    "nothing": (lambda value: None, (0,)),
    "another entry before": (lambda value: value.update(prev="1" * 64), (10,)),
    "a place that is taken": (lambda value: value.update(seq=0), (10,)),
    "a place that is not reached": (lambda value: value.update(seq=value["seq"] + 1), (10,)),
    "a second beginning": (lambda value: value.update(op="journal.start", body=START[1]), (10,)),
    "a seal in the past": (lambda value: value["seal"].update(size=1), (10,)),
    "a seal that is text": (lambda value: value["seal"].update(size="2"), (10,)),
    "a seal that is true": (lambda value: value["seal"].update(size=True), (10,)),
    "another checkpoint before": (lambda value: value["seal"].update(after="1" * 64), (10,)),
    "another version": (lambda value: value.update(v=1), (10,)),
    "a version that is true": (lambda value: value.update(v=True), (10,)),
    "one key more": (lambda value: value.update(more=1), (10,)),
    "one key less": (lambda value: value.pop("ts"), (10,)),
    "a body that is a list": (lambda value: value.update(body=[]), (10,)),
    "a seal of lines that are not there": (lambda value: value.update(lines=LineSeal.of(LINE).as_json()), (10,)),
    "a seal of lines that is text": (lambda value: value.update(lines="1"), (10,)),
    "a seal of no lines": (lambda value: value.update(lines={"count": 0, "root": "0" * 64, "sha256": "0" * 64}), (10,)),
    "a hand-over without a second signature": (lambda value: value.update(op=ROTATE[0], body=ROTATE[1]), (10,)),
    "a hand-over by a stranger": (
        lambda value: value.update(op=ROTATE[0], body=ROTATE[1] | {"old": str(STRANGER.verifier)}),
        (14,),
    ),
    "a hand-over to no key": (lambda value: value.update(op=ROTATE[0], body=ROTATE[1] | {"new": "x"}), (14,)),
    "an intent without lines": (lambda value: value.update(op="x.intent"), (0,)),
    "an outcome without lines": (lambda value: value.update(op="outcome"), (0,)),
}

LINES: dict[str, tuple[Change, bytes, tuple[int, ...]]] = {
    "a line": (lambda value: value, b'{"id":"1"}', (0,)),
    "an intent": (lambda value: value.update(op="x.intent"), b'{"id":"1"}', (15,)),
    "an intent with a step that is no text": (lambda value: value.update(op="intent"), b'{"id":"1","step":[1]}', (15,)),
    "an outcome without intent": (lambda value: value.update(op="outcome"), b'{"id":"1"}', (0,)),
    "a line without an id": (lambda value: value, b'{"ID":"1"}', (10,)),
    "an id that is a number": (lambda value: value, b'{"id":7}', (10,)),
    "a line that is a list": (lambda value: value, b"[]", (10,)),
    "a line that is no JSON": (lambda value: value, b"{", (10,)),
    "a line that looks like a checkpoint": (lambda value: value, b'{"kind":"checkpoint","id":"1"}', (0,)),
}


def forgeries() -> Iterator[Case]:
    """Yield journals in which everything fits except what the name says."""
    for name, (change, codes) in CHANGES.items():
        forger = Forger()
        forger.batch(START)
        forger.batch(NOTE, change=change)
        forger.batch(NOTE)
        yield Case("forged by the holder of the key", name, forger.export(), codes, (VKEY,))
    yield from _with_lines()
    yield from _first_entries()
    yield from _hand_overs()
    yield from _signatures()


def _with_lines() -> Iterator[Case]:
    for name, (change, line, codes) in LINES.items():
        for what, seal, wanted in (
            ("", LineSeal.of(line), codes),
            (", sealed by another root", replace(LineSeal.of(line), root=bytes(32)), (10,)),
            (", sealed by another digest", replace(LineSeal.of(line), digest=bytes(32)), (10,)),
        ):
            forger = Forger()
            forger.batch(START)
            forger.contracts = (line,)

            def sealing(value: dict[str, Any], seal: LineSeal = seal, change: Change = change) -> None:
                change(value)
                value["lines"] = seal.as_json()

            forger.batch(NOTE, change=sealing)
            yield Case("forged by the holder of the key", name + what, forger.export(), wanted, (VKEY,))


def _first_entries() -> Iterator[Case]:
    for name, first, codes in (
        ("no beginning", NOTE, (10,)),
        ("the beginning of another journal", (START[0], START[1] | {"uuid": "x"}), (10,)),
        ("a beginning without a key", (START[0], START[1] | {"vkey": "x"}), (10,)),
        ("a beginning with the key of another journal", (START[0], START[1] | {"vkey": _foreign()}), (10,)),
    ):
        forger = Forger()
        forger.batch(first)
        forger.batch(NOTE)
        yield Case("forged by the holder of the key", name, forger.export(), codes, (VKEY,))


def _foreign() -> str:
    return str(Signer("crm-bridge/other", bytes(32)).verifier)


def _hand_overs() -> Iterator[Case]:
    both = (VKEY, str(NEXT.verifier))
    signers = {
        "good": ((OWNER, NEXT), NEXT, (0,)),
        "signatures in the other order": ((NEXT, OWNER), NEXT, (14,)),
        "sealed by the new key alone": ((NEXT,), NEXT, (14,)),
        "sealed by old key and stranger": ((OWNER, STRANGER), NEXT, (14,)),
        "new key's signature forged": ((OWNER, Liar(ORIGIN, b"f" * 32, NEXT)), NEXT, (10,)),
        "old key's signature forged": ((Liar(ORIGIN, b"f" * 32, OWNER), NEXT), NEXT, (10,)),
        "old key goes on afterwards": ((OWNER, NEXT), OWNER, (14,)),
    }
    for name, (by, later, codes) in signers.items():
        forger = Forger(vkeys=both)
        forger.batch(START)
        forger.batch(ROTATE, by=by)
        forger.signer = later
        forger.batch(NOTE)
        forger.batch(NOTE)
        yield Case("hand-over forged", name, forger.export(), codes, (VKEY,))
    forger = Forger()
    forger.batch(START)
    forger.batch(ROTATE, NOTE, by=(OWNER, NEXT))
    yield Case("hand-over forged", "not alone in its transaction", forger.export(), (14,), (VKEY,))


def _signatures() -> Iterator[Case]:
    """Yield what somebody without the key can write: everything but a good signature."""
    liar = Liar(ORIGIN, b"f" * 32, OWNER)
    for name, pattern in (("the last", "ooo!"), ("all", "!!!!"), ("the last, twice", "oo!")):
        forger = Forger()
        for body, mark in zip(itertools.chain([START], itertools.repeat(NOTE)), pattern, strict=False):
            forger.batch(body, by=(liar,) if mark == "!" else (OWNER,))
        yield Case("signature forged", name, forger.export(), (10,), (VKEY,))
    forger = Forger()
    forger.batch(START)
    forger.batch(NOTE, by=(OWNER, STRANGER))
    yield Case("signature forged", "a stranger signs too", forger.export(), (14,), (VKEY,))
    unsigned = Forger()
    unsigned.batch(START)
    unsigned.batch(NOTE)
    last = unsigned.lines[-2]
    for name, old, new in (("edited", b'"n":1', b'"n":2'), ("another time", b"T09:", b"T10:")):
        edited = unsigned.export().replace(last, last.replace(old, new))
        yield Case("last entry edited", name, edited, (10,), (VKEY,))
