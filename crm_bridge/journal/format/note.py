"""C2SP signed notes (c2sp.org/signed-note): text, signature lines, Ed25519 verifier keys."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
DASH = "\u2014 "
MAX_NOTE = 64 * 1024


class NoteError(ValueError):
    """Text that is not a signed note, or a key that is not a verifier key."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public Ed25519 key with its name; `key_id` is 8 hex digits."""

    name: str
    key_id: str
    public: bytes

    @classmethod
    def of(cls, name: str, public: bytes) -> VerifierKey:
        """Name a raw 32-byte public key."""
        return cls(name, sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4].hex(), public)

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Read `name+id+base64`; raise NoteError for a wrong id, algorithm or length."""
        name, _plus, rest = vkey.partition("+")
        key_id, _plus, encoded = rest.partition("+")
        blob = decode64(encoded)
        if not name or any(c.isspace() or not c.isprintable() for c in name) or len(blob) != 33 or blob[:1] != ED25519:
            raise NoteError("not an Ed25519 verifier key")
        key = cls.of(name, blob[1:])
        if key.key_id != key_id:
            raise NoteError("the key id does not belong to the key")
        return key

    def __str__(self) -> str:
        """Return the vkey text `name+id+base64`."""
        return f"{self.name}+{self.key_id}+{encode64(ED25519 + self.public)}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Return whether `signature` is this key's over `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """A private Ed25519 key that never leaves the object: no repr, no pickle."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        """Take the 32-byte seed of RFC 8032."""
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey.of(name, self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        """Name the public half only."""
        return f"Signer({self.verifier.name}+{self.verifier.key_id})"

    def __reduce__(self) -> str:
        """Refuse to be copied out of the process."""
        raise TypeError("a signing key cannot be pickled")

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        return self._private.sign(message)

    def line(self, text: str) -> str:
        """Return the signature line of a note with this text."""
        blob = bytes.fromhex(self.verifier.key_id) + self.sign(text.encode())
        return f"{DASH}{self.verifier.name} {encode64(blob)}\n"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature under a note: who claims to have signed, and the bytes."""

    name: str
    key_id: str
    signature: bytes

    def made_by(self, key: VerifierKey) -> bool:
        """Return whether the line claims to be by `key`; proves nothing yet."""
        return self.name == key.name and self.key_id == key.key_id


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note taken apart. The text means nothing before a signature is verified."""

    text: str
    lines: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, note: str) -> SignedNote:
        """Take a note apart; raise NoteError when it is not one, byte for byte."""
        if len(note) > MAX_NOTE or any(c < " " and c != "\n" for c in note):
            raise NoteError("too long, or control characters")
        text, gap, tail = note.rpartition("\n\n")
        if not gap or not tail.endswith("\n"):
            raise NoteError("no signatures")
        return cls(text + "\n", tuple(_line(line) for line in tail[:-1].split("\n")))

    def signed_by(self, key: VerifierKey) -> bool:
        """Return whether `key` signed: one line by it at least, and every such line is good."""
        mine = [line for line in self.lines if line.made_by(key)]
        message = self.text.encode()
        return bool(mine) and all(key.verifies(message, line.signature) for line in mine)


def sign_note(text: str, *signers: Signer) -> str:
    """Return the note: the text, which ends in a newline, and one line for each signer."""
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def encode64(data: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(data).decode()


def decode64(text: str) -> bytes:
    """Read standard base64 in its one canonical spelling; raise NoteError otherwise."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("not base64") from None
    # The last character can carry bits that decoding drops: without this two spellings would pass for one.
    if encode64(data) != text:
        raise NoteError("not canonical base64")
    return data


def _line(line: str) -> SignatureLine:
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not name or not space or "+" in name:
        raise NoteError("not a signature line")
    blob = decode64(encoded)
    if len(blob) < 5:
        raise NoteError("a signature is cut")
    return SignatureLine(name, blob[:4].hex(), blob[4:])
