"""External evidence a journal must agree with: pins, checkpoints and receipts that were kept elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.checking.findings import CheckCode, FindingCollector
from crm_bridge.journal.checking.recompute import Recomputation
from crm_bridge.journal.checking.sources import MAX_LINE
from crm_bridge.journal.format import dsse
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.lines import is_hash
from crm_bridge.journal.format.merkle import HASH_SIZE, Frontier, ProofError, leaf_hash, verify_inclusion
from crm_bridge.journal.format.note import NoteError, SignedNote, VerifierKey, decode64
from crm_bridge.journal.format.proof import InclusionProof
from crm_bridge.journal.pin import Pin


@dataclass(frozen=True, slots=True)
class ExternalEvidence:
    """Everything that the journal must agree with: note texts, and receipts as JSON text."""

    pin: Pin | None = None
    checkpoints: Sequence[str] = ()
    receipts: Sequence[str | bytes | ReceiptFile] = ()


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """The bytes of a receipt, and the file with the lines of its contracts where that is at hand."""

    data: bytes
    lines: Path | None = None

    @classmethod
    def read(cls, path: Path, lines: Path | None = None) -> ReceiptFile:
        """Read a receipt; its lines lie beside it under the name that its statement tells, unless they are named."""
        data = path.read_bytes()
        if lines is None:
            try:
                name = json.loads(dsse.payload_of(json.loads(data)))["subject"][0]["name"]
                beside = path.with_name(name) if name == Path(name).name else None
            except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, JournalError):
                beside = None
            lines = beside if beside is not None and beside.is_file() else None
        return cls(data, lines)


@dataclass(frozen=True, slots=True)
class _Receipt:
    envelope: Mapping[str, Any]
    proof: InclusionProof
    entry: bytes
    seal: Mapping[str, Any]
    contract: tuple[bytes, int, tuple[bytes, ...]] | None
    """The line of the one contract that it speaks of, its place, and the path to the sealed root."""
    lines: Path | None


class EvidenceCheck:
    """Reads the evidence before the journal is read, and judges afterwards."""

    def __init__(self, evidence: ExternalEvidence, found: FindingCollector) -> None:
        """Take everything apart; what cannot be read is a finding at once."""
        self._found = found
        self._pin = evidence.pin
        self._checkpoints = [c for text in evidence.checkpoints if (c := self._read_checkpoint(text))]
        self._receipts = [r for text in evidence.receipts if (r := self._read_receipt(text))]

    def sizes(self) -> set[int]:
        """Return the sizes whose roots are needed."""
        pins = {self._pin.size} if self._pin else set()
        return pins | {c.size for c in self._checkpoints} | {r.proof.checkpoint.size for r in self._receipts}

    def indexes(self) -> set[int]:
        """Return the places of the entries whose bytes are needed."""
        return {receipt.proof.index for receipt in self._receipts}

    def judge(self, recomputed: Recomputation, *, uuid: str, origin: str, trusted: Sequence[VerifierKey]) -> None:
        """Compare everything with what was read; keys that are `trusted` or that the journal used may sign."""
        keys = [*recomputed.keys, *(key for key in trusted if key not in recomputed.keys)]
        if self._pin is not None:
            if self._pin.uuid and self._pin.uuid != uuid:
                self._found.add(CheckCode.INCONSISTENT, _("pin"), _("it belongs to another journal"))
            self._compare(_("pin"), self._pin.size, self._pin.root, recomputed)
        for checkpoint in self._checkpoints:
            if self._is_believed(_("given checkpoint"), checkpoint, origin, keys):
                self._compare(_("given checkpoint"), checkpoint.size, checkpoint.root, recomputed)
        for receipt in self._receipts:
            self._judge_receipt(receipt, recomputed, origin, keys)

    def judge_alone(self, trusted: Sequence[VerifierKey]) -> str:
        """Judge the receipts without a journal; return the origin that they name."""
        origin = ""
        for receipt in self._receipts:
            origin = receipt.proof.checkpoint.origin
            if self._is_signed(receipt, trusted):
                self._is_believed(_("receipt"), receipt.proof.checkpoint, origin, trusted)
                self._check_proof(receipt, receipt.entry)
        return origin

    def _is_believed(self, where: str, checkpoint: Checkpoint, origin: str, keys: Sequence[VerifierKey]) -> bool:
        """Return whether a checkpoint from outside is this journal's and signed by a known key."""
        if checkpoint.origin != origin:
            self._found.add(CheckCode.INCONSISTENT, where, _("it belongs to another journal"))
            return False
        lines = SignedNote.parse(checkpoint.note).lines
        signers = [key for key in keys if any(line.made_by(key) for line in lines)]
        good = all(checkpoint.signed_by(key) for key in signers)
        if not signers:
            self._found.add(CheckCode.UNKNOWN_KEY, where, _("it is not signed by a known key"))
        elif not good:
            self._found.add(CheckCode.INCONSISTENT, where, _("its signature is wrong"))
        return bool(signers) and good

    def _is_signed(self, receipt: _Receipt, keys: Sequence[VerifierKey]) -> bool:
        try:
            dsse.verify(receipt.envelope, keys)
        except JournalError as error:
            code = CheckCode.UNKNOWN_KEY if error.reason == "receipt_unknown_key" else CheckCode.INCONSISTENT
            self._found.add(code, _("receipt"), error.message)
            return False
        return True

    def _judge_receipt(
        self, receipt: _Receipt, recomputed: Recomputation, origin: str, keys: Sequence[VerifierKey]
    ) -> None:
        where, checkpoint = _("receipt"), receipt.proof.checkpoint
        if not self._is_signed(receipt, keys):
            return
        if self._is_believed(where, checkpoint, origin, keys):
            self._compare(where, checkpoint.size, checkpoint.root, recomputed)
        raw = recomputed.leaves.get(receipt.proof.index)
        if raw is None:
            self._found.add(CheckCode.SHORTER, where, _("the entry that it proves is not there"))
            return
        self._check_proof(receipt, raw)
        if receipt.entry != raw:
            self._found.add(CheckCode.INCONSISTENT, where, _("it quotes another entry than the journal has"))

    def _check_proof(self, receipt: _Receipt, raw: bytes) -> None:
        try:
            receipt.proof.verify(raw)
        except ProofError:
            what = _("its proof does not lead from the entry to its checkpoint")
            self._found.add(CheckCode.INCONSISTENT, _("receipt"), what)
        self._check_lines(receipt)

    def _check_lines(self, receipt: _Receipt) -> None:
        """Compare the lines with the seal in the quoted entry, and one contract's line with the root in that seal."""
        if _sealed_lines(receipt.entry) != receipt.seal:
            self._found.add(CheckCode.INCONSISTENT, _("receipt"), _("the entry that it quotes seals other lines"))
        if receipt.contract is not None:
            line, place, path = receipt.contract
            try:
                root = bytes.fromhex(receipt.seal["root"])
                verify_inclusion(leaf_hash(line), place, receipt.seal["count"], path, root)
            except (ProofError, ValueError):
                what = _("its proof does not lead from the contract's line to the entry")
                self._found.add(CheckCode.INCONSISTENT, _("receipt"), what)
        if receipt.lines is not None and seal_of_file(receipt.lines) != receipt.seal:
            self._found.add(CheckCode.INCONSISTENT, _("receipt"), _("the file with its lines is another one"))

    def _compare(self, where: str, size: int, root: bytes, recomputed: Recomputation) -> None:
        if size > recomputed.size:
            self._found.add(
                CheckCode.SHORTER,
                where,
                _("it speaks of {size} entries, {left} are left").format(size=size, left=recomputed.size),
            )
        elif recomputed.roots.get(size) != root:
            self._found.add(CheckCode.INCONSISTENT, where, _("the first {size} entries were others").format(size=size))

    def _read_checkpoint(self, text: str) -> Checkpoint | None:
        try:
            return Checkpoint.parse(text)
        except NoteError:
            self._found.add(CheckCode.INCONSISTENT, _("given checkpoint"), _("it is not a checkpoint"))
            return None

    def _read_receipt(self, given: str | bytes | ReceiptFile) -> _Receipt | None:
        file = (
            given
            if isinstance(given, ReceiptFile)
            else ReceiptFile(given.encode() if isinstance(given, str) else given)
        )
        try:
            envelope = json.loads(file.data.decode())
            predicate = json.loads(dsse.payload_of(envelope))["predicate"]
            return _Receipt(
                envelope,
                InclusionProof.parse(predicate["inclusion"]),
                predicate["entry"].encode(),
                _seal(predicate["lines"]),
                _contract(predicate.get("contract")),
                file.lines,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, JournalError):
            self._found.add(CheckCode.INCONSISTENT, _("receipt"), _("it is not a receipt with a proof"))
            return None


def _seal(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the seal of a receipt's lines as it stands in its statement; raise ValueError when it is none."""
    fits = value.keys() == {"count", "root", "sha256"} and is_hash(value["root"]) and is_hash(value["sha256"])
    if not fits or type(value["count"]) is not int or value["count"] < 0:
        raise ValueError("not a seal of lines")
    return value


def _contract(value: Mapping[str, Any] | None) -> tuple[bytes, int, tuple[bytes, ...]] | None:
    if value is None:
        return None
    path = tuple(decode64(node) for node in value["path"])
    if type(value["place"]) is not int or any(len(node) != HASH_SIZE for node in path):
        raise ValueError("not a proof")
    return value["line"].encode(), value["place"], path


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _sealed_lines(entry: bytes) -> object:
    try:
        return json.loads(entry.decode())["body"]["receipt"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def seal_of_file(path: Path) -> dict[str, Any]:
    """Return count, RFC 6962 root and SHA-256 of a file of lines, as the entry that ends a run seals them."""
    frontier, digest = Frontier(), sha256()
    with path.open("rb") as lines:
        while line := lines.readline(MAX_LINE):
            frontier.add(leaf_hash(line.removesuffix(b"\n")))
            digest.update(line)
    return {"count": frontier.size, "root": frontier.root().hex(), "sha256": digest.hexdigest()}
