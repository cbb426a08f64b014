"""A tenant with hundreds of objects: what is asked before a listing, what by the next process, and what is believed."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Step
from crm_bridge.errors import NotSentError
from crm_bridge.spi.adapter import Query, RemoveOptions
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
from tests.fxiaoke.adapter.conftest import Rig

MANY = 40
NAMES = [f"object_{number:03}A__c" for number in range(300)]
LATE = NAMES[17]


@dataclass
class Tenant:
    """A rig whose object list has many more objects; none of them refers to contracts unless it is in `referring`."""

    rig: Rig
    many: int = MANY
    referring: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    labels: dict[str, str] = field(default_factory=dict)
    described: list[str] = field(default_factory=list)
    """What was described of them."""

    def __post_init__(self) -> None:
        self.rig.intercept = self._answer

    def _answer(self, request: WireRequest) -> WireResponse | None:
        if request.path.endswith("/object/list"):
            listed = json.loads(self.rig.emulator.handle(request).body)
            if listed["errorCode"] == 0:
                listed["data"]["objects"] += [
                    {"describeApiName": name, "describeDisplayName": self.labels.get(name, name), "isActive": True}
                    for name in NAMES[: self.many]
                ]
            return WireResponse.of_json(listed)
        if request.path.endswith("/object/describe"):
            name = json.loads(request.body)["data"]["apiName"]
            return self._description(name) if name in NAMES else None
        return None

    def _description(self, name: str) -> WireResponse:
        self.described.append(name)
        if name in self.refusing:
            return WireResponse.of_json({"errorCode": 10006, "errorMessage": "no"})
        target = "SaleContractObj" if name in self.referring else "AccountObj"
        lookup = {"api_name": "about__c", "type": "object_reference", "target_api_name": target, "label": "about"}
        return WireResponse.of_json({"errorCode": 0, "data": {"describe": {"fields": {"about__c": lookup}}}})

    def calls(self) -> int:
        return self.rig.calls() + len(self.described)


@pytest.fixture
def tenant(mount: Callable[..., Rig]) -> Tenant:
    return Tenant(mount(count=3))


def listed(adapter: FxiaokeAdapter) -> int:
    return sum(len(page.contracts) for page in adapter.find(Query()).pages)


def names(adapter: FxiaokeAdapter) -> set[str]:
    return {one.name for one in adapter.whoami().relations}


def calls_before_the_first_row(tenant: Tenant, adapter: FxiaokeAdapter) -> int:
    before = tenant.calls()
    adapter.whoami()
    assert next(iter(adapter.find(Query()).pages)).contracts
    lines = [line.path for line in tenant.rig.emulator.ledger()]
    assert lines[-1].endswith("/data/query")
    return tenant.calls() - before


def test_among_300_objects_a_listing_is_asked_within_ten_calls(mount: Callable[..., Rig]) -> None:
    tenant = Tenant(mount(count=3), many=300)
    assert calls_before_the_first_row(tenant, tenant.rig.connect()) <= 10
    assert tenant.described == []


@pytest.mark.parametrize("auth", ["corp_token", "app_secret"])
def test_the_next_process_lists_within_four_calls(mount: Callable[..., Rig], auth: str) -> None:
    tenant = Tenant(mount(count=3), many=300)
    names(tenant.rig.connect(auth=auth))
    assert calls_before_the_first_row(tenant, tenant.rig.connect(auth=auth)) <= 4


def test_what_does_not_refer_to_contracts_is_described_once_by_all_processes(tenant: Tenant) -> None:
    first = names(tenant.rig.connect())
    assert sorted(tenant.described) == NAMES[:MANY]
    for _process in range(3):
        assert names(tenant.rig.connect()) == first
    assert len(tenant.described) == MANY


def test_the_contract_object_and_what_refers_to_it_are_described_anew_by_each_process(tenant: Tenant) -> None:
    tenant.referring = {LATE}
    assert LATE in names(tenant.rig.connect())
    tenant.described.clear()
    before = tenant.rig.calls("/describe")
    assert LATE in names(tenant.rig.connect())
    assert tenant.described == [LATE]
    assert tenant.rig.calls("/describe") - before == 4  # contract, lines, orders, payments


def test_an_object_that_does_not_refer_any_more_is_no_relation_any_more(tenant: Tenant) -> None:
    tenant.referring = {LATE}
    names(tenant.rig.connect())
    tenant.referring = set()
    assert LATE not in names(tenant.rig.connect())


@pytest.mark.parametrize(("hours", "asked"), [(23.0, 0), (24.1, MANY), (-1.0, MANY)])
def test_what_is_too_old_or_from_the_future_is_asked_again(tenant: Tenant, hours: float, asked: int) -> None:
    names(tenant.rig.connect())
    tenant.described.clear()
    tenant.rig.clock.jump(hours * 3600)
    names(tenant.rig.connect())
    assert len(tenant.described) == asked


def test_with_metadata_hours_0_every_process_asks_and_nothing_is_kept(tenant: Tenant) -> None:
    for _process in range(2):
        names(tenant.rig.connect(metadata_hours=0))
    assert len(tenant.described) == 2 * MANY
    assert not (tenant.rig.folder / "metadata").exists()


def test_an_object_under_a_new_label_is_described_again(tenant: Tenant) -> None:
    names(tenant.rig.connect())
    tenant.described.clear()
    tenant.labels = {LATE: "付款计划"}
    names(tenant.rig.connect())
    assert tenant.described == [LATE]


def test_a_refused_description_is_said_and_asked_again(tenant: Tenant) -> None:
    tenant.refusing = {LATE}
    for _process in range(2):
        assert any(LATE in line for line in tenant.rig.connect().whoami().warnings)
    assert tenant.described.count(LATE) == 2


def test_what_is_believed_for_more_than_an_hour_is_said(tenant: Tenant) -> None:
    names(tenant.rig.connect())
    assert not any("were asked" in line for line in tenant.rig.connect().whoami().warnings)
    tenant.rig.clock.advance(7200)
    (said,) = [line for line in tenant.rig.connect().whoami().warnings if "were asked" in line]
    assert "2.0 hours ago" in said


def purge_is_refused(adapter: FxiaokeAdapter) -> str:
    with pytest.raises(NotSentError) as refused:
        adapter.prepare(Step.PURGE, 1, options=RemoveOptions())
    return refused.value.message


def test_before_a_deletion_for_good_everything_is_known_as_of_now(tenant: Tenant) -> None:
    names(tenant.rig.connect())
    tenant.described.clear()
    adapter = tenant.rig.connect()
    for _batch in range(2):
        assert adapter.prepare(Step.PURGE, 1, options=RemoveOptions()) >= 1
    assert sorted(tenant.described) == NAMES[:MANY]


def test_a_reference_made_since_keeps_contracts_from_being_deleted_for_good(tenant: Tenant) -> None:
    names(tenant.rig.connect())
    tenant.referring = {LATE}
    adapter = tenant.rig.connect()
    assert LATE not in names(adapter)
    for _batch in range(2):
        assert LATE in purge_is_refused(adapter)
    assert LATE in names(tenant.rig.connect())


def test_a_trash_step_needs_no_description_of_everything(tenant: Tenant) -> None:
    tenant.rig.connect().prepare(Step.TRASH, 1, options=RemoveOptions())
    assert tenant.described == []


def the_file(tenant: Tenant) -> Path:
    (path,) = (tenant.rig.folder / "metadata").iterdir()
    return path


def test_the_file_is_sealed_and_for_this_user_alone(tenant: Tenant) -> None:
    names(tenant.rig.connect())
    path = the_file(tenant)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"object_" not in path.read_bytes()


@pytest.mark.parametrize("damage", [b"", b"not base64 at all", b"AAAA"])
def test_a_damaged_file_is_an_empty_one(tenant: Tenant, damage: bytes) -> None:
    first = names(tenant.rig.connect())
    the_file(tenant).write_bytes(damage)
    assert names(tenant.rig.connect()) == first
    assert len(tenant.described) == 2 * MANY


def test_the_file_of_one_connection_does_not_serve_another(tenant: Tenant) -> None:
    names(tenant.rig.connect())
    names(tenant.rig.connect(name="other"))
    assert len(tenant.described) == 2 * MANY


def test_a_folder_that_cannot_be_written_costs_time_only(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: Any) -> None:
        raise OSError("read-only")

    monkeypatch.setattr("crm_bridge_fxiaoke.module.described.write_private", refuse)
    first = names(tenant.rig.connect())
    assert names(tenant.rig.connect()) == first
