"""Fixed examples of the journal's format: a run over three contracts, its receipt, and a receipt for one of them.

python -m tests.journal.make_vectors     writes them anew, into tests/journal/vectors/

Keys, times and names are constants, and Ed25519 signatures are determined by key and text: the bytes are always these.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from crm_bridge.journal.checking.sources import JournalHeader, checkpoint_line, header_line
from crm_bridge.journal.format import dsse
from crm_bridge.journal.format.canonical import JsonValue, canonical
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.entry import FIRST_PREV, Entry, NewEntry, Stamp, write_entry
from crm_bridge.journal.format.lines import LineSeal, write_lines
from crm_bridge.journal.format.merkle import Frontier, inclusion_path, leaf_hash, range_hash_of
from crm_bridge.journal.format.note import Signer, encode64
from crm_bridge.journal.format.proof import InclusionProof

FOLDER = Path(__file__).with_name("vectors")
UUID = "6f1d0b7e-0000-4000-8000-00000000000a"
ORIGIN = f"crm-bridge/{UUID}"
SIGNER = Signer(ORIGIN, bytes(range(32)))
RECEIPT_LINES = tuple(
    canonical({"attempts": 1, "evidence": "E1", "outcome": "removed", "record": f"55402300000370000{number}"})
    for number in (1, 2, 3)
)
WHERE: dict[str, Any] = {
    "system": "zoho",
    "org": "60001234567",
    "module": "Contracts",
    "plan": "ab" * 32,
    "run": "01K0000000000000000000000R",
    "crm_user": "554023000000235001",
}


def receipt_seal() -> dict[str, JsonValue]:
    """Return the seal of the receipt's lines, as the entry at the end of the run has it."""
    block = b"\n".join(RECEIPT_LINES)
    return {**LineSeal.of(block).as_json(), "sha256": sha256(block + b"\n").hexdigest()}


def batches() -> list[list[NewEntry]]:
    """Return the transactions: start, gate with intent, outcome, end of the run."""
    ids: list[dict[str, JsonValue]] = [{"id": f"55402300000370000{number}"} for number in (1, 2, 3)]
    tried: dict[str, JsonValue] = {"attempt": 1, "step": "trash"}
    start = {"after": "", "hmac": "0" * 16, "uuid": UUID, "vkey": str(SIGNER.verifier)}
    gates = [{**line, "number": sha256(str(line["id"]).encode()).hexdigest()} for line in ids]
    answers: list[dict[str, JsonValue]] = [*ids[:2], {**ids[2], "code": "A\n\u5408\u540c", "event": "outcome.refused"}]
    return [
        [NewEntry("journal.start", body=start)],
        [
            NewEntry("gate", **WHERE, body={"event": "gate.ok", "step": "trash"}, lines=gates),
            NewEntry("intent", **WHERE, body={"event": "intent", **tried}, lines=ids),
        ],
        [NewEntry("outcome", **WHERE, body={"event": "outcome.done", **tried}, lines=answers)],
        [NewEntry("run.end", **WHERE, body={"complete": True, "receipt": receipt_seal()})],
    ]


def make() -> dict[str, bytes]:
    """Return the files: an export, a receipt with its lines, a receipt for one contract, and the values on the way."""
    entries, checkpoints, lines = _journal()
    end, head = entries[-1], checkpoints[-1]
    leaves = [leaf_hash(entry.raw) for entry in entries]
    proof = InclusionProof(end.seq, inclusion_path(end.seq, len(leaves), range_hash_of(leaves)), head)
    said: dict[str, Any] = {"run": WHERE["run"], "inclusion": proof.text(), "entry": end.raw.decode()}
    said["lines"] = receipt_seal()
    contracts = [leaf_hash(line) for line in RECEIPT_LINES]
    path: JsonValue = [encode64(node) for node in inclusion_path(1, 3, range_hash_of(contracts))]
    one = {"line": RECEIPT_LINES[1].decode(), "place": 1, "path": path}
    values = {
        "vkey": str(SIGNER.verifier),
        "seed": bytes(range(32)).hex(),
        "leaves": [leaf.hex() for leaf in leaves],
        "root": head.root.hex(),
        "pin": f"{head.size}:{head.root.hex()}",
        "contract_leaves": [leaf.hex() for leaf in contracts],
    }
    return {
        "journal.jsonl": lines,
        "receipt.json": _receipt(said),
        f"{WHERE['run']}.receipt.jsonl": b"".join(line + b"\n" for line in RECEIPT_LINES),
        "receipt-of-one.json": _receipt({**said, "contract": one}),
        "values.json": json.dumps(values, indent=1).encode() + b"\n",
    }


def _journal() -> tuple[list[Entry], list[Checkpoint], bytes]:
    """Return the entries, the checkpoints, and the export of them all."""
    frontier, prev, after = Frontier(), FIRST_PREV, ""
    entries: list[Entry] = []
    checkpoints: list[Checkpoint] = []
    lines: list[bytes] = []
    for new_entries in batches():
        stamp = Stamp(
            "2026-11-30T08:00:00.000Z", "boot", 1000, "session", "user", len(entries) + len(new_entries), after
        )
        for new_entry in new_entries:
            block = write_lines(new_entry.lines)
            seal = LineSeal.of(block) if block else None
            entry = write_entry(new_entry, stamp, seal, seq=len(entries), prev=prev, program="crm_bridge/1.0.0")
            frontier.add(leaf_hash(entry.raw))
            prev = entry.digest
            entries.append(entry)
            lines += [entry.raw, block] if block else [entry.raw]
        checkpoint = Checkpoint.sign(ORIGIN, frontier.size, frontier.root(), SIGNER)
        after = checkpoint.digest
        checkpoints.append(checkpoint)
        lines.append(checkpoint_line(checkpoint.note))
    header = header_line(JournalHeader(UUID, ORIGIN, len(entries), (str(SIGNER.verifier),)))
    return entries, checkpoints, b"".join(line + b"\n" for line in [header, *lines])


def _receipt(predicate: dict[str, Any]) -> bytes:
    subject: JsonValue = [{"name": f"{WHERE['run']}.receipt.jsonl"}]
    statement: dict[str, Any] = {"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicate": predicate}
    return json.dumps(dsse.sign(dsse.RECEIPT_TYPE, canonical(statement), SIGNER), indent=1).encode() + b"\n"


if __name__ == "__main__":
    for name, data in make().items():
        (FOLDER / name).write_bytes(data)
