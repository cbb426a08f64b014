#!/usr/bin/env python3
"""Verify an exported crm_bridge journal, and receipts, without crm_bridge.

One file, Python 3.11 or newer, the standard library and `cryptography`. It shares no code with the program that wrote
the journal: it was written from the format description (docs/reference/journal-format.md) so that the two can be
compared. It is one long file on purpose: whoever does not trust that program can read this one from top to bottom,
carry it to another machine and run it there with `python -I`; nothing else has to be installed, read or believed.

    python verify_journal.py EXPORT [--key VKEY]... [--pin SIZE:ROOT] [--checkpoint F]... [--receipt F]... [--json]
    python verify_journal.py --receipt F [--lines F] --key VKEY

Exit codes: 0 good, 2 usage, 10 altered, 11 shorter than it was, 12 contradicts a pin, checkpoint or receipt,
13 not sealed or a checkpoint missing, 14 unknown key, 15 intact with open intents. If several apply, the first of
10, 14, 12, 11, 13, 15.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALTERED, SHORTER, CONTRADICTED, UNSEALED, BAD_KEY, OPEN = 10, 11, 12, 13, 14, 15
ORDER = (ALTERED, BAD_KEY, CONTRADICTED, SHORTER, UNSEALED, OPEN)
WORDS = {
    0: "good",
    ALTERED: "altered",
    SHORTER: "shorter than it was",
    CONTRADICTED: "contradicts a pin, a checkpoint or a receipt",
    UNSEALED: "not sealed, or a checkpoint is missing",
    BAD_KEY: "signed by an unknown key, or by a key outside its range",
    OPEN: "intact, with intents that have no outcome",
}
VERSION = 2
FIELDS = {
    "v", "seq", "prev", "ts", "boot", "mono_ms", "session", "actor", "op", "system", "org", "module", "plan", "run",
    "body", "lines", "seal",
}  # fmt: skip
RECEIPT_TYPE = "application/vnd.crm-bridge.deletion-receipt+json"
DIGEST = re.compile("[0-9a-f]{64}", re.ASCII)
MOST_LINES = 1_000_000
NUMBER = re.compile("0|[1-9][0-9]{0,15}", re.ASCII)
LONGEST_LINE = 1 << 24

Add = Callable[[int, str], None]
Kind = TypeVar("Kind")


class UnreadableError(Exception):
    """Something that cannot be read."""


# ---- bytes and text -------------------------------------------------------------------------------------------------


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def from_base64(text: str) -> bytes:
    """Decode standard base64, accepting only the one spelling that encoding would give."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise UnreadableError("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise UnreadableError("not the canonical base64")
    return data


def from_any_base64(text: str) -> bytes:
    """Decode either alphabet, as DSSE asks of verifiers."""
    try:
        return base64.b64decode(text.translate({0x2D: "+", 0x5F: "/"}), validate=True)
    except (ValueError, AttributeError) as error:
        raise UnreadableError("not base64") from error


def whole(line: bytes, number: int) -> bytes:
    """Return a line of a file without its end."""
    if line[-1:] != b"\n":
        raise UnreadableError(f"line {number} is cut")
    return line[:-1]


def is_seal_of_lines(value: object) -> bool:
    """Tell whether an entry seals lines, or says that it has none, as the format demands."""
    if value is None:
        return True
    if not isinstance(value, dict) or set(value) != {"count", "root", "sha256"}:
        return False
    count, digests = value["count"], (value["root"], value["sha256"])
    fits = type(count) is int and 0 < count <= MOST_LINES
    return fits and all(isinstance(digest, str) and DIGEST.fullmatch(digest) for digest in digests)


def compact(value: object) -> bytes:
    """Write JSON the way RFC 8785 does for text, whole numbers and lists under ASCII names."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def load_object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise UnreadableError("not JSON") from error
    if not isinstance(value, dict):
        raise UnreadableError("not an object")
    return value


# ---- keys and notes -------------------------------------------------------------------------------------------------


class Key:
    """A C2SP verifier key: name, short id, Ed25519 public key."""

    def __init__(self, vkey: str) -> None:
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not parts[0] or any(c.isspace() or not c.isprintable() for c in parts[0]):
            raise UnreadableError("not a verifier key")
        blob = from_base64(parts[2])
        if len(blob) != 33 or blob[0] != 1:
            raise UnreadableError("not an Ed25519 key")
        if sha256(parts[0].encode() + b"\n" + blob)[:4].hex() != parts[1]:
            raise UnreadableError("the id of the key is wrong")
        self.vkey, self.name, self.id, self.public = vkey, parts[0], parts[1], blob[1:]

    def signed(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Note:
    """A signed checkpoint: origin, size, root; and who claims to have signed."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str) or len(text) > 65536 or any(ord(c) < 32 and c != "\n" for c in text):
            raise UnreadableError("not a note")
        end = text.rfind("\n\n")
        if end < 0 or not text.endswith("\n"):
            raise UnreadableError("not signed")
        self.raw, self.message = text, text[: end + 1].encode()
        body = text[:end].split("\n")
        if len(body) != 3 or not body[0] or not NUMBER.fullmatch(body[1]):
            raise UnreadableError("not a checkpoint")
        self.origin, self.size, self.root = body[0], int(body[1]), from_base64(body[2])
        if len(self.root) != 32:
            raise UnreadableError("not a root")
        self.signatures: list[tuple[str, str, bytes]] = []
        for line in text[end + 2 : -1].split("\n"):
            words = re.fullmatch("\u2014 ([^ +]+) (.+)", line)
            if words is None or len(blob := from_base64(words[2])) < 5:
                raise UnreadableError("not a signature line")
            self.signatures.append((words[1], blob[:4].hex(), blob[4:]))

    def by(self, key: Key) -> list[bytes]:
        """Return the signatures that claim to be by this key."""
        return [sig for name, short, sig in self.signatures if (name, short) == (key.name, key.id)]

    def verified_by(self, key: Key) -> bool:
        mine = self.by(key)
        return bool(mine) and key.name == self.origin and all(key.signed(self.message, sig) for sig in mine)


# ---- the tree of RFC 6962 -------------------------------------------------------------------------------------------


def hash_leaf(data: bytes) -> bytes:
    return sha256(b"\0" + data)


class Tree:
    """Complete subtrees as (leaves, hash), largest first; equal neighbours merge."""

    def __init__(self) -> None:
        self.peaks: list[tuple[int, bytes]] = []
        self.size = 0

    def push(self, leaf: bytes) -> None:
        self.peaks.append((1, leaf))
        self.size += 1
        while len(self.peaks) > 1 and self.peaks[-1][0] == self.peaks[-2][0]:
            (count, left), (_, right) = self.peaks[-2:]
            self.peaks[-2:] = [(2 * count, sha256(b"\1" + left + right))]

    def root(self) -> bytes:
        total: bytes | None = None
        for _, peak in reversed(self.peaks):
            total = peak if total is None else sha256(b"\1" + peak + total)
        return sha256(b"") if total is None else total


def root_over(items: Sequence[bytes]) -> bytes:
    tree = Tree()
    for item in items:
        tree.push(hash_leaf(item))
    return tree.root()


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Fold an audit path from the leaf upwards; the directions follow from where the tree splits."""
    if not 0 <= index < size:
        raise UnreadableError("the index is outside the tree")
    turns: list[str] = []
    first, count = 0, size
    while count > 1:
        half = 1 << (count - 1).bit_length() - 1
        if index < first + half:
            turns.append("right")
            count = half
        else:
            turns.append("left")
            first, count = first + half, count - half
    if len(turns) != len(path):
        raise UnreadableError("the path has the wrong length")
    for side, other in zip(reversed(turns), path, strict=True):
        leaf = sha256(b"\1" + (leaf + other if side == "right" else other + leaf))
    return leaf


# ---- the journal ----------------------------------------------------------------------------------------------------


class Verifier:
    """Reads an export once, front to back."""

    def __init__(self, wanted_roots: set[int], wanted_entries: set[int]) -> None:
        self.findings: list[tuple[int, str]] = []
        self.tree = Tree()
        self.roots = {0: sha256(b"")}
        self.entries: dict[int, bytes] = {}
        self.keys: list[Key] = []
        self.open: dict[tuple[str, str, str, str, str, int], int] = {}
        self.origin = self.uuid = ""
        self._wanted_roots, self._wanted_entries = wanted_roots, wanted_entries
        self._previous = "0" * 64
        self._batch_end = 0
        self._next_key: Key | None = None
        self._sealed: Note | None = None
        self._sealed_by: list[Key] = []

    def add(self, code: int, text: str) -> None:
        self.findings.append((code, text))

    def read(self, lines: BinaryIO) -> bool:
        try:
            header = self.header(lines.readline(LONGEST_LINE))
            number = 1
            while line := lines.readline(LONGEST_LINE):
                number += 1
                if line.startswith(b'{"kind":"checkpoint",'):
                    self.checkpoint(self.checkpoint_note(whole(line, number)), number)
                    continue
                entry = self.entry(whole(line, number), number)
                if entry["lines"] is not None:
                    count = entry["lines"]["count"]
                    items = [whole(lines.readline(LONGEST_LINE), number + 1 + i) for i in range(count)]
                    self.contracts(entry, items, number)
                    number += count
        except UnreadableError as problem:
            self.add(ALTERED, str(problem))
            return False
        self.end(header)
        return True

    def header(self, line: bytes) -> dict[str, Any]:
        header = load_object(line)
        expected = {"kind", "origin", "size", "uuid", "v", "vkeys"}
        if set(header) != expected or compact(header) + b"\n" != line or header["kind"] != "crm-bridge-journal":
            raise UnreadableError("line 1 is not a header")
        if header["v"] != VERSION or any(type(header[name]) is not int for name in ("v", "size")):
            raise UnreadableError("line 1 is not a header of this version")
        if type(header["vkeys"]) is not list:
            raise UnreadableError("line 1 is not a header of this version")
        self.origin, self.uuid = header["origin"], header["uuid"]
        return header

    def checkpoint_note(self, line: bytes) -> Note:
        value = load_object(line)
        if set(value) != {"kind", "note"} or compact(value) != line:
            raise UnreadableError("a checkpoint line is damaged")
        return Note(value["note"])

    def entry(self, raw: bytes, number: int) -> dict[str, Any]:
        entry = load_object(raw)
        where, seq = f"line {number}", self.tree.size
        if set(entry) != FIELDS or entry["v"] != VERSION or not isinstance(entry["body"], dict):
            raise UnreadableError(f"{where} is not an entry")
        if not isinstance(entry["seal"], dict) or set(entry["seal"]) != {"after", "size"}:
            raise UnreadableError(f"{where} is not an entry")
        if any(type(entry[name]) is not int for name in ("v", "seq")) or not all(
            isinstance(entry[name], str) for name in ("op", "system", "org")
        ):
            raise UnreadableError(f"{where} is not an entry")
        if not is_seal_of_lines(entry["lines"]):
            raise UnreadableError(f"{where} is not an entry")
        if entry["seq"] != seq or entry["prev"] != self._previous:
            self.add(ALTERED, f"{where} does not follow the entry before it")
        self.seal(entry["seal"], seq, where)
        self.meaning(entry, seq, where)
        if seq in self._wanted_entries:
            self.entries[seq] = raw
        self.tree.push(hash_leaf(raw))
        self._previous = sha256(raw).hex()
        if self.tree.size in self._wanted_roots:
            self.roots[self.tree.size] = self.tree.root()
        return entry

    def contracts(self, entry: dict[str, Any], items: Sequence[bytes], number: int) -> None:
        """Compare the lines of an entry with its seal; note the attempts that they open or close."""
        seal, where = entry["lines"], f"the lines of the entry in line {number}"
        if root_over(items).hex() != seal["root"] or sha256(b"\n".join(items)).hex() != seal["sha256"]:
            self.add(ALTERED, f"{where} are not the ones that it sealed")
        contracts = [load_object(item) for item in items]
        if not all(isinstance(facts.get("id"), str) for facts in contracts):
            raise UnreadableError(f"{where} are damaged")
        for facts in contracts:
            self.attempt(entry, {**entry["body"], **facts})

    def seal(self, seal: dict[str, Any], seq: int, where: str) -> None:
        if seq < self._batch_end:
            if seal["size"] != self._batch_end:
                self.add(ALTERED, f"{where} names another seal than its batch")
            return
        if seq and (self._sealed is None or self._sealed.size != seq):
            self.add(UNSEALED, f"the checkpoint before {where} is missing")
        elif seal["after"] != (sha256(self._sealed.raw.encode()).hex() if self._sealed else ""):
            self.add(ALTERED, f"the checkpoint before {where} is not the one that was written")
        if type(seal["size"]) is not int or seal["size"] <= seq:
            self.add(ALTERED, f"{where} names an impossible seal")
        else:
            self._batch_end, self._next_key = seal["size"], None

    def meaning(self, entry: dict[str, Any], seq: int, where: str) -> None:
        op, body = entry["op"], entry["body"]
        if seq == 0 or op == "journal.start":
            key = self.own_key(body.get("vkey"))
            if seq or op != "journal.start" or body.get("uuid") != self.uuid or key is None:
                self.add(ALTERED, f"{where} is not the beginning of this journal")
            else:
                self.keys.append(key)
        elif op == "key.rotate":
            old, new = self.own_key(body.get("old")), self.own_key(body.get("new"))
            if not self.keys or not old or old.vkey != self.keys[-1].vkey or not new or self._batch_end != seq + 1:
                self.add(BAD_KEY, f"{where}: the key that hands over is not the one in force")
            else:
                self._next_key = new

    def attempt(self, entry: dict[str, Any], facts: dict[str, Any]) -> None:
        op, step, attempt = entry["op"], facts.get("step"), facts.get("attempt")
        key = (
            op[: op.rfind(".")] if "." in op else "",
            entry["system"],
            entry["org"],
            facts["id"],
            step if isinstance(step, str) else "",
            attempt if type(attempt) is int else 0,
        )
        if op.split(".")[-1] == "intent":
            self.open[key] = entry["seq"]
        elif op.split(".")[-1] == "outcome":
            self.open.pop(key, None)

    def own_key(self, vkey: object) -> Key | None:
        try:
            key = Key(vkey) if isinstance(vkey, str) else None
        except UnreadableError:
            return None
        return key if key and key.name == self.origin else None

    def checkpoint(self, note: Note, number: int) -> None:
        where, size = f"the checkpoint in line {number}", self.tree.size
        if note.size > size:
            self.add(SHORTER, f"{where} speaks of {note.size} entries, there are {size}")
            return
        repeated = self._sealed is not None and self._sealed.size == note.size
        if note.origin != self.origin or note.size != size or size != self._batch_end or repeated:
            self.add(ALTERED, f"{where} is out of place")
        if note.root != self.tree.root():
            self.add(ALTERED, f"{where} has another root than the entries before it")
        signers = self.keys[-1:] + ([self._next_key] if self._next_key else [])
        if [(name, short) for name, short, _ in note.signatures] != [(key.name, key.id) for key in signers]:
            self.add(BAD_KEY, f"{where} is signed by another key than the one in force")
            signers = []
        if self._next_key:
            self.verify(note, signers)
            self.keys.append(self._next_key)
            self._next_key = None
        self._sealed, self._sealed_by = note, signers

    def verify(self, note: Note, keys: Sequence[Key]) -> None:
        if not all(note.verified_by(key) for key in keys):
            self.add(ALTERED, f"the signature of the checkpoint for {note.size} entries is wrong")

    def end(self, header: dict[str, Any]) -> None:
        if self._sealed is not None:
            # The checkpoints between are bound by digest: each batch names the SHA-256 of the note before it.
            self.verify(self._sealed, self._sealed_by)
        if self._sealed is None or self._sealed.size < self.tree.size:
            self.add(UNSEALED, "the last entries are not sealed")
        if header["size"] > self.tree.size:
            self.add(SHORTER, f"{header['size']} entries were exported, there are {self.tree.size}")
        elif header["size"] < self.tree.size:
            self.add(ALTERED, "there are more entries than were exported")
        if header["vkeys"] != [key.vkey for key in self.keys]:
            self.add(ALTERED, "the header names other keys than the entries")


# ---- evidence from elsewhere ----------------------------------------------------------------------------------------


class Receipt:
    """A DSSE envelope around a statement whose predicate holds an inclusion proof and the seal of its lines."""

    lines: str | None = None
    """The file with the lines of its contracts, where it is at hand."""

    def __init__(self, data: bytes) -> None:
        envelope = load_object(data)
        try:
            self.type, self.payload = envelope["payloadType"], from_any_base64(envelope["payload"])
            self.signatures = [(str(s.get("keyid", "")), from_any_base64(s["sig"])) for s in envelope["signatures"]]
            if not isinstance(self.type, str) or not self.signatures or type(envelope["signatures"]) is not list:
                raise TypeError
            statement = load_object(self.payload)
            predicate = statement["predicate"]
            self.read_proof(predicate["inclusion"])
            self.entry: bytes = predicate["entry"].encode()
            self.seal = predicate["lines"]
            if set(self.seal) != {"count", "root", "sha256"} or not is_seal_of_lines({**self.seal, "count": 1}):
                raise TypeError
            if type(self.seal["count"]) is not int or self.seal["count"] < 0:
                raise TypeError
            self.read_contract(predicate.get("contract"))
            self.lines_name = name_of_lines(statement)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UnreadableError("not a receipt") from error

    def read_proof(self, text: str) -> None:
        head, gap, note = text.partition("\n\n")
        lines = head.split("\n")
        if lines.pop(0) != "c2sp.org/tlog-proof@v1" or not gap:
            raise UnreadableError("not a proof")
        if lines and lines[0].startswith("extra "):
            from_base64(lines.pop(0)[6:])
        if not lines or not lines[0].startswith("index ") or not NUMBER.fullmatch(lines[0][6:]):
            raise UnreadableError("not a proof")
        self.index, self.path, self.note = int(lines[0][6:]), [from_base64(line) for line in lines[1:]], Note(note)
        if any(len(node) != 32 for node in self.path):
            raise UnreadableError("not a proof")

    def read_contract(self, value: Any) -> None:
        """Read the line of the one contract that the receipt speaks of, with its path to the sealed root."""
        self.contract: tuple[bytes, int, list[bytes]] | None = None
        if value is not None:
            path = [from_base64(node) for node in value["path"]]
            if type(value["place"]) is not int or any(len(node) != 32 for node in path):
                raise TypeError
            self.contract = value["line"].encode(), value["place"], path

    def problems_of_lines(self) -> list[str]:
        """Return what is wrong with the lines: with their seal in the quoted entry, one contract's path, their file."""
        problems = []
        try:
            sealed = json.loads(self.entry.decode())["body"]["receipt"]
        except (ValueError, KeyError, TypeError, RecursionError):
            sealed = None
        if sealed != self.seal:
            problems.append("the entry that it quotes seals other lines")
        if self.contract is not None:
            line, place, path = self.contract
            try:
                reached = root_from_path(hash_leaf(line), place, self.seal["count"], path)
            except UnreadableError:
                reached = b""
            if reached.hex() != self.seal["root"]:
                problems.append("its proof does not lead from the contract's line to the entry")
        if self.lines is not None and seal_of_file(self.lines) != self.seal:
            problems.append("the file with its lines is another one")
        return problems

    def problem(self, keys: Sequence[Key]) -> tuple[int, str] | None:
        """Return (code, text) unless one of the keys signed this payload as a receipt."""
        kind = self.type.encode()
        message = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(self.payload)).encode(), self.payload])
        if any(key.signed(message, sig) for key in keys for _, sig in self.signatures):
            return None if self.type == RECEIPT_TYPE else (CONTRADICTED, "it is not a deletion receipt")
        if any(named == f"{key.name}+{key.id}" for key in keys for named, _ in self.signatures):
            return CONTRADICTED, "its signature is wrong"
        return BAD_KEY, "it is not signed by a known key"

    def proves(self, raw: bytes) -> bool:
        try:
            return root_from_path(hash_leaf(raw), self.index, self.note.size, self.path) == self.note.root
        except UnreadableError:
            return False


def name_of_lines(statement: dict[str, Any]) -> str | None:
    """Return the name that a statement gives the file of its lines; None for one that would lead elsewhere."""
    try:
        name = statement["subject"][0]["name"]
    except (KeyError, TypeError, IndexError):
        return None
    return name if isinstance(name, str) and name == os.path.basename(name) and "\0" not in name else None


def seal_of_file(path: str) -> dict[str, Any]:
    """Return count, root and SHA-256 of a file of lines, as the entry that ends a run seals them."""
    tree, digest = Tree(), hashlib.sha256()
    with open(path, "rb") as lines:
        while line := lines.readline(LONGEST_LINE):
            tree.push(hash_leaf(line.removesuffix(b"\n")))
            digest.update(line)
    return {"count": tree.size, "root": tree.root().hex(), "sha256": digest.hexdigest()}


def read_receipt(path: str) -> Receipt:
    """Read a receipt and find the lines of its contracts beside it."""
    with open(path, "rb") as source:
        receipt = Receipt(source.read())
    beside = os.path.join(os.path.dirname(path), receipt.lines_name or "")
    receipt.lines = beside if receipt.lines_name and os.path.isfile(beside) else None
    return receipt


def parse_pin(text: str) -> tuple[int, bytes]:
    size, _, root = text.partition(":")
    if not NUMBER.fullmatch(size):
        raise UnreadableError("a pin is SIZE:ROOT")
    try:
        digest = bytes.fromhex(root) if len(root) == 64 else from_base64(root)
    except ValueError as error:
        raise UnreadableError("a pin is SIZE:ROOT") from error
    if len(digest) != 32:
        raise UnreadableError("a pin is SIZE:ROOT")
    return int(size), digest


def judge_note(note: Note, name: str, origin: str, keys: Sequence[Key], add: Add) -> bool:
    """Judge origin and signature of a checkpoint from elsewhere; say whether its root may be compared."""
    if note.origin != origin:
        add(CONTRADICTED, f"{name} belongs to another journal")
        return False
    signers = [key for key in keys if note.by(key)]
    if not signers:
        add(BAD_KEY, f"{name} is not signed by a known key")
    elif not all(note.verified_by(key) for key in signers):
        add(CONTRADICTED, f"the signature of {name} is wrong")
    else:
        return True
    return False


def compare(journal: Verifier, size: int, root: bytes, name: str) -> None:
    if size > journal.tree.size:
        journal.add(SHORTER, f"{name} speaks of {size} entries, there are {journal.tree.size}")
    elif journal.roots.get(size) != root:
        journal.add(CONTRADICTED, f"{name}: the first {size} entries were others")


def judge(
    journal: Verifier,
    trusted: Sequence[Key],
    pin: tuple[int, bytes] | None,
    notes: Sequence[Note],
    receipts: Sequence[Receipt],
) -> None:
    mine = [key for key in trusted if key.name == journal.origin]
    used = {key.vkey for key in journal.keys}
    if trusted and (not mine or any(key.vkey not in used for key in mine)):
        journal.add(BAD_KEY, "the journal is not signed by the given key")
    known = journal.keys + [key for key in trusted if key.vkey not in used]
    if pin:
        compare(journal, pin[0], pin[1], "the pin")
    for note in notes:
        if judge_note(note, "a given checkpoint", journal.origin, known, journal.add):
            compare(journal, note.size, note.root, "a given checkpoint")
    for receipt in receipts:
        if problem := receipt.problem(known):
            journal.add(problem[0], f"a receipt: {problem[1]}")
            continue
        if judge_note(receipt.note, "a receipt's checkpoint", journal.origin, known, journal.add):
            compare(journal, receipt.note.size, receipt.note.root, "a receipt")
        raw = journal.entries.get(receipt.index)
        if raw is None:
            journal.add(SHORTER, "the entry that a receipt proves is not there")
            continue
        if not receipt.proves(raw):
            journal.add(CONTRADICTED, "a receipt's proof does not fit the entry")
        for problem in receipt.problems_of_lines():
            journal.add(CONTRADICTED, f"a receipt: {problem}")
        if receipt.entry != raw:
            journal.add(CONTRADICTED, "a receipt quotes another entry")


def judge_receipt_alone(receipt: Receipt, trusted: Sequence[Key], add: Add) -> None:
    if problem := receipt.problem(trusted):
        add(problem[0], f"the receipt: {problem[1]}")
        return
    judge_note(receipt.note, "the receipt's checkpoint", receipt.note.origin, trusted, add)
    if not receipt.proves(receipt.entry):
        add(CONTRADICTED, "the receipt's proof does not fit the entry that it quotes")
    for text in receipt.problems_of_lines():
        add(CONTRADICTED, f"the receipt: {text}")


# ---- the command ----------------------------------------------------------------------------------------------------


def read_note(path: str) -> Note:
    """Read a checkpoint that was kept elsewhere."""
    with open(path, "rb") as source:
        return Note(source.read().decode())


def read_all(paths: Sequence[str], kind: Callable[[str], Kind], add: Add) -> list[Kind]:
    """Read evidence files; what is not readable as such is a finding, not an error."""
    result = []
    for path in paths:
        try:
            result.append(kind(path))
        except (UnreadableError, UnicodeDecodeError):
            add(CONTRADICTED, f"{path} cannot be read as evidence")
    return result


def run(arguments: argparse.Namespace) -> tuple[Verifier | None, list[tuple[int, str]]]:
    early: list[tuple[int, str]] = []

    def add(code: int, text: str) -> None:
        early.append((code, text))

    trusted = [Key(vkey.strip()) for vkey in arguments.key]
    pin = parse_pin(arguments.pin) if arguments.pin else None
    notes = read_all(arguments.checkpoint, read_note, add)
    receipts = read_all(arguments.receipt, read_receipt, add)
    for receipt, lines in zip(receipts, arguments.lines, strict=False):
        receipt.lines = lines
    if arguments.export is None:
        for receipt in receipts:
            judge_receipt_alone(receipt, trusted, add)
        return None, early
    sizes = {note.size for note in notes} | {r.note.size for r in receipts} | ({pin[0]} if pin else set())
    journal = Verifier(sizes, {receipt.index for receipt in receipts})
    journal.findings += early
    with open(arguments.export, "rb") as lines:
        if journal.read(lines):
            judge(journal, trusted, pin, notes, receipts)
    journal.findings += [(OPEN, f"entry {seq}: no outcome") for seq in journal.open.values()]
    return journal, journal.findings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description="Verify an exported crm_bridge journal, and receipts.")
    parser.add_argument("export", nargs="?", help="file written by `crm-bridge journal export`")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", help="public key that you trust")
    parser.add_argument("--pin", metavar="SIZE:ROOT", help="size and root that the journal once had")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="F", help="checkpoint kept elsewhere")
    parser.add_argument("--receipt", action="append", default=[], metavar="F", help="deletion receipt")
    parser.add_argument("--lines", action="append", default=[], metavar="F", help="lines of the receipt's contracts")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args(argv)
    if arguments.export is None and not (arguments.receipt and arguments.key):
        parser.error("give an export, or a receipt with a key")
    try:
        journal, findings = run(arguments)
    except (UnreadableError, OSError) as problem:
        parser.error(str(problem))
    found = {code for code, _ in findings}
    code = next((code for code in ORDER if code in found), 0)
    report(arguments, journal, findings, code)
    return code


def report(
    arguments: argparse.Namespace, journal: Verifier | None, findings: Sequence[tuple[int, str]], code: int
) -> None:
    size = journal.tree.size if journal else 0
    root = journal.tree.root().hex() if journal else ""
    if arguments.json:
        document = {
            "code": code,
            "summary": WORDS[code],
            "origin": journal.origin if journal else "",
            "size": size,
            "root": root,
            "keys": [key.vkey for key in journal.keys] if journal else [],
            "findings": [{"code": found, "what": text} for found, text in findings],
        }
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        return
    if journal:
        sys.stdout.write(f"{journal.origin}: {size} entries, root {root}\n")
    for found, text in findings[:50]:
        sys.stdout.write(f"{found} {text}\n")
    if not arguments.key:
        sys.stdout.write("no key was given: a journal rewritten under another key would pass\n")
    sys.stdout.write(f"{code} {WORDS[code]}\n")


if __name__ == "__main__":
    sys.exit(main())
