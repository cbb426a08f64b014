"""Sealing with age, and the keys for it.

In reading order:

    seal    sealing with age
    stream  Decrypting a large file piece by piece
    keys    keys of the vault
    shred   destroy the key of one set, and be honest about what that cannot reach
"""
