"""Filter text cut into tokens, each with its column; full-width punctuation reads as the plain one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from crm_bridge.errors import FilterSyntaxError
from crm_bridge.i18n import _

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("、"): ","}  # one for one: columns stay
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "「": "」", "『": "』", "＂": "＂", "＇": "＇"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_SYMBOL = re.compile(r"!=|<>|!~|<=|>=|==|[=<>~≤≥≠(),]")
_CHUNK = re.compile(r"[-+]?[0-9][\w.:+-]*")
_WORD = re.compile(r"[^\W\d][\w.]*")
_CODE = {"u": re.compile(r"[0-9A-Fa-f]{4}"), "U": re.compile(r"[0-9A-Fa-f]{8}")}


class Form(Enum):
    """Form of a token."""

    WORD = "word"
    NAME = "name"  # backquoted
    TEXT = "text"  # quoted
    CHUNK = "chunk"  # begins with a digit: number, date, date-time
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class FilterToken:
    """`value` without quotes and escapes; `column` counts characters from 1."""

    form: Form
    value: str
    column: int

    def says(self, *words: str) -> bool:
        """Return whether this is one of the keywords, in any case, or one of the symbols."""
        return self.form in (Form.WORD, Form.SYMBOL) and self.value.lower() in words


def tokens_of(text: str) -> list[FilterToken]:
    """Return the tokens and a last one that marks the end. Raises FilterSyntaxError for what is none."""
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[FilterToken]:
    plain = text.translate(_WIDE)
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] in _QUOTES:
            token, at = _quoted(text, at)
            yield token
        elif found := _SYMBOL.match(plain, at):
            yield FilterToken(Form.SYMBOL, found[0], at + 1)
            at = found.end()
        elif found := _CHUNK.match(plain, at):
            yield FilterToken(Form.CHUNK, found[0], at + 1)
            at = found.end()
        elif found := _WORD.match(plain, at):
            yield FilterToken(Form.WORD, found[0], at + 1)
            at = found.end()
        else:
            raise _unknown(text, at)
    yield FilterToken(Form.END, "", len(text) + 1)


def _quoted(text: str, start: int) -> tuple[FilterToken, int]:
    """Read from an opening quote to its partner; a backslash takes the next character as it is."""
    closing = _QUOTES[text[start]]
    letters: list[str] = []
    at = start + 1
    while at < len(text) and text[at] != closing:
        if text[at] == "\\" and at + 1 < len(text):
            letter, at = _escaped(text, at + 1)
            letters.append(letter)
        else:
            letters.append(text[at])
            at += 1
    if at >= len(text):
        raise FilterSyntaxError(
            _("the quote that opens here is never closed"),
            text=text,
            column=start + 1,
            hint=_("close it with {quote}").format(quote=closing),
        )
    form = Form.NAME if closing == "`" else Form.TEXT
    return FilterToken(form, "".join(letters), start + 1), at + 1


def _escaped(text: str, at: int) -> tuple[str, int]:
    letter = text[at]
    if letter in _CODE:
        found = _CODE[letter].match(text, at + 1)
        if found is None or int(found[0], 16) > 0x10FFFF:
            raise FilterSyntaxError(
                _("this is not a character code"),
                text=text,
                column=at,
                hint=_("write \\u and four, or \\U and eight hexadecimal digits; a plain backslash is \\\\"),
            )
        return chr(int(found[0], 16)), found.end()
    return _ESCAPES.get(letter, letter), at + 1


def _unknown(text: str, at: int) -> FilterSyntaxError:
    if text[at] in "”’」』":
        hint = _("a text opens with {quotes}").format(quotes="\" ' “ ‘ 「 『")
    elif text[at] in "&|!":
        hint = _("write and, or, not")
    elif text[at] == "。":
        hint = _("a filter has no full stop")
    else:
        hint = _("text goes in double quotes, a field name with special characters in backquotes")
    return FilterSyntaxError(
        _("unexpected character {character}").format(character=text[at]), text=text, column=at + 1, hint=hint
    )
