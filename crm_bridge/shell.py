"""Commands that are shown and can be pasted, whatever is in a file's name."""

from __future__ import annotations

import os
import shlex


def pasteable(*words: object) -> str:
    """Return words as one command line of sh; bytes that cannot be printed are written as `$'...'` (bash, zsh)."""
    return " ".join(_word(os.fspath(word) if isinstance(word, os.PathLike) else str(word)) for word in words)


def _word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(_escaped(byte) for byte in os.fsencode(word)) + "'"


def _escaped(byte: int) -> str:
    letter = chr(byte)
    return letter if 0x20 <= byte < 0x7F and letter not in "'\\" else f"\\x{byte:02x}"
