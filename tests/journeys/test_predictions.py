"""Calls and credits of a plan are told beforehand, within a tenth, whatever kind of module it is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_bridge.bridge.connection import RaisedCaps
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge_zoho.emulator.control.adding import file, note
from crm_bridge_zoho.emulator.state.schema import Field, RelatedList
from tests.journeys.conftest import House, Tenant

MANY: RaisedCaps = {"max_contracts": 5000, "max_leaves": 100_000, "max_share": 100}
COUNT, STAY = 50, 10
MODULE, DAY = "Contracts", 75_000
ON_TOP = ("/Attachments/", "download_fields", "/media/", "/oauth", "/Notes/")
"""Files, their lists in notes, and what no CRM counts as a call."""
Change = Callable[[Tenant], None]


def without(*names: str) -> Change:
    def change(zoho: Tenant) -> None:
        module = org_of(zoho).modules[MODULE]
        for name in names:
            del module.fields[name]
        module.related = [one for one in module.related if one.module not in ("Notes", "Attachments")]

    return change


def org_of(zoho: Tenant) -> Any:
    emulator: Any = zoho.emulator
    return emulator.org


def plain(zoho: Tenant) -> None:
    zoho.switch("plain_module", True)


def wide(zoho: Tenant) -> None:
    plain(zoho)
    org_of(zoho).modules[MODULE].add([Field(f"More_{number}", f"More {number}") for number in range(70)], 7_000_000)


def listed(mode: str) -> Change:
    def change(zoho: Tenant) -> None:
        plain(zoho)
        zoho.switch("children_in_queries", mode)
        org = org_of(zoho)
        lists = ("Notes", "Attachments")
        org.modules[MODULE].related += [RelatedList(one, one, "default", one, "Parent_Id") for one in lists]
        note(org, org.tables[MODULE].get(zoho.ids()[7]), "called")
        file(org, org.tables[MODULE].get(zoho.ids()[8]), "signed")

    return change


KINDS: dict[str, Change] = {
    "plain fields": plain,
    "more columns than a query takes": wide,
    "long texts": without("Signed_Copy", "Contacts", "Contract_Lines"),
    "subforms": without("Signed_Copy", "Contacts", "Terms"),
    "lookups of other modules": without("Signed_Copy", "Contacts", "Contract_Lines", "Terms"),
    "notes and files that queries find": listed("yes"),
    "notes and files that queries refuse": listed("no"),
    "everything": lambda _zoho: None,
}


@pytest.mark.parametrize("kind", KINDS)
def test_calls_and_credits_of_zoho_are_predicted_for_every_kind_of_module(
    make_house: Callable[[int], House], kind: str
) -> None:
    zoho = make_house(COUNT).tenant("zoho")
    KINDS[kind](zoho)
    predicted, sent = carried_out(zoho)
    spent = DAY - zoho.emulator.control("credits", {})["remaining"] - (sent.everything - sent.counted)
    assert predicted.calls == pytest.approx(sent.counted, rel=0.1)
    assert predicted.credits == pytest.approx(spent, rel=0.1)


SETTINGS = {
    "of the product": "",
    "without what refers to contracts": "related = false",
    "read by id": 'assumptions.snapshot_by = "get"',
    "voided in batches": 'assumptions.bulk_invalid = "all"',
    "small batches": "assumptions.max_batch_ids = 5",
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_calls_of_fxiaoke_are_predicted_for_every_kind_of_object(make_house: Callable[[int], House], kind: str) -> None:
    house = make_house(COUNT)
    configure(house, SETTINGS[kind])
    house.tenant("fxiaoke").switch("path_families", "any")
    predicted, sent = carried_out(reopened(house))
    assert predicted.calls == pytest.approx(sent.counted, rel=0.1)


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_a_deletion_for_good_is_predicted_too(make_house: Callable[[int], House], name: str) -> None:
    tenant = make_house(COUNT).tenant(name)
    if name == "zoho":
        plain(tenant)
    predicted, sent = carried_out(tenant, step=Step.PURGE)
    assert predicted.calls == pytest.approx(sent.counted, rel=0.1)


class Sent:
    """The requests that a CRM got: all of them, and those that a prediction counts."""

    def __init__(self, tenant: Tenant) -> None:
        paths = [line.path for line in tenant.lines() if not line.path.startswith(("/__sandbox__", "/oauth"))]
        self.everything = len(paths)
        self.counted = sum(not any(part in path for part in ON_TOP) for path in paths)


def carried_out(tenant: Tenant, step: Step = Step.TRASH) -> tuple[Any, Sent]:
    """Plan and apply everything; of what goes for good a few stay, so that there is something beside it to be seen."""
    ids = tenant.ids()[:-STAY]
    plan = tenant.crm.plan(ids=ids, step=step, **MANY) if step is Step.PURGE else tenant.crm.plan("everything", **MANY)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.counts == {Outcome.REMOVED: len(ids) if step is Step.PURGE else COUNT}
    return plan.notes.predicted, Sent(tenant)


def configure(house: House, lines: str) -> None:
    """Add settings to the connection of 纷享销客."""
    config = house.home / "config.toml"
    config.write_text(
        config.read_text("utf-8").replace('adapter = "fxiaoke"', f'adapter = "fxiaoke"\n{lines}'), "utf-8"
    )


def reopened(house: House) -> Tenant:
    """Return the tenant as a process sees it that reads the configuration now."""
    return Tenant(house.reopened().connect("fxiaoke-sandbox"), house.tenant("fxiaoke").emulator)
