"""Check a receipt for the command line: signatures, inclusion of its entry, and the lines that the entry seals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def check_receipt(path: Path, vkeys: Sequence[str], lines: Path | None = None) -> dict[str, Any]:
    """Return what was checked. Raises JournalCheckError when the receipt does not verify."""
    from crm_bridge.journal import check
    from crm_bridge.journal.evidence import ReceiptFile
    from crm_bridge.pipeline.receipt import payload_of

    given = ReceiptFile.read(path, lines)
    found = check.check_receipt(given, vkeys=vkeys)
    found.raise_if_bad()
    said = payload_of(json.loads(given.data))["predicate"]
    whole = "contract" not in said
    return {
        "verified": True,
        "journal": found.origin,
        "keys": list(found.keys),
        "run": said["run"],
        "contracts": said["lines"]["count"] if whole else 1,
        "whole_run": whole,
        "lines": not whole or given.lines is not None,
    }
