"""Attacks on the whole history, and on what speaks about it from outside."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path

from crm_bridge.journal.pin import Pin
from tests.journal.conftest import attempt_on
from tests.journal.lab import Case, Corpus, Lab, fill, receipt_for


def history_attacks(corpus: Corpus, folder: Path) -> Iterator[Case]:
    """Yield old copies, rewritten histories, forks, and evidence that was tampered with."""
    yield from _untouched(corpus)
    yield from _old_copies(corpus)
    yield from _rewritten(corpus, folder)
    yield from _forks(corpus, folder)
    yield from _evidence(corpus)


def receipt_flips(corpus: Corpus, randomness: random.Random, *, every: int = 1) -> Iterator[Case]:
    """Flip one bit in every byte of what a receipt says, signature and payload: believed by nobody."""
    good = corpus.good
    envelope = json.loads(good.receipts[1])
    payload = base64.b64decode(envelope["payload"])
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    key_id = envelope["signatures"][0]["keyid"]
    size = len(payload) + len(signature)
    for place in range(randomness.randrange(every), size, every):
        data = bytearray(payload + signature)
        data[place] ^= 1 << randomness.randrange(8)
        changed, sig = data[: len(payload)], data[len(payload) :]
        signatures = [{"keyid": key_id, "sig": base64.b64encode(sig).decode()}]
        edited = envelope | {"payload": base64.b64encode(changed).decode(), "signatures": signatures}
        receipts = (json.dumps(edited).encode(),)
        yield Case("receipt edited", f"byte {place}", good.export, (12,), good.keys, receipts=receipts)


def envelope_flips(corpus: Corpus, randomness: random.Random, *, every: int = 1) -> Iterator[Case]:
    """Flip one bit in every byte of a receipt file. Harmless only where what is signed stays what it was."""
    good = corpus.good
    original = good.receipts[1]
    for place in range(randomness.randrange(every), len(original), every):
        data = bytearray(original)
        data[place] ^= 1 << randomness.randrange(8)
        codes = (0,) if _says_the_same(bytes(data), original) else (12, 14)
        yield Case("receipt file damaged", f"byte {place}", good.export, codes, good.keys, receipts=(bytes(data),))


def _says_the_same(data: bytes, original: bytes) -> bool:
    """Return whether the change is only in the hint about the key, or in the second spelling of base64."""
    try:
        new, old = json.loads(data), json.loads(original)
        kept = [{"sig": _decoded(one["sig"])} for one in new["signatures"]]
        wanted = [{"sig": _decoded(one["sig"])} for one in old["signatures"]]
        return (new["payloadType"], _decoded(new["payload"]), kept) == (
            old["payloadType"],
            _decoded(old["payload"]),
            wanted,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)


def _untouched(corpus: Corpus) -> Iterator[Case]:
    good = corpus.good
    yield good
    yield Case("untouched", "only the first key known", good.export, (0,), good.keys[:1])
    yield Case("untouched", "only the last key known", good.export, (0,), good.keys[1:])
    yield Case("untouched", "nothing known", good.export, (0,))


def _old_copies(corpus: Corpus) -> Iterator[Case]:
    good, old = corpus.good, corpus.middle.export()
    yield Case("old copy restored, pin known", "", old, (11,), good.keys, good.pin)
    yield Case("old copy restored, receipt known", "", old, (11,), good.keys, receipts=good.receipts)
    yield Case("old copy restored, checkpoint known", "", old, (11,), good.keys, checkpoints=good.checkpoints)
    yield Case("old copy restored, nothing known: CANNOT be detected", "", old, (0,), good.keys)
    before = corpus.before.export()
    yield Case("copy from before a key change restored, new key known", "", before, (14,), good.keys, good.pin)


def _rewritten(corpus: Corpus, folder: Path) -> Iterator[Case]:
    good = corpus.good
    forger = Lab(folder / "forged", seed=corpus.lab.seed + 7)
    with forger.open() as journal:
        fill(journal, range(24))
        own_key, receipt = journal.vkey, receipt_for(journal, 8)
    forged = forger.export()
    yield Case("rewritten under another key", "", forged, (14,), good.keys)
    yield Case("rewritten under another key, no key known: CANNOT be detected", "", forged, (0,))
    yield Case("another journal in its place", "checkpoint", forged, (12,), (own_key,), checkpoints=good.checkpoints)
    yield Case("another journal in its place", "pin", forged, (11,), (own_key,), good.pin)
    yield Case("receipt by another key", "", good.export, (14,), good.keys, receipts=(receipt,))
    ours, theirs = good.export.split(b"\n"), forged.split(b"\n")
    for cut in (20, 60, 100):
        yield Case("spliced from two journals", f"line {cut}", b"\n".join(ours[:cut] + theirs[cut:]), (10,), good.keys)
    resigned = good.export.replace(good.keys[0].encode(), own_key.encode())
    yield Case("public key replaced", "", resigned, (10,), good.keys)


def _forks(corpus: Corpus, folder: Path) -> Iterator[Case]:
    good = corpus.good
    thief = corpus.middle.copy(folder / "thief")
    with thief.open() as journal:
        fill(journal, range(18, 25), word="not_done")
        head, receipt = journal.head(), receipt_for(journal, 91)
    fork, keys = thief.export(), good.keys
    kind = "rewritten by a holder of the key"
    yield Case(f"{kind}, checkpoint known", "", fork, (12,), keys, checkpoints=good.checkpoints)
    yield Case(f"{kind}, receipt known", "", fork, (12,), keys, receipts=good.receipts)
    yield Case(f"{kind}, pin known", "", fork, (12,), keys, good.pin)
    yield Case(f"{kind}, nothing known: CANNOT be detected", "", fork, (0,), keys)
    yield Case("two histories", "longer checkpoint", good.export, (11,), keys, checkpoints=(head.note,))
    yield Case("two histories", "receipt", good.export, (12,), keys, receipts=(receipt,))
    waiting = corpus.lab.copy(folder / "waiting")
    with waiting.open() as journal:
        journal.append([attempt_on("intent", "99", step="trash", attempt=1)])
        pin = Pin(journal.head().size, journal.head().root)
    yield Case("intent without outcome", "", waiting.export(), (15,), keys, pin)


def _evidence(corpus: Corpus) -> Iterator[Case]:
    good = corpus.good
    envelope, note = json.loads(good.receipts[1]), good.checkpoints[0]
    stranger = {"signatures": [{"keyid": "x", "sig": "AAAA"}]}
    for name, change, code in (
        ("another payload", {"payload": "e30="}, 12),
        ("another type", {"payloadType": "application/json"}, 12),
        ("no signature", {"signatures": []}, 12),
        ("signed by nobody known", stranger, 14),
    ):
        edited = json.dumps(envelope | change).encode()
        yield Case("receipt forged", name, good.export, (code,), good.keys, receipts=(edited,))
    yield Case("receipt forged", "no JSON", good.export, (12,), good.keys, receipts=(b"\xff{",))
    root, sign = note.split("\n")[2], note.rstrip("\n").rpartition(" ")[2]
    other = base64.b64encode(bytes(32)).decode()
    nobody = base64.b64encode(b"\1\2\3\4" + bytes(64)).decode()
    for name, text, code in (
        ("no note", "hello", 12),
        ("another root", note.replace(root, other), 12),
        ("signed by nobody known", note.replace(sign, nobody), 14),
        ("of another journal", note.replace("crm-bridge/", "crm-bridge/x", 1), 12),
    ):
        yield Case("checkpoint forged", name, good.export, (code,), good.keys, checkpoints=(text,))
    yield Case("wrong pin", "", good.export, (12,), good.keys, Pin(5, bytes(32)))
    yield Case("wrong pin", "beyond the end", good.export, (11,), good.keys, Pin(500, bytes(32)))
