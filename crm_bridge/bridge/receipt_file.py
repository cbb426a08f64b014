"""A receipt in a file, as it was handed over: its statement and the lines beside it, none of it believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _


def envelope_of(path: Path) -> dict[str, Any]:
    """Return the envelope in a receipt file. Raises UsageError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError(_("{path} is not a receipt").format(path=path)) from None
    if not isinstance(value, dict):
        raise UsageError(_("{path} is not a receipt").format(path=path))
    return value


def run_of(path: Path) -> str:
    """Return the run that a receipt file is about. Raises UsageError."""
    from crm_bridge.pipeline.receipt import payload_of

    try:
        return str(payload_of(envelope_of(path))["predicate"]["run"])
    except (ValueError, KeyError, TypeError):
        raise UsageError(_("{path} is not a receipt").format(path=path)) from None


def read_receipt(path: Path, record_id: str | None = None) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """Return the statement of a receipt file and the lines of its contracts, or of one. Raises UsageError."""
    from crm_bridge.journal.checking.external_evidence import ReceiptFile
    from crm_bridge.pipeline.receipt import json_line, payload_of

    envelope = envelope_of(path)
    statement, beside = payload_of(envelope), ReceiptFile.read(path).lines
    raw_lines: Iterator[bytes] = iter(())
    if "contract" in statement.get("predicate", {}):
        raw_lines = iter([json_line(envelope)])
    elif beside is not None:
        raw_lines = _raw_lines(beside)
    lines = (json.loads(line) for line in raw_lines)
    return statement, (line for line in lines if record_id in (None, line.get("record")))


def _raw_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file
