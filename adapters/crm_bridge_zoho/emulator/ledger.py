"""The emulator's ledger: every request with its outcome and effects, secrets masked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from crm_bridge.spi.emulator import Effect, LedgerEntry, WireRequest, WireResponse

_SECRET = re.compile(r"(?i)(^|&)(code|client_secret|refresh_token|access_token|token)=[^&]*")
_LONGEST = 500_000


class Ledger:
    """Entries in the order in which requests were answered."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[LedgerEntry] = []

    def write(self, at: str, request: WireRequest, response: WireResponse, effects: Sequence[Effect]) -> None:
        """Add one entry."""
        self.entries.append(
            LedgerEntry(
                seq=len(self.entries) + 1,
                at=at,
                method=request.method,
                path=request.path,
                query=_SECRET.sub(r"\1\2=***", request.query),
                status=response.status,
                code=_code(request, response),
                effects=tuple(effects),
            )
        )


def _code(request: WireRequest, response: WireResponse) -> str:
    reads = request.method == "GET" or request.path.endswith("/coql")
    if not response.body or (reads and response.status == 200) or len(response.body) > _LONGEST:
        return ""
    try:
        body = json.loads(response.body)
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    if "code" in body or "error" in body:
        return str(body.get("code") or body["error"])
    results = next((value for value in body.values() if isinstance(value, list)), [])
    codes = [str(item["code"]) for item in results if isinstance(item, dict) and "code" in item]
    return next((code for code in codes if code != "SUCCESS"), codes[0] if codes else "")
