"""One answer of the emulator against the files: agrees, differs, or the files are silent."""

from __future__ import annotations

import fnmatch
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema.exceptions import ValidationError, best_match
from zoho_oas.documents import Documents

EXCEPTIONS = Path(__file__).with_name("exceptions.toml")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked and answered. `route` is the emulator's own template."""

    method: str
    path: str
    route: str
    status: int
    media: str
    body: bytes

    @property
    def code(self) -> str:
        """Return the first error code of the answer, or `SUCCESS`."""
        codes = [code for code in _codes(self.json) if code != "SUCCESS"]
        return codes[0] if codes and self.status >= 202 else "SUCCESS"

    @property
    def json(self) -> Any:
        """Return the body as JSON; None if it is none."""
        return json.loads(self.body) if self.body and "json" in self.media else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`agrees`, `differs` or `silent` of one set of files; `why` says what differs."""

    word: str
    why: str = ""


@dataclass(slots=True)
class Exception_:
    """A known difference: glob patterns of route, status and code, and the reason."""

    route: str
    status: str
    code: str
    reason: str
    used: int = field(default=0)

    def covers(self, exchange: Exchange) -> bool:
        """Say whether it is about this answer."""
        route = f"{exchange.method} {exchange.route}"
        pairs = ((route, self.route), (str(exchange.status), self.status), (exchange.code, self.code))
        return all(any(fnmatch.fnmatchcase(text, part) for part in glob.split("|")) for text, glob in pairs)


def read_exceptions(path: Path = EXCEPTIONS) -> list[Exception_]:
    """Read the table of known differences."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))["exception"]
    return [Exception_(one["route"], one["status"], one.get("code", "*"), one["reason"]) for one in table]


def judge(documents: Documents, exchange: Exchange) -> Verdict:
    """Compare one answer with one set of files."""
    known = False
    problems: list[str] = []
    for operation in documents.matching(exchange.method, exchange.path):
        named, schema = operation.schema(exchange.status)
        if not named:
            continue
        if schema is None or exchange.json is None:
            # A download or an empty answer: the status is all that the files say.
            if schema is None or "json" not in exchange.media:
                return Verdict("agrees")
            continue
        known = True
        errors = list(documents.validator(schema).iter_errors(exchange.json))
        if not errors:
            return Verdict("agrees")
        problems.append(f"{operation.file}: {_told(errors)}")
    return Verdict("differs", "; ".join(problems)) if known else Verdict("silent")


def _told(errors: Sequence[ValidationError]) -> str:
    worst = best_match(errors)
    if worst is None:
        return ""
    where = "/".join(str(step) for step in worst.absolute_path)
    return f"{where}: {worst.message[:160]}"


def _codes(value: Any) -> list[str]:
    if isinstance(value, list):
        return [code for each in value for code in _codes(each)]
    if isinstance(value, dict) and "code" in value and "status" in value:
        return [str(value["code"])]
    if isinstance(value, dict):
        return [code for each in value.values() if isinstance(each, list) for code in _codes(each)]
    return []
