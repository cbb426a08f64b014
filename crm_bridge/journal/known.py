"""The public key of this installation's own journal, known apart from the file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from crm_bridge.credentials.keys import KeyStore
from crm_bridge.journal.checking import sources
from crm_bridge.journal.keys import SIGN, read_key, signer_for
from crm_bridge.journal.storage import database


def own_vkey(folder: Path, keys: KeyStore) -> str:
    """Return the public key of the journal in `folder` as a C2SP vkey; empty where file or key cannot be read.

    Works on a journal that does not verify: the file is asked for its name only.
    """
    path = sources.find_database(folder)
    seed = read_key(keys, SIGN)
    if seed is None or path is None or not path.is_file():
        return ""
    with closing(database.connect(path, read_only=True)) as db:
        try:
            origin = sources.read_database_header(db).origin
        except sources.SourceError:
            return ""
    return str(signer_for(origin, seed).verifier)
