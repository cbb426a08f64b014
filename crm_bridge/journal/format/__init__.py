"""Bytes of the journal: entries, lines, tree, notes, proofs; pure.

In reading order:

    entry       what a caller wants to write, and what was written
    lines       the lines of an entry
    canonical   RFC 8785 (JCS) bytes of journal values
    outline     the few texts of an entry by which it is looked for, read from its bytes without parsing all of them
    merkle      RFC 6962 Merkle tree hashing
    note        C2SP signed notes (c2sp.org/signed-note): text, signature lines, Ed25519 verifier keys
    checkpoint  C2SP checkpoints (c2sp.org/tlog-checkpoint): the signed size and root of a journal
    proof       inclusion proofs as C2SP tlog-proof text (c2sp.org/tlog-proof)
    dsse        DSSE envelopes (github.com/secure-systems-lab/dsse): a payload, its type, signatures over both
"""
