"""Rehearsals at tenants whose schema is unlike the stand-in's: no error, and no gate that closes without a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as changed
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge, Connection
from crm_bridge.clock import ManualClock
from crm_bridge.errors import BackupError
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge_fxiaoke.emulator.state.schema import Field as FxField
from crm_bridge_zoho.emulator.state.schema import Field as ZohoField

Rows = list[dict[str, Any]]
FIELD_IDS = count(554023000000700000)
ABOVE = "[policy]\nrehearse_above = 5\n"


@dataclass
class Foreign:
    """A tenant of one CRM with a schema of its own."""

    name: str
    emulator: Any
    bridge: Bridge

    @property
    def crm(self) -> Connection:
        return self.bridge.connect(f"{self.name}-sandbox")

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the contract module; a test changes them as it likes."""
        world = self.emulator
        if self.name == "zoho":
            return dict_of(world.org.modules[world.org.contract_module].fields)
        return dict_of(world.world.tables[world.world.main_object].schema.fields)

    def field(self, name: str, kind: str, *, required: bool = False, target: str = "") -> None:
        """Add a field of the tenant's own, or give one another type."""
        if self.name == "zoho":
            one = ZohoField(name, name, kind, id=str(next(FIELD_IDS)), mandatory=required)
            self.fields[name] = changed(one, target=target)
        else:
            self.fields[name] = FxField(name, name, kind, target=target, required=required, origin="custom")

    def rows(self) -> Rows:
        """The stored values of every contract, to be changed in place before anybody signs in."""
        if self.name == "zoho":
            org = self.emulator.org
            return [record.cells for record in org.tables[org.contract_module].rows.values()]
        world = self.emulator.world
        return list(world.tables[world.main_object].rows.values())

    def drop(self, name: str) -> None:
        """Take a field away, with every value of it."""
        self.fields.pop(name, None)
        for row in self.rows():
            row.pop(name, None)

    def rename(self, old: str, new: str) -> None:
        """Call a field something else, values included."""
        known = self.fields.pop(old)
        self.fields[new] = changed(known, **{"api_name" if self.name == "zoho" else "name": new})
        for row in self.rows():
            if old in row:
                row[new] = row.pop(old)


def dict_of(fields: Any) -> dict[str, Any]:
    assert isinstance(fields, dict)
    return fields


@pytest.fixture(params=["zoho", "fxiaoke"])
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Foreign]:
    clock, home = ManualClock(), tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=8, only=(request.param,)), clock=clock) as running:
        config = home / "config.toml"
        config.write_text(config.read_text() + ABOVE)
        with Bridge.open(home, clock=clock, environ={}) as bridge:
            yield Foreign(request.param, emulator_of(running, request.param), bridge)


def emulator_of(running: Sandbox, name: str) -> Any:
    return running.servers[name].exchange.emulator


def own(tenant: Foreign, name: str) -> str:
    return name if tenant.name == "zoho" else f"{name.lower()}__c"


def pick(tenant: Foreign, zoho: str, fxiaoke: str) -> str:
    return zoho if tenant.name == "zoho" else fxiaoke


def renamed(tenant: Foreign) -> None:
    for zoho, fxiaoke in (
        ("Contract_Value", "amount__c"),
        ("Contract_Status", "status__c"),
        ("End_Date", "end_date__c"),
    ):
        old = pick(tenant, zoho, fxiaoke)
        tenant.rename(old, old.replace("__c", "_x__c") if tenant.name == "fxiaoke" else f"{old}_X")


def retyped(tenant: Foreign) -> None:
    # The same names as the stand-in has, of other types: text where it has money, a day as plain text, a lookup.
    for zoho, fxiaoke, kind, value in (
        ("Contract_Value", "amount__c", "text", "about 12,000"),
        ("Start_Date", "start_date__c", "text", "spring 2026"),
        ("Contract_Status", "status__c", "text", "läuft"),
    ):
        name = pick(tenant, zoho, fxiaoke)
        tenant.field(name, kind)
        for row in tenant.rows():
            row[name] = value


def retyped_to_what_no_value_fits(tenant: Foreign) -> None:
    name = pick(tenant, "Start_Date", "start_date__c")
    if tenant.name == "zoho":
        tenant.fields[name] = changed(tenant.fields[name], data_type="datetime", loose=True)
    else:
        tenant.fields[name] = changed(tenant.fields[name], type="date", loose=True)
    for row in tenant.rows():
        row[name] = "第三季度"


def missing(tenant: Foreign) -> None:
    for zoho, fxiaoke in (
        ("Contract_Value", "amount__c"),
        ("Currency", "mc_currency"),
        ("Start_Date", "start_date__c"),
        ("External_Id", "remark__c"),
        ("Discount", "sign_date__c"),
    ):
        tenant.drop(pick(tenant, zoho, fxiaoke))


def extra(tenant: Foreign) -> None:
    kinds: Mapping[str, tuple[str, Any]] = {
        "Own_Text": ("text", "甲方"),
        "Own_Phone": (pick(tenant, "phone", "phone_number"), "+49 30 1234"),
        "Own_Number": (pick(tenant, "double", "number"), Decimal("7.25") if tenant.name == "zoho" else "7.250"),
        "Own_Flag": (pick(tenant, "boolean", "true_or_false"), True),
        "Own_Site": (pick(tenant, "website", "url"), "https://example.com/?a=1"),
    }
    for name, (kind, value) in kinds.items():
        tenant.field(own(tenant, name), kind)
        for row in tenant.rows():
            row[own(tenant, name)] = value


def of_a_type_that_nobody_knows(tenant: Foreign) -> None:
    tenant.field(own(tenant, "Signature"), "signature_pad")
    for row in tenant.rows():
        row[own(tenant, "Signature")] = "strokes"


def rows_with_fewer_keys(tenant: Foreign) -> None:
    required = {name for name, one in tenant.fields.items() if getattr(one, "mandatory", getattr(one, "required", 0))}
    system = {"_id", "version", "life_status", "lock_status", "create_time", "created_by", "owner", "relevant_team"}
    system |= {"last_modified_time", "last_modified_by", "record_type", "is_deleted", "name"}
    system |= {"Owner", "Created_By", "Modified_By", "Created_Time", "Modified_Time", "Contract_Number"}
    for number, row in enumerate(tenant.rows()):
        for name in [name for name in row if name not in required | system][: 2 + number]:
            row.pop(name)


def rows_with_more_keys(tenant: Foreign) -> None:
    if tenant.name == "fxiaoke":
        for row in tenant.rows():
            row |= {"mystery": {"deep": [1]}, "x_rank__r": [{"id": "1", "name": "n"}], "push_state": "7"}
    else:
        for row in tenant.rows():
            row |= {"$mystery": True, "Mystery": "not described"}


def with_a_required_lookup_of_its_own(tenant: Foreign) -> None:
    target = pick(tenant, "Accounts", "AccountObj")
    table = tenant.emulator.org.tables[target] if tenant.name == "zoho" else tenant.emulator.world.tables[target]
    partner = next(iter(table.rows))
    tenant.field(own(tenant, "Partner"), pick(tenant, "lookup", "object_reference"), required=True, target=target)
    for row in tenant.rows():
        row[own(tenant, "Partner")] = partner


def labels_in_another_shape(tenant: Foreign) -> None:
    if tenant.name == "fxiaoke":
        tenant.emulator.control("switch", {"name": "person_labels", "value": "list"})
    else:
        tenant.field("Approver", "userlookup")
        for row in tenant.rows():
            row["Approver"] = next(iter(tenant.emulator.org.users))


SCHEMAS: tuple[Callable[[Foreign], None], ...] = (
    renamed,
    retyped,
    retyped_to_what_no_value_fits,
    missing,
    extra,
    of_a_type_that_nobody_knows,
    rows_with_fewer_keys,
    rows_with_more_keys,
    with_a_required_lookup_of_its_own,
    labels_in_another_shape,
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda one: one.__name__)
def test_a_plan_at_a_tenant_with_a_schema_of_its_own_is_rehearsed_and_carried_out(
    tenant: Foreign, schema: Callable[[Foreign], None]
) -> None:
    schema(tenant)
    plan = tenant.crm.plan("everything")
    shown = tenant.crm.rehearse(plan)
    assert (shown.result, shown.blocking, shown.contracts) == ("passed", (), 8), shown
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert {item.outcome.value for item in run} == {"removed"}
    bodies = [entry.body["result"] for entry in tenant.bridge.journal.entries(op="plan.rehearsed")]
    assert bodies == ["passed", "passed"]


def test_a_required_lookup_that_a_set_lacks_closes_the_gate(tenant: Foreign) -> None:
    with_a_required_lookup_of_its_own(tenant)
    name = own(tenant, "Partner")
    plan = tenant.crm.plan("everything")
    # Hidden from the user between the plan and its backup: the record has a partner, its backup has none.
    for row in tenant.rows():
        row.pop(name)
    with pytest.raises(BackupError) as refused:
        tenant.crm.apply(plan, confirm=plan.digest)
    assert (refused.value.reason, refused.value.exit_code, name in refused.value.message) == (
        "rehearsal_blocked",
        6,
        True,
    )
    assert [e.kind for line in tenant.emulator.ledger() for e in line.effects] == []
