"""Text of a CRM for people: harmless on a terminal, and short enough for its line."""

from __future__ import annotations

import unicodedata

from crm_bridge.redaction import clean

_LONGEST = 400


def plain(text: object, longest: int = _LONGEST) -> str:
    """Make text from a CRM harmless on a terminal: control, direction and invisible characters become escapes.

    Secrets of this process become asterisks.
    """
    cleaned = clean(str(text))
    # Nearly every text is printable, and is asked about as a whole: of a character it takes ten times as long.
    shown = cleaned if cleaned.isprintable() else "".join(map(_harmless, cleaned))
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _harmless(character: str) -> str:
    return f"\\u{ord(character):04x}" if harmful(character) else character


def harmful(character: str) -> bool:
    """Return whether a character does something on a terminal, or hides."""
    # Cc: C0, DEL, C1. Cf: bidi controls, zero-width and other format characters. Zl, Zp: line separators.
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn")


def cut(cell: str, size: int) -> str:
    """Return the beginning of a text, at most so many cells."""
    from rich.cells import cell_len, set_cell_size

    return cell if cell_len(cell) <= size else set_cell_size(cell, size - 1).rstrip() + "…"
