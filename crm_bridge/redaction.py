"""Redaction of text that a CRM wrote: nothing that we hold as a secret, in no usual encoding."""

from __future__ import annotations

import base64
import json
import re
import threading
import unicodedata
from collections import OrderedDict
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 8
MOST = 500
LONGEST_QUOTE = 200
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn")
_CODE = re.compile(r"-?\d{1,9}|[A-Z][A-Z_]{1,62}\d{0,3}|[a-z]{2,30}(_[a-z]{2,30}){1,5}|[A-Z][a-z]+ Denied")
_ID = re.compile(r"[A-Za-z0-9._:/-]{1,100}")

_lock = threading.Lock()
_known: OrderedDict[str, tuple[str, ...]] = OrderedDict()


def remember(secret: str) -> None:
    """Take note of a secret of this process; texts shorter than eight characters would hide ordinary words."""
    if len(secret) < SHORTEST or secret in _known:
        return
    shapes = tuple(sorted(_shapes(secret), key=len, reverse=True))
    with _lock:
        _known[secret] = shapes
        while len(_known) > MOST:
            _known.popitem(last=False)


def clean(text: str) -> str:
    """Return the text without any secret that is known, plain or URL-encoded, base64, hex or JSON-escaped."""
    if len(text) < SHORTEST:
        return text
    with _lock:
        known = list(_known.values())
    for shapes in known:
        for shape in shapes:
            if shape in text:
                text = text.replace(shape, HIDDEN)
    return text


def quoted(text: object, most: int = LONGEST_QUOTE) -> str:
    """Return a CRM's text fit to be quoted: one line, no secret, no control or invisible character, not too long."""
    if not isinstance(text, str):
        return ""
    # Nothing that is shown needs more; a body of megabytes is not looked through character by character.
    line = " ".join(text[: most * 10].split())
    shown = clean("".join(letter for letter in line if unicodedata.category(letter) not in _INVISIBLE))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def shown_code(text: str) -> str:
    """Return a vendor's code if it looks like one (WORDS_LIKE_THIS, words_like_this, a small number), else nothing.

    Codes go into the journal: an answer that puts a name or a token there must not bring it in.
    """
    return clean(text) if _CODE.fullmatch(text) else ""


def shown_id(text: str) -> str:
    """Return a request id if it looks like one, without any secret; else nothing."""
    return clean(text) if _ID.fullmatch(text) else ""


def _shapes(secret: str) -> set[str]:
    raw = secret.encode("utf-8")
    found = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), raw.hex(), raw.hex().upper()}
    found |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # Inside a longer text the first and last characters depend on the neighbours: they are left off.
            found.add(encode(b"\x00" * shift + raw).decode("ascii").rstrip("=")[(0, 2, 3)[shift] : -1])
    return {one for one in found if len(one) >= SHORTEST}
