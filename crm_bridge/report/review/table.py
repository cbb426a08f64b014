"""The contracts of a review as CSV or Excel: a line each, streamed, harmless to open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import BinaryIO

from crm_bridge.i18n import N_, _
from crm_bridge.report.review.values import ReviewRow
from crm_bridge.report.tables import write_rows

COLUMNS: Mapping[str, str] = {
    "run": N_("Run"),
    "connection": N_("Connection"),
    "started": N_("Started"),
    "by": N_("Confirmed by"),
    "id": N_("Id"),
    "number": N_("Number"),
    "outcome": N_("Outcome"),
    "evidence": N_("Evidence"),
    "reason": N_("Why"),
    "code": N_("Code"),
    "amount": N_("Amount"),
    "currency": N_("Currency"),
}


def write_review(form: str, rows: Iterable[ReviewRow], output: BinaryIO) -> int:
    """Write a line for each contract as `csv` or `xlsx`; return their number. Raises UsageError for another format."""
    headers = [_(COLUMNS[one.name]) for one in fields(ReviewRow)]
    return write_rows(form, headers, map(asdict, rows), output)
