"""One answer of the emulator against the files: agrees, differs, or the files are silent."""

from __future__ import annotations

import fnmatch
import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema.exceptions import ValidationError

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
    """`agrees`, `differs` or `silent` of one set of files; the differences, for every operation that may be meant."""

    word: str
    differences: tuple[tuple[str, ...], ...] = ()

    def only(self, texts: Sequence[str]) -> bool:
        """Return whether some operation differs in nothing but what these texts name; without texts, anything goes."""
        return not texts or any(all(any(t in one for t in texts) for one in each) for each in self.differences)


@dataclass(slots=True)
class KnownDifference:
    """A known difference: glob patterns of route, status and code, what may differ (all, if empty), and the reason."""

    route: str
    status: str
    code: str
    reason: str
    only: tuple[str, ...] = ()
    used: int = field(default=0)

    def covers(self, exchange: Exchange, verdicts: Iterable[Verdict]) -> bool:
        """Return whether it is about this answer and explains all that differs from one of the sets."""
        route = f"{exchange.method} {exchange.route}"
        pairs = ((route, self.route), (str(exchange.status), self.status), (exchange.code, self.code))
        fits = all(any(fnmatch.fnmatchcase(text, part) for part in glob.split("|")) for text, glob in pairs)
        return fits and any(verdict.only(self.only) for verdict in verdicts)


def read_exceptions(path: Path = EXCEPTIONS) -> list[KnownDifference]:
    """Read the table of known differences."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))["exception"]
    return [
        KnownDifference(one["route"], one["status"], one.get("code", "*"), one["reason"], tuple(one.get("only", ())))
        for one in table
    ]


def judge(documents: Documents, exchange: Exchange) -> Verdict:
    """Compare one answer with one set of files."""
    known = False
    problems: list[tuple[str, ...]] = []
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
        problems.append(tuple(sorted({f"{operation.file} {text}" for error in errors for text in _told(error)})))
    return Verdict("differs", tuple(problems)) if known else Verdict("silent")


def _told(error: ValidationError) -> Iterator[str]:
    """Yield what is wrong; where there are alternatives, with the one that fits best."""
    if not error.context:
        where = "/".join("#" if isinstance(step, int) else str(step) for step in error.absolute_path)
        yield f"{where}: {error.message[-200:]}"
        return
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for inner in min(branches.values(), key=_distance):
        yield from _told(inner)


def _distance(errors: Sequence[ValidationError]) -> tuple[int, int]:
    return sum(error.validator in {"type", "enum"} for error in errors), len(errors)


def _codes(value: Any) -> list[str]:
    if isinstance(value, list):
        return [code for each in value for code in _codes(each)]
    if isinstance(value, dict) and "code" in value and "status" in value:
        return [str(value["code"])]
    if isinstance(value, dict):
        return [code for each in value.values() if isinstance(each, list) for code in _codes(each)]
    return []
