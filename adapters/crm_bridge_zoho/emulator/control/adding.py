"""Somebody else adds something to a contract. Nothing moves that Zoho's pages do not say would move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_bridge_zoho.emulator import paper
from crm_bridge_zoho.emulator.seed.seed_people import user_id
from crm_bridge_zoho.emulator.seed.seed_records import attach, system_cells
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.store import Record


def note(org: Org, contract: Record, text: str) -> Record:
    """Add a note: it moves Last_Activity_Time, and not Modified_Time."""
    cells = {"Note_Title": text, "Note_Content": text, "Parent_Id": contract.id, "$se_module": contract.module}
    moved = max(org.now(), (contract.cells.get("Last_Activity_Time") or 0) + 1)
    org.tables[contract.module].change(contract, {"Last_Activity_Time": moved})
    return _put(org, "Notes", cells | _system(org))


def file(org: Org, contract: Record, text: str) -> Record:
    """Attach a file: it moves nothing."""
    return attach(org, contract.module, contract.id, f"{text}.txt", text.encode(), _system(org))


def note_file(org: Org, contract: Record, text: str) -> Record:
    """Attach a file to a new note of the contract."""
    return attach(org, "Notes", note(org, contract, text).id, f"{text}.txt", text.encode(), _system(org))


def drive_file(org: Org, contract: Record, text: str) -> Record:
    """Attach a file that lives in a drive: Zoho has its address only."""
    address = f"https://drive.example/{text}"
    return attach(
        org, contract.module, contract.id, f"{text}.gdoc", b"", _system(org), link=address, kind="Google Drive"
    )


def line(org: Org, contract: Record, text: str) -> Record:
    """Add a row to the subform; whether that moves the record's times is not said anywhere, so it does not."""
    return _put(org, "Contract_Lines", {"Product": text, "Quantity": 1, "Parent_Id": contract.id})


KINDS = {
    "note": note,
    "file": file,
    "note_file": note_file,
    "drive_file": drive_file,
    "line": line,
    "invoice": paper.invoice,
    "envelope": paper.envelope,
    "signed_copy": paper.signed_copy,
}


def add(org: Org, contract: Record, arguments: Mapping[str, Any]) -> Record:
    """Add what `what` names; KeyError for something else."""
    return KINDS[str(arguments.get("what", ""))](org, contract, str(arguments.get("text") or "added meanwhile"))


def _put(org: Org, module: str, cells: dict[str, Any]) -> Record:
    record = Record(org.new_id(), module, cells)
    org.tables[module].put(record)
    return record


def _system(org: Org) -> dict[str, Any]:
    return system_cells(user_id(1), org.moment(), org.moment())
