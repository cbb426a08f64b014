"""Inclusion proofs as C2SP tlog-proof text (c2sp.org/tlog-proof)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from crm_bridge.journal.format.note import NoteError, decode64, encode64

HEADER = "c2sp.org/tlog-proof@v1"

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The audit path from one entry to a signed checkpoint."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: Checkpoint

    def text(self) -> str:
        """Return the tlog-proof text."""
        hashes = "".join(f"{encode64(node)}\n" for node in self.path)
        return f"{HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint.note}"

    @classmethod
    def parse(cls, text: str) -> InclusionProof:
        """Read tlog-proof text without believing it; raise NoteError when it is not exactly one."""
        head, gap, note = text.partition("\n\n")
        lines = head.split("\n")
        if lines[0] != HEADER or not gap:
            raise NoteError("not a tlog-proof")
        if lines[1:] and lines[1].startswith("extra "):
            decode64(lines.pop(1).removeprefix("extra "))
        index = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
        path = tuple(decode64(line) for line in lines[2:])
        if index is None or any(len(node) != HASH_SIZE for node in path):
            raise NoteError("not a tlog-proof")
        return cls(int(index[1]), path, Checkpoint.parse(note))

    def verify(self, raw: bytes) -> None:
        """Raise ProofError unless the entry with these bytes is at `index` under the checkpoint's root."""
        verify_inclusion(leaf_hash(raw), self.index, self.checkpoint.size, self.path, self.checkpoint.root)
