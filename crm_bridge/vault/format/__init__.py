"""The layout of a backup set.

In reading order:

    bag     bagIt folders (RFC 8493): a streaming writer, and a reader that trusts nothing
    header  the sealed table of contents of a set
    frames  the inside of a sealed batch
"""
