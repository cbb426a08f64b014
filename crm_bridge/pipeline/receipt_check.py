"""Check a receipt: signatures, inclusion of its entry, and the lines that the entry seals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crm_bridge.journal.checking.external_evidence import ReceiptFile


def check_receipt(path: Path, vkeys: Sequence[str], lines: Path | None = None) -> dict[str, Any]:
    """Return what was checked. Raises JournalCheckError when the receipt does not verify."""
    from crm_bridge.journal.checking import check
    from crm_bridge.journal.checking.external_evidence import ReceiptFile
    from crm_bridge.pipeline.receipt import payload_of

    given = ReceiptFile.read(path, lines)
    found = check.check_receipt(given, vkeys=vkeys)
    found.raise_if_bad()
    said = payload_of(json.loads(given.data))["predicate"]
    whole = "contract" not in said
    return {
        "signature": True,
        "inclusion": True,
        "entry": said["entryIndex"],
        "journal": found.origin,
        "keys": list(found.keys),
        "run": said["run"],
        "contracts": said["lines"]["count"] if whole else 1,
        "whole_run": whole,
        "lines": not whole or given.lines is not None,
        "outcomes": _outcomes(said, given),
    }


def _outcomes(said: Mapping[str, Any], given: ReceiptFile) -> list[dict[str, Any]]:
    """Count the outcomes by their evidence, from the lines; without them, from the signed counts."""
    if "contract" in said:
        lines: Iterable[bytes] = [str(said["contract"]["line"]).encode()]
    elif given.lines is not None:
        lines = _each_line(given.lines)
    else:
        return [{"outcome": name, "evidence": None, "count": count} for name, count in said["counts"].items()]
    told = (json.loads(line) for line in lines)
    counted = Counter((line["outcome"], line.get("evidence")) for line in told)
    groups = sorted(counted.items(), key=str)
    return [{"outcome": name, "evidence": grade, "count": count} for (name, grade), count in groups]


def _each_line(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file
