"""Not told is not empty, over the wire of both CRMs: what each operator answers about what the user does not see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge, Connection
from crm_bridge.errors import AmbiguousContractError, GuardError, NothingMatchedError, UsageError
from tests.journeys.conftest import House, Tenant, served

OPERATORS = (
    "=", "!=", "<", "<=", ">", ">=", "~", "!~", "starts with", "in", "not in", "between", "is null", "is not null",
)  # fmt: skip
# One letter an operator, in that order: True, False, Undecided, Error (no such field).
EXPECTED = {
    ("zoho", "told"): ("T F F T F T T F T T F T F T", "F T T F T F F T F F T F T F"),
    ("zoho", "told empty"): ("F T F F F F F T F F T F T F", "T F T T T T T F T T F T F T"),
    ("zoho", "not visible"): ("U U U U U U U U U U U U U U", "U U U U U U U U U U U U U U"),
    # An order is asked of the lookup itself, whose id is a number here: what the id decides, a name cannot undo.
    ("zoho", "name unresolved"): ("U U U U T T U U U U U U F T", "U U U U F F U U U U U U T F"),
    ("zoho", "no such field"): ("E E E E E E E E E E E E E E", "E E E E E E E E E E E E E E"),
    ("fxiaoke", "told"): ("T F F T F T T F T T F T F T", "F T T F T F F T F F T F T F"),
    ("fxiaoke", "told empty"): ("F T F F F F F T F F T F T F", "T F T T T T T F T T F T F T"),
    ("fxiaoke", "not visible"): ("U U U U U U U U U U U U U U", "U U U U U U U U U U U U U U"),
    # Here a lookup holds the id alone, and that is told: it is no number.
    ("fxiaoke", "name unresolved"): ("U U F F F F U U U U U F F T", "U U T T T T U U U U U T T F"),
    ("fxiaoke", "no such field"): ("E E E E E E E E E E E E E E", "E E E E E E E E E E E E E E"),
}
CUSTOMERS = {"zoho": "Accounts", "fxiaoke": "AccountObj"}


@contextmanager
def fresh(house: House, system: str) -> Iterator[Connection]:
    """Open a second bridge: metadata is read once in the life of a connection."""
    with Bridge.open(house.home, clock=house.clock, environ={}) as bridge:
        yield bridge.connect(f"{system}-sandbox")


def know(tenant: Tenant, knowledge: str, record_id: str) -> None:
    """Make the CRM tell of customer and amount what the row of the matrix says."""
    fields = [tenant.field_of("customer"), tenant.field_of("amount")]
    system = "fxiaoke" if tenant.crm.profile().module == "SaleContractObj" else "zoho"
    if knowledge == "told empty":
        for meaning in ("customer", "amount"):
            tenant.edit(record_id, meaning, None)
    if knowledge in ("not visible", "no such field"):
        tenant.switch("hidden_fields", fields)
    if knowledge == "no such field":
        told = ("hidden_described", False) if system == "fxiaoke" else ("hidden_fields_described", "nothing")
        tenant.switch(*told)
    if knowledge == "name unresolved":
        name = "hidden_objects" if system == "fxiaoke" else "hidden_modules"
        tenant.switch(name, [CUSTOMERS[system]])


def condition(operator: str, name: str, amount: Decimal, ordered: str) -> str:
    """Return a condition on customer or, where it orders, on `ordered`."""
    if operator in ("is null", "is not null"):
        return f"customer {operator}"
    if operator == "between":
        return f"{ordered} between {amount} and {amount}"
    if operator in ("in", "not in"):
        return f'customer {operator} ("{name}")'
    if operator in ("~", "!~", "starts with"):
        return f'customer {operator} "{name[:4]}"'
    return f"{ordered} {operator} {amount}" if operator in ("<", "<=", ">", ">=") else f'customer {operator} "{name}"'


def answer(crm: Connection, text: str, record_id: str, label: str) -> str:
    """Return what the whole listing says of one contract."""
    try:
        selection = crm.find(text)
    except UsageError as error:
        return "E" if error.reason == "no_such_field" and "fields = {" in error.hint else error.reason
    if record_id in [one.id for one in selection]:
        return "T"
    return "U" if label in selection.undecided.examples else "F"


@pytest.mark.parametrize(("system", "knowledge"), EXPECTED)
def test_every_operator_answers_only_what_is_known(tmp_path: Path, system: str, knowledge: str) -> None:
    with served(tmp_path / "home", count=5) as house:
        tenant = house.tenant(system)
        record_id = tenant.ids()[2]
        contract = next(one for one in tenant.crm.find() if one.id == record_id)
        name, amount, lookup = contract.customer, contract.amount, tenant.field_of("customer")
        assert name
        assert amount
        know(tenant, knowledge, record_id)
        ordered = f"`{lookup}`" if knowledge == "name unresolved" else "amount"
        texts = [condition(operator, name, amount, ordered) for operator in OPERATORS]
        with fresh(house, system) as crm:
            plain = " ".join(answer(crm, text, record_id, contract.label) for text in texts)
            negated = " ".join(answer(crm, f"not ({text})", record_id, contract.label) for text in texts)
        assert (plain, negated) == EXPECTED[system, knowledge]


def test_bare_ids_in_a_query_are_given_their_names_in_batches(house: House) -> None:
    tenant = house.tenant("zoho")
    named = {one.id: one.customer for one in tenant.crm.find()}
    acme = named[tenant.ids()[0]]
    tenant.switch("bare_lookups", True)
    before = len(tenant.lines())
    assert {one.id: one.customer for one in tenant.crm.find()} == named
    assert len(tenant.lines()) - before <= 4  # count, page, customers, users
    theirs = {one for one, name in named.items() if name == acme}
    assert {one.id for one in tenant.crm.find(f'customer = "{acme}"')} == theirs
    assert {one.id for one in tenant.crm.find(f'customer != "{acme}"')} == set(named) - theirs


@pytest.mark.parametrize("described", ["ordinary", "hidden"])
def test_a_status_that_zoho_hides_selects_nothing(house: House, described: str) -> None:
    tenant = house.tenant("zoho")
    tenant.switch("hidden_fields", ["Contract_Status"])
    tenant.switch("hidden_fields_described", described)
    with fresh(house, "zoho") as crm:
        for text in ('status != "Active"', 'not status = "Active"', "status is null", '`Contract_Status` != "Active"'):
            selection = crm.find(text)
            assert list(selection) == []
            assert selection.undecided.count == 40


def test_a_customer_that_was_voided_is_no_other_customer(house: House) -> None:
    tenant = house.tenant("fxiaoke")
    tenant.switch("query_invalid_rows", "omitted")
    named = {one.id: one for one in tenant.crm.find()}
    first = next(iter(named.values()))
    customer = str(first.raw["account_id"])
    assert "error" not in tenant.emulator.control("delete", {"id": customer})
    with fresh(house, "fxiaoke") as crm:
        selection = crm.find(f'customer != "{first.customer}"')
        theirs = {one.id for one in named.values() if one.customer == first.customer}
        assert not theirs & {one.id for one in selection}
        assert selection.undecided.count == len(theirs)


def test_a_plan_is_refused_while_contracts_are_undecided_or_says_that_it_leaves_them_out(tenant: Tenant) -> None:
    hidden = tenant.field_of("status")
    with_number = 'status != "Active" or number ~ "1"'
    tenant.switch("hidden_fields", [hidden])
    with pytest.raises(GuardError) as caught:
        tenant.crm.plan(with_number)
    assert (caught.value.reason, caught.value.exit_code) == ("undecided", 4)
    assert "status is not visible to this user" in str(caught.value) or "status was left out" in str(caught.value)
    plan = tenant.crm.plan(with_number, undecided="leave_out")
    assert plan.count + plan.notes.undecided == 40
    assert plan.notes.undecided
    assert any("could not be judged" in text for text in plan.notes.warnings)
    with pytest.raises(NothingMatchedError, match="could not be judged"):
        tenant.crm.plan('status = "Active"', undecided="leave_out")
    with pytest.raises(UsageError):
        tenant.crm.plan("everything", undecided="ignore")  # type: ignore[arg-type]


def test_a_connection_may_say_that_missing_means_empty(house: House) -> None:
    house.tenant("fxiaoke").switch("hidden_fields", ["end_date__c"])
    with fresh(house, "fxiaoke") as crm:
        assert list(crm.find("end is null")) == []
    config = house.home / "config.toml"
    head = "[connections.fxiaoke-sandbox]"
    config.write_text(config.read_text().replace(head, f'{head}\nmissing_fields = "empty"'))
    with fresh(house, "fxiaoke") as crm:
        assert len(list(crm.find("not end < 2100-01-01"))) == 40


def test_an_exact_number_that_the_crm_excluded_leaves_nothing_open(tenant: Tenant) -> None:
    first = next(iter(tenant.crm.find()))
    selection = tenant.crm.find(f'number = "{first.number}"')
    assert [one.id for one in selection] == [first.id]
    assert selection.undecided.count == 0


def test_two_live_contracts_with_one_number_are_said_wherever_it_selects(tenant: Tenant) -> None:
    one, two = [contract for contract, _n in zip(tenant.crm.find(), range(2), strict=False)]
    assert one.number
    tenant.edit(two.id, "number", one.number)
    selection = tenant.crm.find(f'number = "{one.number}"')
    assert len(list(selection)) == 2
    assert any(one.id in text and two.id in text for text in selection.cautions)
    plan = tenant.crm.plan(number=one.number)
    assert any(one.id in text and two.id in text for text in plan.notes.warnings)
    for act in (tenant.crm.show, lambda wanted: tenant.crm.delete(wanted, confirm=lambda _plan: "")):
        with pytest.raises(AmbiguousContractError):
            act(one.number)


def test_a_status_with_an_odd_name_is_missing_and_the_records_own_state_is_not_taken_for_it(house: House) -> None:
    zoho, fxiaoke = house.tenant("zoho"), house.tenant("fxiaoke")
    told = zoho.emulator.control("rename_field", {"field": "Contract_Status", "name": "Lifecycle"})
    assert "error" not in told
    fxiaoke.switch("field_labels", {"status__c": "所处阶段"})
    fxiaoke.switch("field_names", {"status__c": "phase__c"})
    fxiaoke.switch("field_labels", {"phase__c": "所处阶段"})
    for system in ("zoho", "fxiaoke"):
        with fresh(house, system) as crm:
            assert crm.profile().field_map["status"] is None
            with pytest.raises(UsageError, match="status") as caught:
                crm.find('status != "Active"')
            assert "fields = { status" in caught.value.hint


def test_the_fields_that_are_missing_are_shown(house: House) -> None:
    tenant = house.tenant("zoho")
    assert "error" not in tenant.emulator.control("rename_field", {"field": "Contract_Status", "name": "Lifecycle"})
    with fresh(house, "zoho") as crm:
        assert crm.profile().field_map["number"] == "Contract_Number"
        assert [meaning for meaning, name in crm.profile().field_map.items() if name is None] == ["status"]


def test_contracts_of_a_hidden_customer_are_counted_wherever_they_stand_in_the_module(tmp_path: Path) -> None:
    with served(tmp_path / "home", count=130) as house:
        tenant = house.tenant("fxiaoke")
        named = list(tenant.crm.find())
        newest = {one.raw["account_id"] for one in named[-100:]}
        hidden = next(one.raw["account_id"] for one in named if one.raw["account_id"] not in newest)
        theirs = [one for one in named if one.raw["account_id"] == hidden]
        assert "error" not in tenant.emulator.control("hide", {"id": hidden})
        with fresh(house, "fxiaoke") as crm:
            selection = crm.find(f'customer = "{named[-1].customer}"')
            assert {one.customer for one in selection} == {named[-1].customer}
            assert selection.undecided.count == len(theirs)
