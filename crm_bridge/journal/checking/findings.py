"""Findings of a journal check, and the exit code of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from crm_bridge.errors import JournalCheckError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import N_, _


class CheckCode(IntEnum):
    """Exit codes of `journal check`."""

    GOOD = ExitCode.OK
    ALTERED = ExitCode.JOURNAL_ALTERED
    SHORTER = ExitCode.JOURNAL_SHORTER
    INCONSISTENT = ExitCode.JOURNAL_INCONSISTENT
    UNSEALED = ExitCode.JOURNAL_UNSEALED
    UNKNOWN_KEY = ExitCode.JOURNAL_UNKNOWN_KEY
    OPEN_INTENTS = ExitCode.JOURNAL_OPEN_INTENTS


# The first of these that was found is the exit code: content before keys, keys before history, history before seals.
PRECEDENCE = (
    CheckCode.ALTERED,
    CheckCode.UNKNOWN_KEY,
    CheckCode.INCONSISTENT,
    CheckCode.SHORTER,
    CheckCode.UNSEALED,
    CheckCode.OPEN_INTENTS,
)

MEANINGS: Mapping[CheckCode, str] = {
    CheckCode.GOOD: N_("the journal verifies"),
    CheckCode.ALTERED: N_("an entry, the chain or a checkpoint was altered"),
    CheckCode.SHORTER: N_("the journal is shorter than it once was"),
    CheckCode.INCONSISTENT: N_("the journal contradicts a pin, a checkpoint or a receipt"),
    CheckCode.UNSEALED: N_("entries are not sealed, or a checkpoint is missing"),
    CheckCode.UNKNOWN_KEY: N_("something is signed by an unknown key, or by a key outside its range"),
    CheckCode.OPEN_INTENTS: N_("the journal is intact, but some intents have no outcome"),
}

_KEPT = 50


@dataclass(frozen=True, slots=True)
class JournalFinding:
    """One thing that is wrong: its code, where, and what, in the reader's language."""

    code: CheckCode
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent without an outcome: whether it was sent is not recorded."""

    seq: int
    op: str
    system: str
    org: str
    record_id: str
    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class JournalFindings:
    """The result of a check: what the journal is, and everything that is wrong with it."""

    origin: str
    """The journal's name."""
    size: int
    """Entries."""
    root: bytes
    """Of the hash tree."""
    keys: tuple[str, ...]
    """Public keys that it was sealed with, the newest last."""
    items: tuple[JournalFinding, ...]
    """What is wrong, the weightiest first; none in a good journal."""
    open_intents: tuple[OpenIntent, ...]
    """What was sent, and has no outcome yet."""
    key_was_given: bool
    """Whether it was compared with a key from outside."""

    @property
    def code(self) -> CheckCode:
        """Return the code of the weightiest finding, GOOD when there is none."""
        found = {item.code for item in self.items}
        return next((code for code in PRECEDENCE if code in found), CheckCode.GOOD)

    @property
    def exit_code(self) -> ExitCode:
        """Return the code as the command line ends with it."""
        return ExitCode(self.code)

    @property
    def summary(self) -> str:
        """Return the code's meaning in the reader's language."""
        return _(MEANINGS[self.code])

    def as_json(self) -> dict[str, Any]:
        """Return the result for `--json`."""
        return {
            "code": int(self.code),
            "summary": self.summary,
            "origin": self.origin,
            "size": self.size,
            "root": self.root.hex(),
            "keys": list(self.keys),
            "key_was_given": self.key_was_given,
            "findings": [{"code": int(i.code), "where": i.where, "what": i.what} for i in self.items],
            "open_intents": [
                {
                    "seq": i.seq,
                    "op": i.op,
                    "system": i.system,
                    "org": i.org,
                    "record_id": i.record_id,
                    "step": i.step,
                    "attempt": i.attempt,
                }
                for i in self.open_intents
            ],
        }

    def raise_if_bad(self) -> None:
        """Raise JournalCheckError for every code but 0.

        >>> bridge.check_journal().raise_if_bad()
        """
        if self.code is not CheckCode.GOOD:
            first = next(item for item in self.items if item.code is self.code)
            raise JournalCheckError(
                f"{self.summary}: {first.where}: {first.what}" if first.where else f"{self.summary}: {first.what}",
                exit_code=self.exit_code,
                hint=_("see the reference page `journal detection` for what this means"),
            )


class FindingCollector:
    """Takes findings while a journal is read; keeps the first fifty, and one of every code."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self.items: list[JournalFinding] = []
        self._codes: set[CheckCode] = set()

    def add(self, code: CheckCode, where: str, what: str) -> None:
        """Take a finding."""
        if len(self.items) < _KEPT or code not in self._codes:
            self.items.append(JournalFinding(code, where, what))
        self._codes.add(code)
