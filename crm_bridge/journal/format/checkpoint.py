"""C2SP checkpoints (c2sp.org/tlog-checkpoint): the signed size and root of a journal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from crm_bridge.journal.format.merkle import HASH_SIZE
from crm_bridge.journal.format.note import NoteError, SignedNote, Signer, VerifierKey, decode64, encode64, sign_note

ORIGIN_PREFIX = "crm-bridge/"

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and root of a journal, with the signed note that says so."""

    origin: str
    size: int
    root: bytes
    note: str

    @classmethod
    def sign(cls, origin: str, size: int, root: bytes, *signers: Signer) -> Checkpoint:
        """Make and sign a checkpoint; several signers only where one key hands over to the next."""
        return cls(origin, size, root, sign_note(body_text(origin, size, root), *signers))

    @classmethod
    def parse(cls, note: str) -> Checkpoint:
        """Read a checkpoint without believing it; raise NoteError when the text is not exactly one."""
        lines = SignedNote.parse(note).text.split("\n")
        if len(lines) != 4 or not lines[0] or not _DECIMAL.fullmatch(lines[1]):
            raise NoteError("not a checkpoint")
        root = decode64(lines[2])
        if len(root) != HASH_SIZE:
            raise NoteError("not a root hash")
        return cls(lines[0], int(lines[1]), root, note)

    def signed_by(self, key: VerifierKey) -> bool:
        """Return whether `key`, which must bear the origin's name, signed this checkpoint."""
        return key.name == self.origin and SignedNote.parse(self.note).signed_by(key)

    @property
    def digest(self) -> str:
        """Return the hex SHA-256 of the note: what the next entries carry as `seal.after`."""
        return note_digest(self.note)


def body_text(origin: str, size: int, root: bytes) -> str:
    """Return the text that is signed: three lines."""
    return f"{origin}\n{size}\n{encode64(root)}\n"


def note_digest(note: str) -> str:
    """Return the hex SHA-256 of a note's bytes."""
    return sha256(note.encode()).hexdigest()
