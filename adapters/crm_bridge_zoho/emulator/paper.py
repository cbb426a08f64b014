"""Paper of a contract that somebody else makes: an invoice, an envelope of an e-signature, a signed copy.

Modules and lookups appear with their first record, as an administrator or an extension adds them.
"""

from __future__ import annotations

from typing import Any

from crm_bridge_zoho.emulator.seed.seed_modules import system_fields
from crm_bridge_zoho.emulator.seed.seed_people import user_id
from crm_bridge_zoho.emulator.seed.seed_records import system_cells
from crm_bridge_zoho.emulator.state.org import BASE, Blob, Org
from crm_bridge_zoho.emulator.state.schema import Field, Module, RelatedList
from crm_bridge_zoho.emulator.state.store import Record

_LINK = "Contract"


def invoice(org: Org, contract: Record, text: str) -> Record:
    """Add an invoice that refers to the contract."""
    return _pointing(org, contract, "Invoices", "Invoices", {"Subject": text})


def envelope(org: Org, contract: Record, text: str) -> Record:
    """Add a document that was sent out for signing, as the extension for Zoho Sign keeps them."""
    return _pointing(org, contract, "ZohoSign_Documents", "ZohoSign Documents", {"Name": text})


def signed_copy(org: Org, contract: Record, text: str) -> Record:
    """Put a file into the contract's field for signed copies."""
    key = org.new_key()
    org.blobs[key] = Blob(f"{text}.pdf", text.encode())
    entry = {
        "id": org.new_id(), "File_Id__s": key, "File_Name__s": org.blobs[key].name,
        "Size__s": str(len(org.blobs[key].content)), "Created_Time__s": org.now(), "Owner__s": org.me,
        "Attachment_Id__s": org.new_id(),
    }  # fmt: skip
    org.tables[contract.module].change(contract, {"Signed_Copy": [entry]})
    return contract


def _pointing(org: Org, contract: Record, name: str, label: str, cells: dict[str, Any]) -> Record:
    module = org.modules.get(name) or _module(org, name, label)
    if _LINK not in module.fields:
        number = list(org.modules).index(name)
        module.add(
            [Field(_LINK, "Contract", "lookup", target=contract.module, list_name=name)], BASE + 695_000 + number
        )
        org.tables[name].index(_LINK)
        related = org.modules[contract.module].related
        list_id = str(BASE + 4_100_000_000 + number)
        related.append(RelatedList(name, label, "custom_lookup", name, _LINK, list_id, len(related) + 1))
    system = system_cells(user_id(1), org.moment(), org.moment())
    record = Record(org.new_id(), name, {**cells, _LINK: contract.id, **system})
    org.tables[name].put(record)
    return record


def _module(org: Org, name: str, label: str) -> Module:
    number = len(org.modules)
    module = Module(name, label, label, f"CustomModule{70 + number}", str(BASE + 696_000 + number), "custom", "Name")
    module.add([Field("Name", "Name", mandatory=True), *system_fields()], BASE + 697_000 + number * 100)
    org.add_module(module)
    return module
