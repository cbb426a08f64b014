"""Text of an exported file: which encoding its bytes are in, decided by the bytes or named by the user."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

ENCODINGS = ("utf-8", "utf-16", "gb18030", "cp1252", "cp1250", "iso-8859-1", "iso-8859-15", "big5", "shift_jis")
"""Encodings that can be named. Single-byte ones fit any file, so they are never guessed."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_EURO = 0x80
_ASCII_TRAIL_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, without its byte-order mark, and the encoding that it was in."""

    text: str
    encoding: str


def decode(data: bytes, *, name: str, encoding: str | None = None) -> Decoded:
    """Return the text of `data`: UTF-8, UTF-16 with a mark, or GB18030 (with it GBK and code page 936), or as named.

    `name` is the file's name for messages. Raises UsageError where the bytes fit no encoding, or more than one.
    """
    if encoding is not None:
        return _as_named(data, name, encoding)
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return _as_named(data, name, marked)
    if b"\0" in data:
        raise _unknown(name)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030", errors="crm_bridge_euro")
    except UnicodeDecodeError:
        raise _unknown(name) from None
    if _looks_western(text):
        raise UsageError(
            _("{file} is not UTF-8; it could be GBK or a Western encoding").format(file=name),
            hint=_("say which, for example --encoding gb18030 or --encoding cp1252"),
        )
    return Decoded(text, "gb18030")


def _as_named(data: bytes, name: str, encoding: str) -> Decoded:
    plain = encoding.lower().replace("_", "-")
    chinese = plain in ("gbk", "gb2312", "gb18030", "cp936", "936")
    try:
        if chinese:
            text = data.decode("gb18030", errors="crm_bridge_euro")
        else:
            text = data.decode("utf-8-sig" if plain in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise UsageError(
            _("{encoding} is no encoding that is known here").format(encoding=encoding),
            hint=_("one of: {names}").format(names=", ".join(ENCODINGS)),
        ) from None
    except UnicodeError:
        raise UsageError(
            _("{file} is not {encoding} text").format(file=name, encoding=encoding.removesuffix("-sig")),
            hint=_("save it as CSV in UTF-8, or name its encoding with --encoding"),
        ) from None
    return Decoded(text.removeprefix("\ufeff"), "gb18030" if chinese else encoding.removesuffix("-sig"))


def _unknown(name: str) -> UsageError:
    return UsageError(
        _("{file} is neither UTF-8, UTF-16 nor GBK text").format(file=name),
        hint=_("save it as CSV in UTF-8, or name its encoding with --encoding"),
    )


def _looks_western(text: str) -> bool:
    """Return True where bytes that decode as GBK look like single Western letters between ASCII ones.

    In Chinese text the second byte of a character is rarely an ASCII letter; in a Western file it nearly always is.
    """
    pairs = [encoded for letter in text if ord(letter) > 0x7F and len(encoded := _gbk(letter)) == 2]
    ascii_trails = sum(pair[1] < 0x80 for pair in pairs)
    return bool(pairs) and ascii_trails > _ASCII_TRAIL_SHARE * len(pairs)


def _gbk(letter: str) -> bytes:
    return letter.encode("gb18030", errors="replace")


def _euro_of_code_page_936(error: UnicodeError) -> tuple[str, int]:
    # Windows writes the euro sign of code page 936 as one byte, which the tables of GBK and GB18030 lack.
    if isinstance(error, UnicodeDecodeError) and error.object[error.start] == _EURO:
        return "€", error.start + 1
    raise error


codecs.register_error("crm_bridge_euro", _euro_of_code_page_936)
