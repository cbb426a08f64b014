"""The ways in which a call can go wrong: the HTTP rows of the fault matrix in docs/reference/errors.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the sandbox's kind, its arguments, whether it is slow (and needs short timeouts)."""

    name: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    slow: bool = False

    def slowed(self, factor: float) -> Fault:
        """Return the same fault on a machine that is so many times slower."""
        times = {key: value * factor for key, value in self.arguments.items() if key in ("seconds", "pause")}
        return replace(self, arguments={**self.arguments, **times}) if self.slow else self


def _status(code: int) -> Fault:
    return Fault(f"status_{code}", "server_error", {"status": code})


def _body(name: str, body: Mapping[str, Any], status: int = 200) -> Fault:
    return Fault(name, "answer", {"json": body, "status": status})


FAULTS: tuple[Fault, ...] = (
    Fault("refused", "refuse"),
    Fault("reset_before_reading", "reset_before_reading"),
    Fault("reset_not_done", "drop_before"),
    Fault("reset_done", "drop_after"),
    Fault("end_done", "eof"),
    Fault("silence_not_done", "hang", {"seconds": 3}, slow=True),
    Fault("silence_done", "hang", {"seconds": 3, "act": True}, slow=True),
    Fault("late_done", "delay", {"seconds": 2}, slow=True),
    Fault("trickle", "trickle", {"pause": 1}, slow=True),
    Fault("slow_headers", "slow_headers", {"pause": 1}, slow=True),
    Fault("cut", "cut"),
    Fault("wrong_length", "wrong_length"),
    Fault("too_many_wait", "too_many", {"retry_after": 7}),
    Fault("too_many_absurd", "too_many", {"retry_after": "99999999999999999999"}),
    Fault("too_many_silent", "too_many"),
    _status(500),
    _status(502),
    _status(503),
    _status(504),
    Fault("status_401", "unauthorized"),
    Fault("status_403", "forbidden"),
    _body("unknown_refusal", {"code": "A_NEW_CODE", "status": "error", "errorCode": 987654, "errorMessage": "?"}),
    _body("empty_object", {}),
    Fault("malformed", "malformed"),
    Fault("empty", "empty"),
    Fault("html", "html"),
    Fault("maintenance", "maintenance", {"status": 503}),
    Fault("content_type", "content_type"),
    Fault("oversize", "oversize"),
    Fault("gzip_bomb", "gzip_bomb"),
    Fault("deep_json", "deep_json"),
    *(Fault(f"redirect_{status}", "redirect", {"status": status}) for status in (301, 302, 303, 307, 308)),
    Fault("missing_ids", "missing_ids"),
    Fault("duplicate_ids", "duplicate_ids"),
)
BY_NAME: Mapping[str, Fault] = {fault.name: fault for fault in FAULTS}
