"""A stand-in's sign-in that comes to open another organisation: its twin with the same records, under another id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crm_bridge.spi.emulator import Emulator, WireRequest


class Elsewhere:
    """Counts requests until the sign-in moves, and hands them to the twin from then on.

    `move_token` {calls, renewal}: after so many more requests the live tokens end and new ones open the twin; with
    `renewal` the live ones go on, and the next token that is asked for opens it. `elsewhere` {} tells what came there.
    """

    def __init__(self, twin: Callable[[], Emulator], end_tokens: Callable[[], object], token_paths: set[str]) -> None:
        """`twin` makes the other organisation, which takes the same credentials; nothing moves before a command."""
        self._make = twin
        self._end_tokens = end_tokens
        self._token_paths = token_paths
        self._twin: Emulator | None = None
        self._calls: int | None = None
        self._at_renewal = False

    def control(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Carry out a command; None for all others."""
        if command == "move_token":
            self._at_renewal = bool(arguments.get("renewal"))
            self._calls = None if self._at_renewal else int(arguments.get("calls") or 0)
            return {"calls": self._calls, "renewal": self._at_renewal}
        if command == "elsewhere":
            lines = self._twin.ledger() if self._twin else ()
            effects = [effect for line in lines for effect in line.effects]
            return {"requests": len(lines), "changes": [f"{effect.kind} {effect.id}" for effect in effects]}
        return None

    def takes(self, request: WireRequest) -> Emulator | None:
        """Return the twin where it has to answer this request."""
        if self._twin is None and self._moves(request):
            self._end_tokens()
            self._twin = self._make()
        return self._twin

    def _moves(self, request: WireRequest) -> bool:
        if self._at_renewal:
            return request.path in self._token_paths
        if self._calls is None:
            return False
        self._calls -= 1
        return self._calls < 0
