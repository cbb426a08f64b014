"""Bytes of the journal: entries, lines, tree, notes, proofs; pure."""
