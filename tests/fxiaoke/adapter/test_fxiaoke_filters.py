"""Filters in the gateway's language: what is pushed, how values travel, and that nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.rules import LISTING, NULLITY, ORDERING, TEXTUAL
from crm_bridge.domain.filters.tree import FIELDS, And, Compare, FieldRef, Filter, Not, Op, Or, ValueKind, matches
from crm_bridge.domain.filters.where import where
from crm_bridge.errors import UsageError
from crm_bridge.spi.adapter import Query
from crm_bridge_fxiaoke.filters import check_fields, compile_filter
from crm_bridge_fxiaoke.mapping import FieldMap, map_fields
from crm_bridge_fxiaoke.wire import FieldMeta, ObjectMeta

MIDNIGHT_2024_01_31 = 1706630400000  # 2024-01-31T00:00:00+08:00
DAY = 86_400_000


def contract_object() -> FieldMap:
    known = [
        FieldMeta("name", "合同编号", "text"),
        FieldMeta("account_id", "客户", "object_reference", target="AccountObj"),
        FieldMeta("status__c", "合同状态", "select_one", (("k1", "已过期"), ("k2", "Active"), ("k3", "Active"))),
        FieldMeta("amount__c", "合同金额", "currency"),
        FieldMeta("end_date__c", "结束日期", "date"),
        FieldMeta("owner", "负责人", "employee"),
        FieldMeta("create_time", "创建时间", "date_time"),
        FieldMeta("last_modified_time", "最后修改时间", "date_time"),
        FieldMeta("remark__c", "备注", "long_text"),
    ]
    return map_fields(ObjectMeta("SaleContractObj", "销售合同", {one.name: one for one in known}), {})


def told(_field: FieldRef) -> bool:
    return True


def nobody(_op: Op, _names: Sequence[str]) -> Sequence[str] | None:
    return None


def native(wanted: Filter) -> list[tuple[object, object, object]]:
    compiled = compile_filter(wanted, contract_object(), nobody, told=told)
    return [(one["field_name"], one["operator"], one["field_values"]) for one in compiled.native]


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (where.number == "HT-1", [("name", "EQ", ["HT-1"])]),
        (where.number == "Müller", [("name", "IN", ["Müller", "Mu\u0308ller"])]),
        (where.number.one_of(["HT-1", "HT-2"]), [("name", "IN", ["HT-1", "HT-2"])]),
        (where.number.contains("HT-"), [("name", "LIKE", ["HT-"])]),
        (where.number.starts_with("HT-"), [("name", "STARTWITH", ["HT-"])]),
        (where.number.is_empty(), [("name", "IS", [""])]),
        (where.number.is_not_empty(), [("name", "ISN", [""])]),
        (where.status == "已过期", [("status__c", "IN", ["k1", "已过期"])]),
        (where.status == "Active", [("status__c", "IN", ["k2", "k3", "Active"])]),
        (where.status != "已过期", [("status__c", "N", ["k1"]), ("status__c", "N", ["已过期"])]),
        (where.amount < 1000, [("amount__c", "LT", ["1000"])]),
        (where.amount >= Decimal("99.50"), [("amount__c", "GTE", ["99.50"])]),
        (where.amount == Decimal("1E+3"), [("amount__c", "EQ", ["1000"])]),
        (where.amount.between(1, 2), [("amount__c", "BETWEEN", ["1", "2"])]),
        (where.end < date(2024, 1, 31), [("end_date__c", "LT", [str(MIDNIGHT_2024_01_31)])]),
        (where.end <= date(2024, 1, 31), [("end_date__c", "LTE", [str(MIDNIGHT_2024_01_31 + DAY - 1)])]),
        (where.end > date(2024, 1, 31), [("end_date__c", "GT", [str(MIDNIGHT_2024_01_31 + DAY - 1)])]),
        (
            where.end == date(2024, 1, 31),
            [("end_date__c", "BETWEEN", [str(MIDNIGHT_2024_01_31), str(MIDNIGHT_2024_01_31 + DAY - 1)])],
        ),
        (
            where.created >= datetime(2024, 1, 31, tzinfo=timezone(timedelta(hours=8))),
            [("create_time", "GTE", [str(MIDNIGHT_2024_01_31)])],
        ),
        (where.created < date(2024, 1, 31), [("create_time", "LT", [str(MIDNIGHT_2024_01_31 + 8 * 3_600_000)])]),
        (
            where.created > datetime(2024, 1, 30, 16, 0, 0, 1, tzinfo=UTC),
            [("create_time", "GT", [str(MIDNIGHT_2024_01_31)])],
        ),
        (where.id.one_of(["a", "b"]), [("_id", "IN", ["a", "b"])]),
        (where.amount.one_of([1, 2]), []),
        (where.number != "HT-1", []),
        (where.number.contains("é"), []),
        (where.owner == "李娜", []),
        (where.customer == "Acme", []),
        ((where.amount < 1) | (where.status == "Active"), []),
        (where["remark__c"].contains("归档"), [("remark__c", "LIKE", ["归档"])]),
    ],
)
def test_a_condition_is_sent_as_the_vendor_writes_it(wanted: Filter, sent: list[object]) -> None:
    assert native(wanted) == sent


def test_conditions_are_anded_and_the_rest_is_left_to_us() -> None:
    wanted = (where.amount < 10) & (where.owner == "李娜") & (where.status == "已过期")
    compiled = compile_filter(wanted, contract_object(), nobody, told=told)
    assert [one["field_name"] for one in compiled.native] == ["amount__c", "status__c"]
    assert compiled.split.residual == (where.owner == "李娜")


def test_a_customer_is_sent_by_id_once_it_was_looked_up() -> None:
    compiled = compile_filter(
        where.customer.contains("Acme"), contract_object(), lambda _op, _names: ["a1", "a2"], told=told
    )
    assert [dict(one) for one in compiled.native] == [
        {"field_name": "account_id", "operator": "IN", "field_values": ["a1", "a2"]}
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        where["no_such_field"] == "x",
        where["status__c"] == "已过期",
        where["end_date__c"] < date(2024, 1, 31),
    ],
)
def test_a_vendor_field_that_cannot_be_asked_that_way_is_refused_first(wanted: Filter) -> None:
    with pytest.raises(UsageError) as caught:
        check_fields(wanted, contract_object())
    assert caught.value.hint


def test_an_option_value_and_a_midnight_of_china_may_be_asked_of_vendor_fields() -> None:
    midnight = datetime(2024, 1, 31, tzinfo=timezone(timedelta(hours=8)))
    wanted = (where["status__c"] == "k1") & (where["end_date__c"] < midnight)
    check_fields(wanted, contract_object())
    assert native(wanted) == [("status__c", "IN", ["k1"]), ("end_date__c", "LT", [str(MIDNIGHT_2024_01_31)])]


_STORED: dict[str, list[Any]] = {}


def _pool(name: str, everything: Sequence[Contract]) -> list[Any]:
    if name not in _STORED:
        values = {contract.id if name == "id" else getattr(contract, name) for contract in everything}
        _STORED[name] = sorted((value for value in values if value is not None), key=str)[:12]
    return _STORED[name]


@st.composite
def _conditions(draw: st.DrawFn, everything: Sequence[Contract]) -> Compare:
    name = draw(st.sampled_from(sorted(FIELDS)))
    field = FieldRef(name)
    refused = ORDERING if field.kind is ValueKind.TEXT else TEXTUAL
    op = draw(st.sampled_from([op for op in Op if op not in refused]))
    literals = st.sampled_from(_pool(name, everything))
    if op in NULLITY:
        return Compare(field, op)
    if op in LISTING:
        return Compare(field, op, tuple(draw(st.lists(literals, min_size=1, max_size=3))))
    if op is Op.BETWEEN:
        low, high = sorted([draw(literals), draw(literals)])
        return Compare(field, op, (low, high))
    value = draw(literals)
    if op in TEXTUAL and draw(st.booleans()):
        value = value[: max(1, len(value) // 2)]
    return Compare(field, op, value)


def _trees(everything: Sequence[Contract]) -> st.SearchStrategy[Filter]:
    leaves: st.SearchStrategy[Filter] = _conditions(everything)
    pairs = st.lists(leaves, min_size=2, max_size=3).map(tuple)
    return st.one_of(leaves, pairs.map(And), pairs.map(And), pairs.map(Or), leaves.map(Not))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_pushed_loses_no_contract_that_is_meant(mount: Any, data: st.DataObject) -> None:
    """Pushed conditions, evaluated by the CRM, and our own evaluation of the whole filter give what we alone would."""
    adapter, everything = _seeded(mount)
    wanted = data.draw(_trees(everything))
    search = adapter.find(Query(where=wanted))
    got = [one for page in search.pages for one in page.contracts]
    right = {one.id for one in everything if matches(wanted, one)}
    assert {one.id for one in got if matches(wanted, one)} == right
    if search.residual is None:
        assert {one.id for one in got} == right


_RIG: list[Any] = []


def _seeded(mount: Any) -> Any:
    """Return one adapter for all examples, over contracts of which some have empty fields."""
    if not _RIG or _RIG[0] is not mount:
        rig = mount(count=60)
        adapter = rig.connect()
        ids = rig.emulator.control("contracts", {})["ids"]
        for number, name in enumerate(("status__c", "amount__c", "end_date__c", "title__c", "start_date__c")):
            for record_id in ids[number::9]:
                rig.emulator.control("edit", {"id": record_id, "field": name, "value": None})
        everything = [one for page in adapter.find(Query()).pages for one in page.contracts]
        _STORED.clear()
        _RIG[:] = [mount, adapter, everything]
    return _RIG[1], _RIG[2]
