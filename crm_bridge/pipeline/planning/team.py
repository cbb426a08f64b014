"""The team file: whose keys approve plans. Each change is in the signed journal, and no other file is believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.domain.planning.approval import Member
from crm_bridge.errors import ConfirmationError, CredentialStoreError, UsageError
from crm_bridge.files import read_ours, read_private, write_private
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal

FILE_NAME = "team.json"
SCHEMA = "crm-bridge.team/1"
TEAM_CHANGED = "team.changed"


def read_team(home: Path, journal: Journal) -> Mapping[str, Member]:
    """Return the members by name; nobody where no team was ever named. Raises ConfirmationError for an edited file."""
    changes = [*journal.entries(op=TEAM_CHANGED)]
    if not changes:
        return {}
    try:
        data = read_ours(home / FILE_NAME)
        value = json.loads(data)
        if sha256(data).hexdigest() != changes[-1].body["team"] or value["mark"] != _mark(journal, value["members"]):
            raise ValueError
        return {one["name"]: Member(**one) for one in value["members"]}
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfirmationError(
            _("the team file {path} is not the one of the last journaled change").format(path=home / FILE_NAME),
            reason="team_altered",
            hint=_("put it back, or name the team again with `crm-bridge team add`; see `crm-bridge journal list`"),
        ) from None


def change_team(home: Path, journal: Journal, members: Mapping[str, Member], *, what: str) -> None:
    """Replace the team; the journal keeps its digest first, and which keys (by fingerprint) there are from now on."""
    rows: list[JsonValue] = [dict(one.as_json()) for _name, one in sorted(members.items())]
    data = canonical_bytes({"schema": SCHEMA, "members": rows, "mark": _mark(journal, rows)}) + b"\n"
    keys: list[JsonValue] = [fingerprint(one.key) for _name, one in sorted(members.items())]
    with failpoints.step("team.journal"):
        journal.append([NewEntry(TEAM_CHANGED, body={"team": sha256(data).hexdigest(), "change": what, "keys": keys})])
    write_private(home / FILE_NAME, data)


def _mark(journal: Journal, members: JsonValue) -> str:
    return journal.keyed_digest("team", canonical_bytes(members).decode())


def fingerprint(key: str) -> str:
    """Return the name of a public key, as `ssh-keygen -l` shows it."""
    digest = sha256(base64.b64decode(ssh_line(key).split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def ssh_line(key: str) -> str:
    """Return a public key as SSH writes it: `ssh-ed25519 AAAA...`."""
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def public_key(line: str) -> str:
    """Return the 64 hex digits of a public key as SSH writes it. Raises UsageError for any other kind of key."""
    try:
        found = load_ssh_public_key(" ".join(line.split()[:2]).encode())
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise UsageError(
            _("a key is named by its public half: ssh-ed25519 AAAA..."),
            reason="not_a_key",
            hint=_("the colleague finds it with `crm-bridge approvals key`, or in ~/.ssh/id_ed25519.pub"),
        )
    return found.public_bytes_raw().hex()


def private_key(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """Return the key of an SSH key file. Raises CredentialStoreError, UsageError."""
    data = read_private(path, error=CredentialStoreError)
    try:
        found = load_ssh_private_key(data, passphrase.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CredentialStoreError(
            _("{path} does not open: no SSH key, or another passphrase").format(path=path), reason="ssh_key_closed"
        ) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise UsageError(_("{path} is no Ed25519 key").format(path=path), reason="not_a_key")
    return found
