"""A contract with more on it than one page of any list shows, and a tenant that moves on before it comes back.

Knows the stand-ins of both CRMs from inside: a contract is loaded before anybody signs in, as a tenant is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crm_bridge_fxiaoke.emulator.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.seed.seed import new_row
from crm_bridge_fxiaoke.emulator.state.schema import Field as FxiaokeField
from crm_bridge_zoho.emulator.emulator import ZohoEmulator
from crm_bridge_zoho.emulator.seed.seed_records import attach, system_cells
from crm_bridge_zoho.emulator.state.org import BASE, Blob
from crm_bridge_zoho.emulator.state.schema import Field as ZohoField
from crm_bridge_zoho.emulator.state.store import Record

MARK = "crm-bridge-"
DRIVE = "https://drive.example/price-list"
NUMBER = {"zoho": "Contract_Number", "fxiaoke": "name"}
STATUS = {"zoho": "Contract_Status", "fxiaoke": "status__c"}


@dataclass(frozen=True, slots=True)
class Load:
    """How much hangs on the contract: notes or lines, and how many of them have a file."""

    rows: int = 250
    with_files: int = 10


def load(emulator: Any, record_id: str, how: Load) -> None:
    """Hang everything on one contract of a stand-in."""
    if isinstance(emulator, ZohoEmulator):
        _load_zoho(emulator, record_id, how)
    else:
        _load_fxiaoke(emulator, record_id, how)


def _load_zoho(emulator: ZohoEmulator, record_id: str, how: Load) -> None:
    org = emulator.org
    system = system_cells(org.me, org.moment(), org.moment())
    contract = org.tables[org.contract_module].rows[record_id]
    org.tables[org.contract_module].change(contract, {"Owner": next(one for one in org.users if one != org.me)})
    for number in range(how.rows):
        cells = {"Note_Title": f"T{number}", "Note_Content": f"c{number}", "Parent_Id": record_id}
        note = Record(org.new_id(), "Notes", cells | system | {"$se_module": org.contract_module})
        org.tables["Notes"].put(note)
        if number < how.with_files:
            attach(org, "Notes", note.id, f"note-{number}.txt", f"on note {number}".encode(), system)
    attach(org, org.contract_module, record_id, "price-list.gdoc", b"", system, link=DRIVE, kind="Google Drive")
    attach(org, org.contract_module, record_id, "plan.txt", b"a plan", system)
    if "Scan" not in org.modules["Contract_Lines"].fields:
        org.modules["Contract_Lines"].add([ZohoField("Scan", "Scan", "fileupload")], BASE + 695_000)
    key = org.new_key()
    org.blobs[key] = Blob("scan.pdf", b"a scan")
    size = str(len(org.blobs[key].content))
    file = {"id": org.new_id(), "File_Id__s": key, "File_Name__s": "scan.pdf", "Size__s": size}
    scan = [{**file, "Created_Time__s": org.now(), "Owner__s": org.me, "Attachment_Id__s": org.new_id()}]
    row = {"Product": "scanned", "Quantity": 1, "Parent_Id": record_id, "Scan": scan}
    org.tables["Contract_Lines"].put(Record(org.new_id(), "Contract_Lines", row))


def _load_fxiaoke(emulator: FxiaokeEmulator, record_id: str, how: Load) -> None:
    world = emulator.world
    me, leaver = list(world.employees)[:2]
    world.change(world.tables[world.main_object], record_id, {"owner": [leaver]}, me)
    table, reference = next(
        (one, one.schema.master.name)
        for one in world.tables.values()
        if one.schema.master is not None and one.schema.master.target == world.main_object
    )
    if "scan__c" not in table.schema.fields:
        table.schema.fields["scan__c"] = FxiaokeField("scan__c", "扫描件", "file_attachment", origin="custom")
    like = next(iter(table.rows.values()))
    for number in range(how.rows):
        row = {**like, **new_row(world, me, world.now_ms(), name=f"L{number}"), reference: record_id}
        row |= {"quantity": str(number + 1)}
        if number < how.with_files:
            stored = world.add_file(f"line-{number}.txt", f"on line {number}".encode())
            row["scan__c"] = [{"filename": stored.name, "path": stored.path, "size": len(stored.content), "ext": "txt"}]
        world.insert(table, row, me)
    emulator.control("add", {"id": record_id, "what": "file", "text": "plan"})


def move_on(emulator: Any, record: Mapping[str, Any], other: str) -> None:
    """Let the owner of a deleted record leave, retire its status, and give its number to another contract."""
    name = "zoho" if isinstance(emulator, ZohoEmulator) else "fxiaoke"
    emulator.control("rule", {"field": STATUS[name], "retire": record[STATUS[name]]})
    emulator.control("rule", {"field": NUMBER[name], "unique": True})
    emulator.control("edit", {"id": other, "field": NUMBER[name], "value": record[NUMBER[name]]})
    emulator.control("leave", {"id": owner_of(record)})


def owner_of(record: Mapping[str, Any]) -> str:
    """Return the id of the owner in a record as the stand-ins hold it."""
    owner = record.get("Owner") or record.get("owner")
    return str(owner["id"] if isinstance(owner, dict) else owner[0] if isinstance(owner, list) else owner)


def belongings(emulator: Any, record_id: str) -> Counter[str]:
    """Return everything that hangs on a contract, as the stand-in holds it, without the marks of copies."""
    if not isinstance(emulator, ZohoEmulator):
        return Counter(_of_fxiaoke(emulator, record_id))
    return Counter(one for one in _of_zoho(emulator, record_id) if not one.startswith(f"note {MARK}"))


def _of_zoho(emulator: ZohoEmulator, record_id: str) -> Iterator[str]:
    org = emulator.org
    for note in org.tables["Notes"].linked("Parent_Id", record_id):
        yield f"note {note.cells['Note_Title']}"
        for file in org.tables["Attachments"].linked("Parent_Id", note.id):
            yield f"note {note.cells['Note_Title']}, file {_zoho_bytes(org, file.cells)!r}"
    for file in org.tables["Attachments"].linked("Parent_Id", record_id):
        yield f"file {file.cells.get('$link_url') or _zoho_bytes(org, file.cells)!r}"
    for line in org.tables["Contract_Lines"].linked("Parent_Id", record_id):
        yield f"line {line.cells['Product']} {line.cells['Quantity']}"
        for scan in line.cells.get("Scan") or ():
            yield f"line {line.cells['Product']}, file {org.blobs[scan['File_Id__s']].content!r}"


def _zoho_bytes(org: Any, cells: Mapping[str, Any]) -> bytes:
    content: bytes = org.blobs[cells["$file_id"]].content
    return content


def _of_fxiaoke(emulator: FxiaokeEmulator, record_id: str) -> Iterator[str]:
    world = emulator.world
    contract = world.find(record_id)
    assert contract is not None, record_id
    for entry in contract[1].get("attach__c") or ():
        yield f"file {world.files[entry['path']].content!r}"
    for _table, line in world.details_of(world.main_object, record_id):
        yield f"line {line['quantity']}"
        for entry in line.get("scan__c") or ():
            yield f"line {line['quantity']}, file {world.files[entry['path']].content!r}"
