"""Settings: addresses, styles, switches; mistakes are refused before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke import ADAPTER
from crm_bridge_fxiaoke.settings import Assumptions, FxiaokeSettings


@pytest.mark.parametrize(
    ("cloud", "address"),
    [
        ("fenxiang", "https://open.fxiaoke.com"),
        ("huawei", "https://open-hwcloud.fxiaoke.com"),
        ("aliyun", "https://open-ale.fxiaoke.com"),
        ("frankfurt", "https://open-hws.fxiaoke.com"),
        ("hongkong", "https://open-ksc.sharecrm.com"),
        ("north-america", "https://open-na.sharecrm.com"),
    ],
)
def test_each_cloud_has_its_host(cloud: str, address: str) -> None:
    settings = FxiaokeSettings.model_validate({"cloud": cloud})
    assert ADAPTER.origins(settings) == (address,)


def test_the_default_is_the_vendors_own_cloud_and_the_older_style() -> None:
    settings = FxiaokeSettings.model_validate({})
    assert (settings.address, settings.auth) == ("https://open.fxiaoke.com", "app_secret")


@pytest.mark.parametrize("url", ["https://crm.example.com", "http://127.0.0.1:8802", "http://localhost:8802/"])
def test_a_private_deployment_or_a_sandbox_has_an_address_of_its_own(url: str) -> None:
    assert FxiaokeSettings.model_validate({"base_url": url}).address == url.rstrip("/")


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "http://crm.example.com"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "https://user@crm.example.com"},
        {"base_url": "https://crm.example.com?x=1"},
        {"base_url": "https://crm.example.com", "cloud": "huawei"},
        {"cloud": "mars"},
        {"auth": "cookie"},
        {"object": "Sale Contract"},
        {"fields": {"colour": "x__c"}},
        {"objekt": "SaleContractObj"},
        {"assumptions": {"no_such_switch": 1}},
        {"assumptions": {"max_batch_ids": 0}},
        {"assumptions": {"voidable": "everything"}},
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FxiaokeSettings.model_validate(wrong)


def test_every_switch_is_stated_by_question_name_and_value(mount: Any) -> None:
    profile = mount().connect(assumptions={"max_batch_ids": 7}).whoami()
    assert "A-03 max_batch_ids=7" in profile.assumptions
    assert "A-11 voidable=normal" in profile.assumptions
    named = [line.partition(" ")[2].partition("=")[0] for line in profile.assumptions]
    assert named == list(Assumptions.model_fields)


def test_questions_that_do_not_arise_are_not_stated() -> None:
    stated = Assumptions.model_validate({}).stated(but={"A-14", "A-23"})
    assert not [line for line in stated if line.startswith(("A-14", "A-23"))]
    assert len(stated) == len(Assumptions.model_fields) - 3


@pytest.mark.parametrize(("voidable", "state"), [("normal", "unknown"), ("normal_and_ineffective", "normal")])
def test_whether_an_ineffective_contract_may_be_voided_is_a_switch(mount: Any, voidable: str, state: str) -> None:
    from crm_bridge.spi.adapter import Query

    rig = mount(count=3)
    first = rig.emulator.control("contracts", {})["ids"][0]
    rig.emulator.world.find(first)[1]["life_status"] = "ineffective"
    adapter = rig.connect(assumptions={"voidable": voidable})
    found = {one.id: one.state.value for page in adapter.find(Query()).pages for one in page.contracts}
    assert found[first] == state


@pytest.mark.parametrize(("cascade", "told"), [("all", False), ("none", True)])
def test_details_that_stay_are_a_warning(mount: Any, cascade: str, told: bool) -> None:
    warnings = mount(count=3).connect(assumptions={"cascade": cascade}).whoami().warnings
    assert any("details are assumed to stay" in line for line in warnings) is told


def test_a_connection_to_this_machine_is_a_sandbox(mount: Any) -> None:
    assert mount(count=3).connect().whoami().environment == "sandbox"


def test_listing_the_adapter_imports_nothing_heavy() -> None:
    code = (
        "import sys, crm_bridge_fxiaoke as a; a.ADAPTER.errors;"
        "print([m for m in ('requests','pydantic','cryptography','urllib3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("set_null", ""),
        ("cascade_delete", "deleting a contract for good also deletes the records of 回款 that refer to it"),
        ("restrict", "records of 回款 that refer to a contract may stop its deletion (restrict)"),
    ],
)
def test_what_a_description_wants_to_happen_to_references_is_a_warning(mount: Any, action: str, told: str) -> None:
    rig = mount(count=3)

    def describe(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith("/object/describe") or b"PaymentObj" not in request.body:
            return None
        answer: WireResponse = rig.emulator.handle(request)
        return WireResponse(200, answer.headers, answer.body.replace(b'"set_null"', f'"{action}"'.encode()))

    rig.intercept = describe
    warnings = [line for line in rig.connect().whoami().warnings if "refer to" in line and "contract" in line]
    assert warnings == ([told] if told else [])


@pytest.mark.parametrize(("bulk", "ids"), [("never", 1), ("custom", 20)])
def test_the_limits_say_how_many_records_one_call_removes(mount: Any, bulk: str, ids: int) -> None:
    limits = mount(count=3, object_name="object_9Kx2p__c").connect(assumptions={"bulk_invalid": bulk}).whoami().limits
    assert (limits.trash_ids_per_call, limits.purge_ids_per_call) == (ids, 20)
