"""Random records of every field type for round trips: details, notes, files with hostile names, links between them.

Knows the stand-ins of both CRMs from inside: they are filled before anybody signs in, as a tenant is found.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm_bridge_fxiaoke.emulator.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.state.schema import Field as FxiaokeField
from crm_bridge_zoho.emulator.emulator import ZohoEmulator
from crm_bridge_zoho.emulator.seed.seed_records import attach, system_cells
from crm_bridge_zoho.emulator.state.org import BASE, Blob
from crm_bridge_zoho.emulator.state.schema import Field as ZohoField
from crm_bridge_zoho.emulator.state.store import Record

CANARY = "CANARY-机密-9c41"
HOSTILE = (
    "../../../../etc/passwd",
    "..\\..\\windows\\system32\\drivers.pdf",
    "/absolute/name.pdf",
    "C:\\boot.ini",
    "CON",
    "nul.txt",
    ".hidden",
    "trailing dots...",
    "合同 扫描件（最终版）.pdf",
    "emoji 📄 name.pdf",
    "right\u202eto left fdp.exe",
    "quote\"and'apostrophe.pdf",
    "semi;colon&ampersand|pipe.pdf",
    "$(touch owned).pdf",
    "`id`.pdf",
    "percent%2e%2e%2fencoded.pdf",
    "=cmd|' /C calc'!A0.csv",
    "a" * 180 + ".pdf",
    "tab\there.pdf",
    "zero\u200bwidth.pdf",
    "é decomposed e\u0301.pdf",
    "<script>alert(1)</script>.html",
    "-rf.pdf",
    "~root.pdf",
    "spaces   inside  .pdf",
)
"""Names that are data and must come back as they were, and must never become a path."""
TEXTS = (
    "框架合同，双方同意。",
    "line one\nline two\r\nline three",
    "=SUM(A1:A9)",
    "<b>bold</b> & more",
    "emoji 📄🖋 and ＦＵＬＬ width",
    "right\u202eto left",
    "quotes \" ' ` and \\ backslash",
    "tab\tseparated",
    "very " * 60 + "long",
    "ＮＵＬ-like \\u0000 as text",
    CANARY,
)


@dataclass(frozen=True, slots=True)
class Dressing:
    """How the records are dressed: sizes are bytes; every `big_every`-th record has a file of `big` bytes."""

    seed: int = 1
    big: int = 0
    big_every: int = 0


def _text(dice: random.Random, most: int = 2_000) -> str:
    return (f"{CANARY} " + " ".join(dice.choice(TEXTS) for _n in range(dice.randrange(1, 4))))[:most].strip()


def _content(dice: random.Random, size: int) -> bytes:
    return CANARY.encode() * 2 + dice.randbytes(size)


def dress_fxiaoke(emulator: FxiaokeEmulator, how: Dressing) -> list[str]:
    """Give every contract random values of every field type, rows and files; return the field types."""
    dice, world = random.Random(how.seed), emulator.world
    name = world.main_object
    kinds = {
        "text": "text", "long_text": "long_text", "html": "html_rich_text", "one": "select_one", "many": "select_many",
        "number": "number", "money": "currency", "percent": "percentile", "day": "date", "moment": "date_time",
        "time": "time", "flag": "true_or_false", "phone": "phone_number", "email": "email", "url": "url",
        "place": "location", "person": "employee", "people": "employee_many", "customer": "object_reference",
        "parent": "object_reference", "departments": "department_many", "formula": "formula", "count": "count",
        "quoted": "quote", "photo": "image", "customers": "object_reference_many", "country": "country",
        "province": "province", "city": "city", "district": "district", "tag": "tag", "array": "array",
        "serial": "auto_number",
    }  # fmt: skip
    targets = {"customer": "AccountObj", "customers": "AccountObj", "parent": name}
    options = (("opt1", "甲"), ("opt2", "乙"), ("opt3", "丙"))
    fields = [
        FxiaokeField(
            f"rt_{key}__c", f"往返 {key}", kind, options if kind.startswith("select") else (), targets.get(key, ""),
            origin="custom",
        )
        for key, kind in kinds.items()
    ]  # fmt: skip
    table = world.tables[name]
    table.schema.fields.update({one.name: one for one in fields})
    table.index_references()
    ids, customers, people = list(table.ids), list(world.tables["AccountObj"].ids), list(world.employees)
    for place, key in enumerate(ids):
        values = {f"rt_{k}__c": _fxiaoke_value(dice, k, kind, customers, people) for k, kind in kinds.items()}
        if place + 1 < len(ids) and dice.random() < 0.3:
            # A later one: it goes after its children, and has to come back before them.
            values["rt_parent__c"] = ids[dice.randrange(place + 1, len(ids))]
        sizes = [dice.randrange(1, 4_000) for _n in range(dice.randrange(0, 4))]
        if how.big and how.big_every and place % how.big_every == 0:
            sizes.append(how.big)
        files = [world.add_file(dice.choice(HOSTILE), _content(dice, size)) for size in sizes]
        values["attach__c"] = [
            {"filename": one.name, "path": one.path, "size": len(one.content), "ext": "pdf"} for one in files
        ] or None
        if dice.random() < 0.2:
            photo = world.add_file("照片.png", _content(dice, 300))
            values["rt_photo__c"] = [
                {"filename": photo.name, "path": photo.path, "size": len(photo.content), "ext": "png"}
            ]
        row = {n: v for n, v in {**table.rows[key], **values}.items() if v is not None}
        table.put(row)
    _fxiaoke_rows(dice, emulator, ids)
    return sorted({field.type for field in table.schema.fields.values()})


def _fxiaoke_value(dice: random.Random, key: str, kind: str, customers: Sequence[str], people: Sequence[str]) -> object:
    if kind in ("image",) or key == "parent" or dice.random() < 0.25:
        return None
    makers: Mapping[str, Any] = {
        "text": lambda: _text(dice, 250),
        "long_text": lambda: _text(dice),
        "html_rich_text": lambda: f"<p>{_text(dice)}</p>",
        "select_one": lambda: dice.choice(("opt1", "opt2", "opt3")),
        "select_many": lambda: dice.sample(("opt1", "opt2", "opt3"), 2),
        "number": lambda: str(dice.randrange(-(10**12), 10**12)),
        "currency": lambda: f"{dice.randrange(-(10**9), 10**13)}.{dice.randrange(100):02d}",
        "percentile": lambda: f"{dice.randrange(100)}.5",
        "date": lambda: dice.randrange(-(10**9), 4 * 10**9) * 1000,
        "date_time": lambda: dice.randrange(10**12, 2 * 10**12),
        "time": lambda: dice.randrange(86_400_000),
        "true_or_false": lambda: dice.random() < 0.5,
        "phone_number": lambda: f"+86 10 {dice.randrange(10**7, 10**8)}",
        "email": lambda: f"p{dice.randrange(1000)}@example.cn",
        "url": lambda: "https://example.cn/合同?a=1&b=2#c",
        "location": lambda: "116.397#%$39.908#%$北京市东城区",
        "employee": lambda: [dice.choice(people)],
        "employee_many": lambda: dice.sample(people, 2),
        "object_reference": lambda: dice.choice(customers),
        "department_many": lambda: ["999999"],
        "formula": lambda: f"{dice.randrange(1000)}.00",
        "count": lambda: str(dice.randrange(9)),
        "quote": lambda: "引用的值",
        "object_reference_many": lambda: dice.sample(customers, 2),
        "country": lambda: "248",
        "province": lambda: "251",
        "city": lambda: "302",
        "district": lambda: "1124",
        "tag": lambda: ["重点", "续签"],
        "array": lambda: ["a", "b;c", "丙"],
        "auto_number": lambda: f"SN-{dice.randrange(10**6):06d}",
    }
    return makers[kind]()


def _fxiaoke_rows(dice: random.Random, emulator: FxiaokeEmulator, ids: Sequence[str]) -> None:
    world = emulator.world
    for key in ids:
        for child, row in world.details_of(world.main_object, key):
            changed = {**row, "quantity": str(dice.randrange(1, 10**6)), "price": f"{dice.randrange(10**9)}.99"}
            child.put(changed)


def dress_zoho(emulator: ZohoEmulator, how: Dressing) -> list[str]:
    """Give every contract random values of every field type, rows, notes and files; return the field types."""
    dice, org = random.Random(how.seed), emulator.org
    name = org.contract_module
    kinds = {
        "RT_Text": "text", "RT_Area": "textarea", "RT_Pick": "picklist", "RT_Picks": "multiselectpicklist",
        "RT_Whole": "integer", "RT_Big": "bigint", "RT_Double": "double", "RT_Money": "currency",
        "RT_Percent": "percent", "RT_Flag": "boolean", "RT_Day": "date", "RT_Moment": "datetime", "RT_Mail": "email",
        "RT_Phone": "phone", "RT_Site": "website", "RT_Person": "userlookup", "RT_Customer": "lookup",
        "RT_Parent": "lookup", "RT_Rollup": "rollup_summary", "RT_Image": "imageupload",
    }  # fmt: skip
    targets = {"RT_Customer": "Accounts", "RT_Parent": name}
    options = ("Alpha", "测试", "a;b")
    fields = [
        ZohoField(
            n, n, kind, length=100_000, target=targets.get(n, ""), choices=options if "picklist" in kind else (),
            read_only=kind == "rollup_summary",
        )
        for n, kind in kinds.items()
    ]  # fmt: skip
    table = org.tables[name]
    org.modules[name].add(fields, BASE + 690_000)
    for one in fields:
        if one.data_type == "lookup":
            table.index(one.api_name)
    records = list(table.scan())
    customers, people = list(org.tables["Accounts"].rows), list(org.users)
    for place, record in enumerate(records):
        cells = {n: _zoho_value(dice, n, kind, customers, people) for n, kind in kinds.items()}
        if place + 1 < len(records) and dice.random() < 0.3:
            # A later one: it goes after its children, and has to come back before them.
            cells["RT_Parent"] = records[dice.randrange(place + 1, len(records))].id
        table.change(record, cells)
        _zoho_belongings(dice, emulator, record, how, place)
    return sorted({field.data_type for field in org.modules[name].fields.values()})


def _zoho_value(dice: random.Random, name: str, kind: str, customers: Sequence[str], people: Sequence[str]) -> object:
    if name == "RT_Parent" or dice.random() < 0.25:
        return None
    makers: Mapping[str, Any] = {
        "text": lambda: _text(dice, 250),
        "textarea": lambda: _text(dice),
        "picklist": lambda: dice.choice(("Alpha", "测试", "a;b")),
        "multiselectpicklist": lambda: dice.sample(("Alpha", "测试", "a;b"), 2),
        "integer": lambda: dice.randrange(-(10**8), 10**8),
        "bigint": lambda: dice.randrange(10**15, 10**17),
        "double": lambda: Decimal(dice.randrange(10**6)) / 16,
        "currency": lambda: Decimal(dice.randrange(10**11)) / 100,
        "percent": lambda: Decimal(dice.randrange(100)),
        "boolean": lambda: dice.random() < 0.5,
        "date": lambda: f"20{dice.randrange(10, 40)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}",
        "datetime": lambda: dice.randrange(10**9, 2 * 10**9),
        "email": lambda: f"p{dice.randrange(1000)}@example.com",
        "phone": lambda: f"+49 30 {dice.randrange(10**6, 10**7)}",
        "website": lambda: "https://example.com/?a=1&b=2",
        "userlookup": lambda: dice.choice(people),
        "rollup_summary": lambda: dice.randrange(10**6),
        "imageupload": lambda: [
            {"id": str(dice.randrange(10**17, 10**18)), "Sequence_Number__s": "1", "State__s": "1"}
        ],
        "lookup": lambda: dice.choice(customers),
    }
    return makers[kind]()


def _zoho_belongings(dice: random.Random, emulator: ZohoEmulator, record: Record, how: Dressing, place: int) -> None:
    org = emulator.org
    moment = org.moment()
    system = system_cells(org.me, moment, moment)
    for _note in range(dice.randrange(0, 3)):
        cells = {
            "Note_Title": _text(dice, 80),
            "Note_Content": _text(dice),
            "Parent_Id": record.id,
            "$se_module": record.module,
        }
        org.tables["Notes"].put(Record(org.new_id(), "Notes", cells | system))
    for _line in range(dice.randrange(0, 3)):
        row = {
            "Product": _text(dice, 100),
            "Quantity": dice.randrange(10**6),
            "Price": Decimal(dice.randrange(10**9)) / 100,
            "Parent_Id": record.id,
        }
        org.tables["Contract_Lines"].put(Record(org.new_id(), "Contract_Lines", row))
    sizes = [dice.randrange(1, 4_000) for _n in range(dice.randrange(0, 3))]
    if how.big and how.big_every and place % how.big_every == 0:
        sizes.append(how.big)
    for size in sizes:
        attach(org, record.module, record.id, dice.choice(HOSTILE), _content(dice, size), system)
    if dice.random() < 0.2:
        key = org.new_key()
        org.blobs[key] = Blob("signed ../copy.pdf", _content(dice, 200))
        record.cells["Signed_Copy"] = [
            {
                "id": org.new_id(), "File_Id__s": key, "File_Name__s": org.blobs[key].name,
                "Size__s": str(len(org.blobs[key].content)), "Created_Time__s": org.now(), "Owner__s": org.me,
                "Attachment_Id__s": org.new_id(),
            }
        ]  # fmt: skip
