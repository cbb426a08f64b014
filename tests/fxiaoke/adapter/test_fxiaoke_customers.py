"""Customers: names for ids, ids for names; and what happens when they may not be seen."""

from __future__ import annotations

from typing import Any

from crm_bridge.domain.filters.tree import Op
from crm_bridge.domain.filters.where import where
from crm_bridge.spi.adapter import Query
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.emulator import Switches
from crm_bridge_fxiaoke.module.customers import Customers

NO = WireResponse.of_json({"errorCode": 50009, "errorMessage": "无此操作的数据权限"})


def refuse_accounts(request: WireRequest) -> WireResponse | None:
    asked = b'"dataObjectApiName":"AccountObj"' in request.body
    return NO if asked and request.path.endswith("/query") else None


def test_names_are_looked_up_once_and_a_hundred_at_a_time(mount: Any) -> None:
    rig = mount(count=300, switches=Switches(extend_info=False))
    adapter = rig.connect()
    adapter.whoami()
    before = rig.calls("/query")
    found = [one for page in adapter.find(Query()).pages for one in page.contracts]
    assert all(one.customer for one in found)
    # Three pages of contracts, and one lookup for the customers that each page brings anew.
    assert rig.calls("/query") - before <= 6
    list(adapter.find(Query()).pages)
    assert rig.calls("/query") - before <= 9


def test_customers_that_may_not_be_seen_are_shown_by_id(mount: Any) -> None:
    rig = mount(switches=Switches(extend_info=False))
    rig.intercept = refuse_accounts
    adapter = rig.connect()
    found = [one for page in adapter.find(Query()).pages for one in page.contracts]
    assert found
    assert all((one.customer or "").startswith("64b1") for one in found)


def test_a_customers_name_is_left_to_us_when_customers_may_not_be_searched(mount: Any) -> None:
    rig = mount()
    adapter = rig.connect()
    adapter.whoami()
    rig.intercept = refuse_accounts
    search = adapter.find(Query(where=where.customer.contains("Acme")))
    assert search.residual == where.customer.contains("Acme")
    assert sum(len(page.contracts) for page in search.pages) == 30


def test_more_customers_than_one_list_takes_are_left_to_us(mount: Any) -> None:
    adapter = mount(count=3).connect()
    adapter.whoami()
    customers = Customers(adapter.records)
    assert customers.ids(Op.STARTS_WITH, ("Acme Tools Ltd",)) is not None
    assert customers.ids(Op.IN, ("nobody at all",)) == []
    assert customers.ids(Op.NE, ("Acme",)) is None
