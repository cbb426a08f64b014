"""The modules of the seeded org: standard ones, the contract module, and what hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crm_bridge.sandbox.records import CURRENCIES, STATUSES
from crm_bridge_zoho.emulator.state.org import BASE, Org
from crm_bridge_zoho.emulator.state.schema import Field, Module, RelatedList

REGIONS = ("APAC", "EMEA", "Americas")
EMPTY_MODULES = (
    ("Deals", "Deal", "Deals", "Deal_Name"),
    ("Tasks", "Task", "Tasks", "Subject"),
    ("Cases", "Case", "Cases", "Subject"),
    ("Products", "Product", "Products", "Product_Name"),
    ("Quotes", "Quote", "Quotes", "Subject"),
    ("Invoices", "Invoice", "Invoices", "Subject"),
)


def system_fields(owner_label: str = "Owner") -> list[Field]:
    """Return the fields that every module has."""
    return [
        Field("Owner", owner_label, "ownerlookup", custom=False),
        Field("Created_By", "Created By", "ownerlookup", read_only=True, custom=False),
        Field("Modified_By", "Modified By", "ownerlookup", read_only=True, custom=False),
        Field("Created_Time", "Created Time", "datetime", read_only=True, custom=False),
        Field("Modified_Time", "Modified Time", "datetime", read_only=True, custom=False),
        Field("Last_Activity_Time", "Last Activity Time", "datetime", read_only=True, custom=False),
        Field("Tag", "Tag", "text", read_only=True, custom=False),
        Field("Record_Status__s", "Record Status", "picklist", read_only=True, custom=False, choices=_RECORD_STATES),
        Field("Locked__s", "Locked", "boolean", read_only=True, custom=False),
    ]


_RECORD_STATES = ("Available", "Draft", "Trash")


def contract_fields(*, plain: bool) -> list[Field]:
    """Return the fields of the contract module; the plain one has nothing that needs a call per record."""
    fields = [
        Field("Name", "Contract Name", mandatory=True, custom=False, length=120),
        Field("Contract_Number", "Contract Number", unique=True),
        Field("Account", "Account", "lookup", target="Accounts", list_name="Contracts"),
        Field("Contract_Status", "Contract Status", "picklist", length=120, choices=STATUSES),
        Field("Contract_Value", "Contract Value", "currency", length=16),
        Field("Currency", "Currency", "picklist", length=3, choices=CURRENCIES),
        Field("Start_Date", "Start Date", "date"),
        Field("End_Date", "End Date", "date"),
        *system_fields("Contract Owner"),
        Field("External_Id", "External Id", unique=True, external="org"),
        Field("Contract_Serial", "Contract Serial", "autonumber", read_only=True, prefix="CON-"),
        Field("Auto_Renewal", "Auto Renewal", "boolean"),
        Field("Regions", "Regions", "multiselectpicklist", choices=REGIONS),
        Field("Seats", "Seats", "integer", length=9),
        Field("Legacy_Key", "Legacy Key", "bigint", length=18),
        Field("Discount", "Discount", "percent", length=5),
        Field("Term_Days", "Term (days)", "formula", read_only=True, returns="double"),
        Field("Email", "Email", "email", custom=False, length=100),
    ]
    if plain:
        return fields
    return [
        *fields,
        Field("Description", "Description", "textarea", length=32_000),
        Field("Terms", "Terms", "textarea", length=50_000, rich=True),
        Field("Signed_Copy", "Signed Copy", "fileupload"),
        Field("Contract_Lines", "Contract Lines", "subform", target="Contract_Lines"),
        Field(
            "Contacts", "Contacts", "multiselectlookup", target="Contacts", link_module="Contracts_X_Contacts",
            list_name="Contracts9",
        ),
    ]  # fmt: skip


def build_modules(org: Org, name: str, *, plain: bool, second: bool) -> None:
    """Fill the org with modules; `name` is the API name of the contract module."""
    org.contract_module = name
    for module in (*_standard(), *_custom(name, plain=plain, second=second)):
        number = len(org.modules)
        module.id = str(BASE + 2_001 + number * 2 + (598_000 if module.generated_type != "default" else 0))
        module.add(list(module.fields.values()), BASE + 610_000 + number * 200)
        org.add_module(module)
    for module in org.modules.values():
        module.related = _related(org, module, plain=plain)


def _module(
    api_name: str, singular: str, internal: str, fields: Sequence[Field], *, display: str = "Name",
    kind: str = "default", plural: str = "", parent: str = "", recycles: bool = True,
) -> Module:  # fmt: skip
    module = Module(api_name, singular, plural or f"{singular}s", internal, "", kind, display, parent=parent)
    module.fields = {entry.api_name: entry for entry in fields}
    module.recycles = recycles
    return module


def _standard() -> list[Module]:
    def named(display: str) -> Field:
        return Field(display, display.replace("_", " "), mandatory=True, custom=False)

    lead = [
        named("Last_Name"), Field("First_Name", "First Name", custom=False),
        Field("Full_Name", "Full Name", read_only=True, custom=False), named("Company"),
        Field("Email", "Email", "email", custom=False), *system_fields("Lead Owner"),
    ]  # fmt: skip
    modules = [_module("Leads", "Lead", "Leads", lead, display="Full_Name")]
    modules += [_module(n, s, n, [named(d), *system_fields()], display=d, plural=p) for n, s, p, d in EMPTY_MODULES]
    account = [named("Account_Name"), Field("Phone", "Phone", "phone", custom=False), *system_fields("Account Owner")]
    parent_account = Field(
        "Parent_Account", "Parent Account", "lookup", target="Accounts", custom=False, list_name="Member_Accounts"
    )
    person = [
        named("Last_Name"), Field("First_Name", "First Name", custom=False),
        Field("Full_Name", "Full Name", read_only=True, custom=False), Field("Email", "Email", "email", custom=False),
        Field("Account_Name", "Account Name", "lookup", target="Accounts", custom=False, list_name="Contacts"),
        *system_fields("Contact Owner"),
    ]  # fmt: skip
    modules.append(_module("Accounts", "Account", "Accounts", [*account, parent_account], display="Account_Name"))
    modules.append(_module("Contacts", "Contact", "Contacts", person, display="Full_Name"))
    modules.append(_module("Notes", "Note", "Notes", _note_fields(), display="Note_Title", parent="Parent_Id"))
    files = [
        Field("File_Name", "File Name", custom=False),
        Field("Size", "Size", "bigint", custom=False),
        *system_fields(),
    ]
    modules.append(
        _module(
            "Attachments", "Attachment", "Attachments", files, display="File_Name", parent="Parent_Id", recycles=False
        )
    )
    return modules


def _note_fields() -> list[Field]:
    title = Field("Note_Title", "Note Title", custom=False)
    return [
        title,
        Field("Note_Content", "Note Content", "textarea", length=32_000, mandatory=True, custom=False),
        *system_fields(),
    ]


def _custom(name: str, *, plain: bool, second: bool) -> list[Module]:
    modules = [_module(name, "Contract", "CustomModule3", contract_fields(plain=plain), kind="custom")]
    if not plain:
        modules += _satellites(name)
    if second:
        fields = contract_fields(plain=True)
        modules.append(_module("Service_Contracts", "Service Contract", "CustomModule9", fields, kind="custom"))
    vehicles = [Field("Name", "Vehicle Name", mandatory=True, custom=False), *system_fields("Vehicle Owner")]
    modules.append(_module("Vehicles", "Vehicle", "CustomModule7", vehicles, kind="custom"))
    hidden = _module("Locking_Information__s", "Lock", "Locking_Information__s", system_fields(), kind="field_tracker")
    hidden.api_supported = False
    return [*modules, hidden]


def _satellites(name: str) -> list[Module]:
    def points_back(list_name: str) -> Field:
        return Field("Contract", "Contract", "lookup", target=name, list_name=list_name)

    def named(label: str) -> Field:
        return Field("Name", label, mandatory=True, custom=False)

    milestone = [named("Milestone Name"), points_back("Milestones4"), Field("Due_Date", "Due Date", "date")]
    payment = [
        named("Payment Name"), points_back("Payments"), Field("Amount", "Amount", "currency"),
        Field("Paid_On", "Paid On", "date"),
    ]  # fmt: skip
    order = [
        Field("Subject", "Subject", mandatory=True, custom=False), points_back("Sales_Orders"),
        Field("Account_Name", "Account Name", "lookup", target="Accounts", custom=False, list_name="SalesOrders"),
        Field("Grand_Total", "Grand Total", "currency", custom=False),
    ]  # fmt: skip
    line = [
        Field("Parent_Id", "Parent", "lookup", target=name, custom=False),
        Field("Product", "Product"), Field("Quantity", "Quantity", "integer"), Field("Price", "Price", "currency"),
    ]  # fmt: skip
    link = [
        Field("Contracts", "Contracts", "lookup", target=name),
        Field("Contacts", "Contacts", "lookup", target="Contacts"),
    ]  # fmt: skip
    return [
        _module("Milestones", "Milestone", "CustomModule4", [*milestone, *system_fields()], kind="custom"),
        _module("Payments", "Payment", "CustomModule5", [*payment, *system_fields()], kind="custom"),
        _module("Sales_Orders", "Sales Order", "SalesOrders", [*order, *system_fields()], display="Subject"),
        _module(
            "Contract_Lines", "Contract Lines", "Subform1", line, kind="subform", parent="Parent_Id", display="Product"
        ),
        _module("Contracts_X_Contacts", "Contracts X Contacts", "LinkingModule1", link, kind="linking", display="id"),
    ]


def _related(org: Org, module: Module, *, plain: bool) -> list[RelatedList]:
    files = RelatedList("Attachments", "Attachments", "default", "Attachments", "Parent_Id")
    if module.api_name == "Notes":
        return [replace(files, id=str(BASE + 4_000_000_000 + list(org.modules).index("Notes") * 100))]
    if module.generated_type in {"subform", "linking", "field_tracker"} or module.parent:
        return []
    if plain and module.api_name == org.contract_module:
        return []
    lists = [RelatedList("Notes", "Notes", "default", "Notes", "Parent_Id"), files]
    for source in org.modules.values():
        for entry in source.fields.values():
            if entry.data_type == "lookup" and entry.target == module.api_name and entry.list_name:
                kind = "custom_lookup" if entry.custom else "default"
                lists.append(RelatedList(entry.list_name, source.plural, kind, source.api_name, entry.api_name))
    for entry in module.fields.values():
        if entry.data_type == "multiselectlookup":
            lists.append(
                RelatedList("Contacts3", entry.label, "multiselectlookup", entry.target, "Contracts",
                            connected=entry.link_module)
            )  # fmt: skip
    first = BASE + 4_000_000_000 + list(org.modules).index(module.api_name) * 100
    return [
        RelatedList(r.api_name, r.label, r.kind, r.module, r.link, str(first + n), n + 1, r.connected)
        for n, r in enumerate(lists)
    ]
