"""What speaks about a journal from outside: pins, checkpoints and receipts that were kept elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal import dsse
from crm_bridge.journal.checkpoint import Checkpoint
from crm_bridge.journal.findings import Code, Collector
from crm_bridge.journal.merkle import ProofError
from crm_bridge.journal.note import NoteError, SignedNote, VerifierKey
from crm_bridge.journal.pin import Pin
from crm_bridge.journal.proof import InclusionProof
from crm_bridge.journal.walk import Walk


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the journal must agree with: note texts, and receipts as JSON text."""

    pin: Pin | None = None
    checkpoints: Sequence[str] = ()
    receipts: Sequence[str | bytes] = ()


@dataclass(frozen=True, slots=True)
class _Receipt:
    envelope: Mapping[str, Any]
    proof: InclusionProof
    entry: bytes | None


class Witness:
    """Reads the evidence before the journal is read, and judges afterwards."""

    def __init__(self, evidence: Evidence, found: Collector) -> None:
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

    def judge(self, walk: Walk, *, uuid: str, origin: str, trusted: Sequence[VerifierKey]) -> None:
        """Compare everything with what was read; keys that are `trusted` or that the journal used may sign."""
        keys = [*walk.keys, *(key for key in trusted if key not in walk.keys)]
        if self._pin is not None:
            if self._pin.uuid and self._pin.uuid != uuid:
                self._found.add(Code.INCONSISTENT, _("pin"), _("it belongs to another journal"))
            self._compare(_("pin"), self._pin.size, self._pin.root, walk)
        for checkpoint in self._checkpoints:
            if self._is_believed(_("given checkpoint"), checkpoint, origin, keys):
                self._compare(_("given checkpoint"), checkpoint.size, checkpoint.root, walk)
        for receipt in self._receipts:
            self._judge_receipt(receipt, walk, origin, keys)

    def judge_alone(self, trusted: Sequence[VerifierKey]) -> str:
        """Judge the receipts without a journal; return the origin that they name."""
        origin = ""
        for receipt in self._receipts:
            origin = receipt.proof.checkpoint.origin
            if self._is_signed(receipt, trusted):
                self._is_believed(_("receipt"), receipt.proof.checkpoint, origin, trusted)
                if receipt.entry is not None:
                    self._check_proof(receipt, receipt.entry)
        return origin

    def _is_believed(self, where: str, checkpoint: Checkpoint, origin: str, keys: Sequence[VerifierKey]) -> bool:
        """Say whether a checkpoint from outside is this journal's and signed by a known key."""
        if checkpoint.origin != origin:
            self._found.add(Code.INCONSISTENT, where, _("it belongs to another journal"))
            return False
        lines = SignedNote.parse(checkpoint.note).lines
        signers = [key for key in keys if any(line.made_by(key) for line in lines)]
        good = all(checkpoint.signed_by(key) for key in signers)
        if not signers:
            self._found.add(Code.UNKNOWN_KEY, where, _("it is not signed by a known key"))
        elif not good:
            self._found.add(Code.INCONSISTENT, where, _("its signature is wrong"))
        return bool(signers) and good

    def _is_signed(self, receipt: _Receipt, keys: Sequence[VerifierKey]) -> bool:
        try:
            dsse.verify(receipt.envelope, keys)
        except JournalError as error:
            code = Code.UNKNOWN_KEY if error.reason == "receipt_unknown_key" else Code.INCONSISTENT
            self._found.add(code, _("receipt"), error.message)
            return False
        return True

    def _judge_receipt(self, receipt: _Receipt, walk: Walk, origin: str, keys: Sequence[VerifierKey]) -> None:
        where, checkpoint = _("receipt"), receipt.proof.checkpoint
        if not self._is_signed(receipt, keys):
            return
        if self._is_believed(where, checkpoint, origin, keys):
            self._compare(where, checkpoint.size, checkpoint.root, walk)
        raw = walk.leaves.get(receipt.proof.index)
        if raw is None:
            self._found.add(Code.SHORTER, where, _("the entry that it proves is not there"))
            return
        self._check_proof(receipt, raw)
        if receipt.entry not in (None, raw):
            self._found.add(Code.INCONSISTENT, where, _("it quotes another entry than the journal has"))

    def _check_proof(self, receipt: _Receipt, raw: bytes) -> None:
        try:
            receipt.proof.verify(raw)
        except ProofError:
            what = _("its proof does not lead from the entry to its checkpoint")
            self._found.add(Code.INCONSISTENT, _("receipt"), what)

    def _compare(self, where: str, size: int, root: bytes, walk: Walk) -> None:
        if size > walk.size:
            self._found.add(
                Code.SHORTER,
                where,
                _("it speaks of {size} entries, {left} are left").format(size=size, left=walk.size),
            )
        elif walk.roots.get(size) != root:
            self._found.add(Code.INCONSISTENT, where, _("the first {size} entries were others").format(size=size))

    def _read_checkpoint(self, text: str) -> Checkpoint | None:
        try:
            return Checkpoint.parse(text)
        except NoteError:
            self._found.add(Code.INCONSISTENT, _("given checkpoint"), _("it is not a checkpoint"))
            return None

    def _read_receipt(self, text: str | bytes) -> _Receipt | None:
        try:
            envelope = json.loads(text.decode() if isinstance(text, bytes) else text)
            predicate = json.loads(dsse.payload_of(envelope))["predicate"]
            entry = predicate.get("entry")
            return _Receipt(
                envelope, InclusionProof.parse(predicate["inclusion"]), entry.encode() if entry is not None else None
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, JournalError):
            self._found.add(Code.INCONSISTENT, _("receipt"), _("it is not a receipt with a proof"))
            return None
