"""The records of the seeded org, made from the shared sandbox data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_bridge.sandbox.records import PEOPLE, SeedContract, contracts, customers
from crm_bridge_zoho.emulator.seed.seed_modules import REGIONS
from crm_bridge_zoho.emulator.seed.seed_people import user_id
from crm_bridge_zoho.emulator.state.org import BASE, Blob, Org
from crm_bridge_zoho.emulator.state.store import Record

CUSTOMERS = 120
TEMPLATES = 5_000
"""Contracts beyond this index repeat the business facts of earlier ones under numbers and ids of their own."""
FAMILIES = 20_000
"""Contracts beyond this index have no lines, notes, files, orders or payments, to keep large orgs small."""

_CLAUSE = "<p>The parties agree on the deliverables, the price list and the notice period. 双方同意上述条款。</p>"


def account_id(index: int) -> str:
    """Return the id of the customer at that place of the seed."""
    return str(BASE + 1_000_001 + index)


def contract_id(index: int) -> str:
    """Return the id of the contract at that place of the seed."""
    return str(BASE + 3_700_001 + index * 20)


def seeds(count: int, seed: int) -> Iterator[SeedContract]:
    """Yield `count` contracts of the seed."""
    templates = contracts(min(count, TEMPLATES), seed, CUSTOMERS)
    for index in range(count):
        base = templates[index % len(templates)]
        yield (
            base
            if index < len(templates)
            else replace(base, index=index, number=f"HT-{base.start.year}-{index + 1:04d}")
        )


def system_cells(owner: str, created: datetime, modified: datetime, author: str = "") -> dict[str, Any]:
    """Return owner, author and times of a record."""
    at, changed = int(created.timestamp()), int(modified.timestamp())
    who = author or owner
    return {"Owner": owner, "Created_By": who, "Modified_By": who, "Created_Time": at, "Modified_Time": changed}


def build_records(org: Org, *, count: int, seed: int, plain: bool) -> None:
    """Fill the tables: customers, their people, contracts and what belongs to them."""
    start = datetime.fromisoformat("2021-11-01T08:00:00+00:00")
    for index, name in enumerate(customers(CUSTOMERS, seed)):
        add_account(org, account_id(index), name, start)
        cells = {
            "Last_Name": PEOPLE[index % len(PEOPLE)], "Full_Name": PEOPLE[index % len(PEOPLE)],
            "Email": f"person{index}@customer.example", "Account_Name": account_id(index),
            **system_cells(user_id(0), start, start),
        }  # fmt: skip
        _put(org, "Contacts", str(BASE + 1_100_001 + index), cells)
    for entry in seeds(count, seed):
        cells = contract_cells(entry)
        if not plain:
            cells |= _rich_cells(org, entry)
        _put(org, org.contract_module, contract_id(entry.index), cells)
        if not plain and entry.index < FAMILIES:
            _family(org, entry)
    org.serials[org.contract_module] = count


def add_account(org: Org, record_id: str, name: str, created: datetime) -> None:
    """Add one customer."""
    cells = {"Account_Name": name, "Phone": "+49 30 5550100", **system_cells(user_id(0), created, created)}
    _put(org, "Accounts", record_id, cells)


def contract_cells(entry: SeedContract) -> dict[str, Any]:
    """Return the cells that every contract has."""
    index = entry.index
    cells: dict[str, Any] = {
        "Name": entry.title,
        "Contract_Number": entry.number,
        "Account": account_id(entry.customer),
        "Contract_Status": entry.status,
        "Contract_Value": entry.amount,
        "Currency": entry.currency,
        "Start_Date": entry.start.isoformat(),
        "End_Date": entry.end.isoformat(),
        "Contract_Serial": f"CON-{index + 1:05d}",
        "Seats": index % 40 + 1,
        **system_cells(user_id(entry.owner), entry.created, entry.modified),
    }
    if index % 3 == 0:
        cells |= {"External_Id": f"x-{index}", "Auto_Renewal": True, "Discount": Decimal(index % 15)}
    if index % 5 == 0:
        cells |= {
            "Regions": [REGIONS[index % 3], REGIONS[(index + 1) % 3]],
            "Legacy_Key": 9_007_199_254_740_993 + index,
        }
    if index % 9 == 0:
        cells["Tag"] = [{"name": "old", "id": str(BASE + 700_001), "color_code": None}]
    return cells


def _rich_cells(org: Org, entry: SeedContract) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    if entry.index % 4 == 0:
        cells["Description"] = "框架合同\nSee the price list."
    if entry.index % 2 == 0:
        cells["Terms"] = _CLAUSE * (9 if entry.index % 10 == 0 else 2)
    if entry.index % 30 == 0:
        content = f"signed copy of {entry.number}\n".encode()
        key = org.new_key()
        org.blobs[key] = Blob("signed.pdf", content)
        cells["Signed_Copy"] = [
            {
                "id": org.new_id(), "File_Id__s": key, "File_Name__s": "signed.pdf", "Size__s": str(len(content)),
                "Created_Time__s": int(entry.created.timestamp()), "Owner__s": user_id(entry.owner),
                "Attachment_Id__s": org.new_id(),
            }
        ]  # fmt: skip
    return cells


def _family(org: Org, entry: SeedContract) -> None:
    parent, owner = contract_id(entry.index), user_id(entry.owner)
    system = system_cells(owner, entry.created, entry.modified)
    for line in entry.lines:
        row = {"Product": line.product, "Quantity": line.quantity, "Price": line.price, "Parent_Id": parent}
        _put(org, "Contract_Lines", org.new_id(), row)
    for title, text in entry.notes:
        note = {"Note_Title": title, "Note_Content": text, "Parent_Id": parent, "$se_module": org.contract_module}
        _put(org, "Notes", org.new_id(), note | system)
    for file in entry.files:
        attach(org, org.contract_module, parent, file.name, file.content, system)
    for amount in entry.orders:
        order = {"Subject": f"Order for {entry.number}", "Contract": parent, "Grand_Total": _cents(amount)}
        _put(org, "Sales_Orders", org.new_id(), order | {"Account_Name": account_id(entry.customer)} | system)
    for part, amount in enumerate(entry.payments, 1):
        payment = {"Name": f"{entry.number} / {part}", "Contract": parent, "Amount": _cents(amount)}
        _put(org, "Payments", org.new_id(), payment | {"Paid_On": entry.start.isoformat()} | system)
    if entry.index % 10 == 0:
        milestone = {"Name": f"Kick-off {entry.number}", "Contract": parent, "Due_Date": entry.start.isoformat()}
        _put(org, "Milestones", org.new_id(), milestone | system)
    if entry.index % 7 == 0:
        link = {"Contracts": parent, "Contacts": str(BASE + 1_100_001 + entry.customer)}
        _put(org, "Contracts_X_Contacts", org.new_id(), link)


def attach(
    org: Org,
    module: str,
    parent: str,
    name: str,
    content: bytes,
    system: dict[str, Any],
    *,
    link: str = "",
    kind: str = "Link URL",
) -> Record:
    """Store an attachment; with a link there is no content, and `kind` is where it leads: an address, or a drive."""
    cells = {
        "File_Name": name,
        "Parent_Id": parent,
        "$se_module": module,
        "$type": kind if link else "Attachment",
    }
    if link:
        cells["$link_url"] = link
    else:
        key = org.new_key()
        org.blobs[key] = Blob(name, content)
        cells |= {"$file_id": key, "Size": str(len(content))}
    return _put(org, "Attachments", org.new_id(), cells | system)


def _put(org: Org, module: str, record_id: str, cells: dict[str, Any]) -> Record:
    record = Record(record_id, module, cells)
    org.tables[module].put(record)
    return record


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))
