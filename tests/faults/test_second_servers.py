"""Whatever a CRM says about where to go next: nobody else is ever asked, and no credential leaves."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crm_bridge.errors import CrmBridgeError, ForbiddenAddressError
from crm_bridge.sandbox.faults import FaultRule, Match
from tests.faults.conftest import ADAPTERS, Known
from tests.faults.kinds import BY_NAME
from tests.faults.matrix import run_case
from tests.faults.rig import Rig

REDIRECTS = [name for name in BY_NAME if name.startswith("redirect")]


@pytest.mark.parametrize("fault", REDIRECTS)
@pytest.mark.parametrize("column", ["sign_in", "find", "remove"])
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_no_redirect_is_followed_on_any_kind_of_call(
    known: Mapping[str, Known], adapter: str, column: str, fault: str
) -> None:
    call = next(one for one in known[adapter].calls if one.column == column)
    result = run_case(known[adapter].rig, call, BY_NAME[fault], lasting=False)
    assert (result.met, result.wrong) == (True, [])


def spoiled(rig: Rig, rule: FaultRule) -> CrmBridgeError:
    """Try to sign in and read a contract while one answer is spoiled; return what stopped it."""
    rig.fresh()
    rig.server.inject(rule)
    rig.decoy.visitors = 0
    with pytest.raises(CrmBridgeError) as stopped, rig.bridge() as bridge:
        bridge.connect(rig.name).show(rig.contracts()[0])
    return stopped.value


@pytest.mark.parametrize(
    "domain",
    [
        "{decoy}",
        "https://www.zohoapis.com.evil.example",
        "https://evil.example/www.zohoapis.com",
        "https://www.zohoapis.com@evil.example",
        "http://127.0.0.1:1",
        "http://[::ffff:127.0.0.1]:80",
        "//169.254.169.254",
        "https://www.zohoapis.com:444",
    ],
)
def test_a_rogue_api_domain_gets_no_request(known: Mapping[str, Known], domain: str) -> None:
    rig = known["zoho"].rig
    token = {"access_token": "1000.0123456789abcdef", "token_type": "Bearer", "expires_in": 3600}
    told = {**token, "api_domain": domain.replace("{decoy}", rig.decoy.address)}
    before = len(rig.faults.seen)
    error = spoiled(rig, FaultRule("answer", Match(path="/oauth/v2/token"), {"json": told}))
    assert isinstance(error, ForbiddenAddressError)
    assert rig.decoy.visitors == 0
    assert [seen.target for seen in rig.faults.seen if "/crm/" in seen.target] == []
    assert before >= 0


@pytest.mark.parametrize("host", ["{decoy}", "http://169.254.169.254/", "http://10.0.0.1/", "https://[::1]/"])
def test_a_signed_link_to_another_host_is_not_fetched(known: Mapping[str, Known], host: str) -> None:
    rig = known["fxiaoke"].rig
    rig.fresh()
    config = rig.home / "config.toml"
    with config.open("a", encoding="utf-8") as file:
        file.write(f'\n[connections.{rig.name}.assumptions]\ndownload_by = "presigned"\n')
    link = host.replace("{decoy}", rig.decoy.address) + "file"
    body = {"errorCode": 0, "errorMessage": "OK", "data": [{"url": link}]}
    rig.server.inject(FaultRule("answer", Match(path="getPresignedUrl", count=None), {"json": body}))
    rig.decoy.visitors = 0
    with rig.bridge() as bridge:
        plan = bridge.connect(rig.name).plan(ids=rig.contracts()[:1])
        code = bridge.connect(rig.name).apply(plan, confirm=plan.digest).exit_code
    assert rig.decoy.visitors == 0
    assert (code, rig.control("record", id=next(iter(plan)).id)["place"]) == (3, "live")
