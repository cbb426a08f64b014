"""The sandbox tenant's records, made from the shared seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from crm_bridge.sandbox.records import PEOPLE, PRODUCTS, STATUSES, SeedContract, contracts, customers
from crm_bridge_fxiaoke.emulator.envelope import CHINA
from crm_bridge_fxiaoke.emulator.state import tenant
from crm_bridge_fxiaoke.emulator.state.state import Employee, Record, Table, World

API_USER = "1000"
DEPARTMENT = "999999"


def people() -> dict[str, Employee]:
    """Return the tenant's employees by id; the first one is the API user and the CRM's administrator."""
    return {person.id: person for person in (employee(index, name) for index, name in enumerate(PEOPLE))}


def employee(index: int, name: str) -> Employee:
    """Return the employee at that place of the tenant."""
    open_id = "FSUID_" + hashlib.sha256(f"employee {index}".encode()).hexdigest()[:32].upper()
    return Employee(str(1000 + index), open_id, name, f"1380000{1000 + index}", admin=index == 0)


def new_row(world: World, owner: str, created: int, modified: int | None = None, **values: Any) -> Record:
    """Return a record with its system fields; times are epoch milliseconds."""
    return {
        "_id": world.new_id(),
        "owner": [owner],
        "created_by": [owner],
        "create_time": created,
        "last_modified_by": [owner],
        "last_modified_time": created if modified is None else modified,
        "record_type": "default__c",
        "life_status": "normal",
        "lock_status": "0",
        "is_deleted": False,
        "version": 1,
        "relevant_team": [team_member(owner, "1", "2")],
        **values,
    }


def team_member(employee: str, role: str, permission: str) -> dict[str, Any]:
    """Return one entry of relevant_team."""
    return {
        "teamMemberEmployee": [employee],
        "teamMemberType": "0",
        "teamMemberRole": role,
        "teamMemberPermissionType": permission,
        "teamMemberDeptCascade": "0",
    }


def day_ms(day: date) -> int:
    """Return the midnight of a day in China, in epoch milliseconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp() * 1000)


def moment_ms(moment: datetime) -> int:
    """Return a moment in epoch milliseconds."""
    return int(moment.timestamp() * 1000)


def fill(world: World, seed: int, count: int) -> None:
    """Seed a tenant anew: people, customers, products, `count` contracts in the main object and their neighbours."""
    world.tables = {name: Table(schema) for name, schema in tenant.build(world.switches, world.main_object).items()}
    world.employees = people()
    for store in (world.files, world.media, world.voided, world.voided_with, world.graves):
        store.clear()
    start = moment_ms(datetime(2021, 12, 1, tzinfo=CHINA))
    for person in world.employees.values():
        _put(world, "PersonnelObj", new_row(world, person.id, start, name=person.name, phone=person.mobile))
    accounts = [_put(world, "AccountObj", new_row(world, API_USER, start, name=name)) for name in customers(seed=seed)]
    for name in PRODUCTS:
        _put(world, "ProductObj", new_row(world, API_USER, start, name=name, price="100.00"))
    seeds = contracts(max(count, world.switches.custom_records), seed)
    for name in (tenant.SALE_CONTRACT, tenant.LEGACY_CONTRACT, tenant.CUSTOM_CONTRACT):
        wanted = count if name == world.main_object else world.switches.custom_records
        if world.tables[name].schema.active:
            _contracts(world, name, seeds[:wanted], accounts)


def _put(world: World, object_name: str, row: Record) -> str:
    world.tables[object_name].put(row)
    return str(row["_id"])


def _contracts(world: World, object_name: str, seeds: Sequence[SeedContract], accounts: Sequence[str]) -> None:
    products = {row["name"]: key for key, row in world.tables["ProductObj"].rows.items()}
    for item in seeds:
        account = accounts[item.customer]
        values = contract_values(world, object_name, item, account)
        owner = str(1000 + item.owner)
        row = new_row(world, owner, moment_ms(item.created), moment_ms(item.modified), **values)
        master = _put(world, object_name, row)
        _lines(world, object_name, item, master, products)
        if object_name == tenant.SALE_CONTRACT:
            _neighbours(world, item, master, account)


def contract_values(world: World, object_name: str, item: SeedContract, account: str) -> dict[str, Any]:
    """Return the business fields of a seeded contract in the vendor's shapes."""
    options = tenant.status_options(object_name)
    values = {
        "title__c": item.title,
        "amount__c": f"{item.amount:.2f}",
        "status__c": options[STATUSES.index(item.status)][0],
        "sign_date__c": day_ms(item.start - timedelta(days=7)),
        "start_date__c": day_ms(item.start),
        "end_date__c": day_ms(item.end),
        "remark__c": "\n".join(text for _title, text in item.notes) or None,
        "attach__c": [_attachment(world, file.name, file.content) for file in item.files] or None,
    }
    named = {tenant.custom_name(world.switches, key): value for key, value in values.items() if value is not None}
    return {"name": item.number, "account_id": account, "mc_currency": item.currency, **named}


def _attachment(world: World, name: str, content: bytes) -> dict[str, Any]:
    stored = world.add_file(name, content)
    return {"filename": name, "path": stored.path, "size": len(content), "ext": name.rpartition(".")[2]}


def _lines(world: World, object_name: str, item: SeedContract, master: str, products: dict[str, str]) -> None:
    for position, line in enumerate(item.lines):
        row = new_row(
            world,
            str(1000 + item.owner),
            moment_ms(item.created),
            name=f"HTCP-{item.index * 3 + position + 1:06d}",
            product_id=products[line.product],
            quantity=str(line.quantity),
            price=f"{line.price:.2f}",
            order_by=position,
        )
        row[tenant.MASTER_FIELDS[object_name]] = master
        _put(world, tenant.DETAILS[object_name], row)


def _neighbours(world: World, item: SeedContract, master: str, account: str) -> None:
    kinds: tuple[tuple[str, str, str, tuple[Decimal, ...]], ...] = (
        ("SalesOrderObj", "DD", "order_amount", item.orders),
        ("PaymentObj", "HK", "payment_amount", item.payments),
    )
    for object_name, prefix, amount_field, amounts in kinds:
        for position, amount in enumerate(amounts):
            row = new_row(world, str(1000 + item.owner), moment_ms(item.created), sale_contract_id=master)
            row |= {"name": f"{prefix}-{item.number}-{position + 1}", "account_id": account}
            _put(world, object_name, row | {amount_field: f"{amount:.2f}"})
