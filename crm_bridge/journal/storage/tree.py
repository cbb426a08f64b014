"""Subtree hashes read from the journal file, for proofs that do not read the whole journal."""

from __future__ import annotations

import sqlite3

from crm_bridge.journal.format.merkle import TILE_HEIGHT, leaf_hash, node_hash, root_of

_TILE = 1 << TILE_HEIGHT


class StoredTree:
    """The Merkle tree over the stored entries; at most 256 leaves and 256 nodes of a level are hashed for an answer."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Read through this connection."""
        self._db = db

    def range_hash(self, start: int, end: int) -> bytes:
        """Return the Merkle tree hash over the entries start..end-1; start is aligned as RFC 6962 splits."""
        count = end - start
        if count < _TILE:
            return self._hash_leaves(start, end)
        if (stored := self._node(start, count)) is not None:
            return stored
        middle = start + (1 << (count - 1).bit_length() - 1)
        return node_hash(self.range_hash(start, middle), self.range_hash(middle, end))

    def _node(self, start: int, count: int) -> bytes | None:
        level = count.bit_length() - 1
        if count != 1 << level or level % TILE_HEIGHT:
            return None
        row = self._db.execute(
            "SELECT hash FROM node WHERE level = ? AND place = ?", (level, start >> level)
        ).fetchone()
        return row[0] if row else None

    def _hash_leaves(self, start: int, end: int) -> bytes:
        rows = self._db.execute("SELECT raw FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq", (start, end))
        leaves = [leaf_hash(raw) for (raw,) in rows]
        if len(leaves) != end - start:
            raise ValueError("entries are missing")
        return root_of(leaves)
