"""Fault plans: which requests to the sandbox go wrong, and in which of the ways that the safety rules name."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

LONGEST_WAIT = 300.0
"""Seconds; no fault holds a connection longer."""

KINDS: Mapping[str, str] = {
    "refuse": "before",  # reset at accept; matches connections, not requests
    "reset_before_reading": "before",  # headers were read, the body was not
    "drop_before": "before",  # request read, reset, nothing done
    "drop_after": "after",  # done, then reset
    "late": "before",  # reset, and done `seconds` later
    "eof": "after",
    "cut": "after",
    "wrong_length": "after",
    "trickle": "after",
    "slow_headers": "after",
    "hang": "before",
    "delay": "after",
    "too_many": "before",
    "server_error": "before",
    "unauthorized": "before",
    "forbidden": "before",
    "answer": "before",
    "malformed": "after",
    "empty": "after",
    "html": "after",
    "content_type": "after",
    "oversize": "after",
    "gzip_bomb": "after",
    "deep_json": "after",
    "redirect": "before",
    "maintenance": "before",
    "duplicate_ids": "after",
    "missing_ids": "after",
    "half_character": "after",
    "control_character": "after",
    "not_a_number": "after",
    "doubled_key": "after",
    "doubled_row": "after",
    "byte_order_mark": "after",
}
"""Every kind, and whether the CRM acts before it goes wrong; `"act": true|false` in the arguments overrides that."""

SOCKET_KINDS = frozenset(
    {"refuse", "reset_before_reading", "cut", "wrong_length", "trickle", "slow_headers", "hang", "delay"}
)
"""Kinds that only a real connection can show; the in-memory mount refuses them."""

_RULE_KEYS = frozenset({"match", "kind", "arguments"})
_MATCH_KEYS = frozenset({"method", "path", "pattern", "body", "nth", "count"})


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests are meant: all of the given conditions; then the `nth` of them (from 1) and `count` in a row.

    `path` is a part of path and query, `pattern` a regular expression searched in them, `body` a part of the body.
    `count` None means every one from the nth on.
    """

    method: str = ""
    path: str = ""
    pattern: str = ""
    body: str = ""
    nth: int = 1
    count: int | None = 1

    def fits(self, method: str, target: str, body: bytes) -> bool:
        """Return whether one request is among those meant, whatever its number."""
        return (
            (not self.method or self.method == method)
            and self.path in target
            and (not self.pattern or re.search(self.pattern, target) is not None)
            and (not self.body or self.body.encode() in body)
        )


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One fault: for which requests, which kind, with which arguments."""

    kind: str
    match: Match = Match()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def acts(self) -> bool:
        """Return whether the CRM carries the request out."""
        return bool(self.arguments.get("act", KINDS[self.kind] == "after"))

    def seconds(self, name: str, default: float) -> float:
        """Return a time argument, kept within the longest wait."""
        return min(LONGEST_WAIT, max(0.0, float(self.arguments.get(name, default))))


class FaultPlan:
    """The rules in force, and how often each was met. Safe for many threads."""

    def __init__(self, rules: Sequence[FaultRule] = ()) -> None:
        """Start with these rules."""
        self._lock = threading.Lock()
        self._rules: list[FaultRule] = []
        self._met: list[int] = []
        self._over = threading.Event()
        self.replace(rules)

    def replace(self, rules: Sequence[FaultRule]) -> None:
        """Forget the old rules and their counts, and let go of what they hold back."""
        with self._lock:
            over, self._over = self._over, threading.Event()
            self._rules = list(rules)
            self._met = [0] * len(self._rules)
        over.set()

    def hold(self, rule: FaultRule, seconds: float) -> bool:
        """Wait so long, or until the rule is in force no more; say whether it was let go before."""
        with self._lock:
            over = self._over if any(rule is one for one in self._rules) else None
        return over is None or over.wait(seconds)

    def next_for(self, method: str, target: str, body: bytes = b"") -> FaultRule | None:
        """Count one request and return the first rule whose turn it is. `refuse` rules are left out."""
        return self._next(lambda rule: rule.kind != "refuse" and rule.match.fits(method, target, body))

    def next_connection(self) -> FaultRule | None:
        """Count one new connection and return the `refuse` rule whose turn it is."""
        return self._next(lambda rule: rule.kind == "refuse")

    def early_for(self, method: str, target: str) -> FaultRule | None:
        """Like `next_for`, for what goes wrong before the body is read."""
        return self._next(lambda rule: rule.kind == "reset_before_reading" and rule.match.fits(method, target, b""))

    def met(self) -> tuple[int, ...]:
        """Return how many requests fitted each rule so far, whether or not it was their turn."""
        with self._lock:
            return tuple(self._met)

    def _next(self, fits: Any) -> FaultRule | None:
        chosen = None
        with self._lock:
            for index, rule in enumerate(self._rules):
                if not fits(rule):
                    continue
                self._met[index] += 1
                past = self._met[index] - rule.match.nth
                if chosen is None and past >= 0 and (rule.match.count is None or past < rule.match.count):
                    chosen = rule
        return chosen


def parse_plan(value: object) -> tuple[FaultRule, ...]:
    """Read a plan: a list of rules, or {"rules": [...]}. Raises UsageError naming the rule and the key."""
    rules = value.get("rules") if isinstance(value, Mapping) else value
    if not isinstance(rules, list):
        raise UsageError(_("a fault plan is a list of rules"), reason="fault_plan")
    return tuple(_rule(number, rule) for number, rule in enumerate(rules, start=1))


def _rule(number: int, value: object) -> FaultRule:
    if not isinstance(value, Mapping) or value.get("kind") not in KINDS:
        raise UsageError(
            _("rule {number} of the fault plan has no known kind").format(number=number),
            reason="fault_plan",
            hint=_("one of {names}").format(names=", ".join(KINDS)),
        )
    match, arguments = value.get("match", {}), value.get("arguments", {})
    if not isinstance(match, Mapping) or not isinstance(arguments, Mapping):
        raise UsageError(_("rule {number}: match and arguments are tables").format(number=number), reason="fault_plan")
    unknown = sorted((set(value) - _RULE_KEYS) | (set(match) - _MATCH_KEYS))
    if unknown:
        raise UsageError(
            _("rule {number}: unknown key {name}").format(number=number, name=", ".join(map(str, unknown))),
            reason="fault_plan",
        )
    return FaultRule(str(value["kind"]), _match(number, match), dict(arguments))


def _match(number: int, value: Mapping[str, Any]) -> Match:
    texts = {name: str(value[name]) for name in ("method", "path", "pattern", "body") if name in value}
    count = value.get("count", 1)
    try:
        re.compile(texts.get("pattern", ""))
        return Match(**texts, nth=int(value.get("nth", 1)), count=None if count is None else int(count))
    except (re.error, TypeError, ValueError) as wrong:
        raise UsageError(_("rule {number}: {why}").format(number=number, why=wrong), reason="fault_plan") from None
