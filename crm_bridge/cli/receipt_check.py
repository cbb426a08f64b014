"""Check a receipt for the command line: signature, inclusion of its entry, and that the entry says the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from crm_bridge.errors import JournalCheckError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _


def check_receipt(envelope: Mapping[str, Any], vkeys: Sequence[str]) -> dict[str, Any]:
    """Return what was checked. Raises JournalCheckError when the receipt does not verify."""
    from crm_bridge.journal import check
    from crm_bridge.pipeline.receipt import payload_of

    found = check.check_receipt(json.dumps(envelope), vkeys=vkeys)
    found.raise_if_bad()
    said = payload_of(envelope)["predicate"]
    whole = _says_the_same(said)
    return {
        "verified": True,
        "journal": found.origin,
        "keys": list(found.keys),
        "run": said["run"],
        "contracts": len(said["contracts"]),
        "whole_run": whole,
    }


def _says_the_same(said: Mapping[str, Any]) -> bool:
    """Compare the outcomes with the digest in the quoted entry; False for a receipt about a part of the run."""
    from crm_bridge.domain.canonical import digest_of

    body = json.loads(said["entry"])["body"]
    rows = [[line["record"], line["outcome"], line.get("evidence")] for line in said["contracts"]]
    if len(rows) != sum(body["counts"].values()):
        return False
    if digest_of(rows) != body["outcomes"]:
        raise JournalCheckError(
            _("the outcomes in the receipt are not those that the journal entry sealed"),
            exit_code=ExitCode.JOURNAL_INCONSISTENT,
        )
    return True
