"""What a CRM knows and must not come out again: secrets of the connection, and what is written in its records."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from crm_bridge.spi.emulator import Emulator, WireRequest, WireResponse

TITLE = "Rahmenvertrag Überlandwerk canary-title 七号"
REMARK = "Beendet wegen Zahlungsverzug canary-remark 第九"
PERSON_FIELDS = {
    "zoho": {"title": "Name", "remark": "Description"},
    "fxiaoke": {"title": "title__c", "remark": "remark__c"},
}
TOKEN = re.compile(r'"(?:access_token|corpAccessToken|accessToken)"\s*:\s*"([^"]{8,})"')


class Overheard:
    """An emulator that remembers the tokens which it gave out and every text around one contract."""

    def __init__(self, inner: Emulator) -> None:
        self._inner = inner
        self.tokens: set[str] = set()
        self.texts: set[str] = set()
        self.files: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def handle(self, request: WireRequest) -> WireResponse:
        answer = self._inner.handle(request)
        text = answer.body.decode("utf-8", "replace")
        self.tokens |= set(TOKEN.findall(text))
        kind = dict(answer.headers).get("Content-Type", "")
        if kind.startswith("application/json"):
            self.texts |= set(_notes(json.loads(answer.body or b"null")))
        elif len(answer.body) >= 16:
            self.files.add(text[:60] if text.isprintable() else base64.b64encode(answer.body[:48]).decode())
        return answer


def _notes(value: object) -> Iterator[str]:
    """Yield texts that only a snapshot should ever see: notes and names of files."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            wanted = name in ("Note_Content", "File_Name", "filename", "File_Name__s", "active_record_content")
            if wanted and isinstance(inner, str) and len(inner) >= 8:
                yield inner
            yield from _notes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _notes(inner)


def forms(value: str) -> set[str]:
    """Return a value as it is, URL-encoded in both ways, base64 at every offset, hex, and JSON-escaped."""
    raw = value.encode()
    found = {value, quote(value, safe=""), quote_plus(value), raw.hex(), raw.hex().upper()}
    found |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # The first and last characters of a piece in the middle depend on its neighbours: they are left off.
            text = encode(b"\x00" * shift + raw).decode().rstrip("=")
            found.add(text[(0, 2, 3)[shift] : -1])
    return {one for one in found if len(one) >= 6}


def hits(needles: Mapping[str, str], shown: bytes) -> list[str]:
    """Return the names of the values that can be found in some bytes in any form."""
    return sorted({name for name, value in needles.items() if any(f.encode() in shown for f in forms(value))})


def traces_on_disk(home: Path, needles: Mapping[str, str], *, known: Sequence[str]) -> list[str]:
    """Return where a value lies in clear: in the content or the name of any file but those that are meant to."""
    found = []
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        found += [f"{hit} in the name {name}" for hit in hits(needles, name.encode())]
        if path.is_file() and path.name not in known:
            found += [f"{hit} in {name}" for hit in hits(needles, path.read_bytes())]
    return found
