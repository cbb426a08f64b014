"""multipart/form-data (RFC 7578), read strictly enough for uploads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Part:
    """One field; `filename` is empty for plain fields."""

    name: str
    filename: str
    content: bytes


def read_form(content_type: str, body: bytes) -> list[Part]:
    """Return the parts in order; a body that does not fit its boundary has none."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if not match:
        return []
    mark = b"--" + match.group(1).encode("latin-1", "replace")
    parts = []
    for chunk in (b"\r\n" + body).split(b"\r\n" + mark)[1:]:
        if chunk.startswith(b"--"):
            break
        head, gap, content = chunk.partition(b"\r\n\r\n")
        disposition = re.search(rb"(?im)^content-disposition:(.*)$", head)
        if gap and disposition:
            parts.append(_part(disposition.group(1).decode("utf-8", "replace"), content))
    return parts


def _part(disposition: str, content: bytes) -> Part:
    name = re.search(r'[;\s]name="((?:[^"\\]|\\.)*)"', disposition) or re.search(r"[;\s]name=([^;\s]+)", disposition)
    extended = re.search(r"filename\*=[Uu][Tt][Ff]-8''([^;\s]+)", disposition)
    plain = re.search(r'filename="((?:[^"\\]|\\.)*)"', disposition) or re.search(r"filename=([^;\s]+)", disposition)
    filename = unquote(extended.group(1)) if extended else (plain.group(1).replace('\\"', '"') if plain else "")
    return Part(name.group(1) if name else "", filename, content)
