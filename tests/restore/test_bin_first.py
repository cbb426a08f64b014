"""What the CRM does not show may still lie in its bin: the bin is asked before anything is created again."""

from __future__ import annotations

import pytest

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.reasons import Reason

from .conftest import Tenant


def _hides_its_bin(tenant: Tenant) -> None:
    """Let no query and no read show what is voided, as some tenants do."""
    if tenant.name != "fxiaoke":
        pytest.skip("its bin and its list of deletions cannot be switched off without the right to both")
    tenant.emulator.control("switch", {"name": "query_invalid_rows", "value": "omitted"})
    tenant.emulator.control("switch", {"name": "get_voided", "value": "refused"})


def _empty_the_bin(tenant: Tenant, *ids: str) -> None:
    for one in ids:
        command, more = ("purge", {}) if tenant.name == "zoho" else ("delete", {"purge": True})
        tenant.emulator.control(command, {"id": one, **more})


def test_contracts_in_a_bin_that_nobody_is_shown_come_out_of_it_and_none_is_made_again(tenant: Tenant) -> None:
    _hides_its_bin(tenant)
    chosen, before = tenant.ids()[:4], len(tenant.ids())
    run = tenant.removed(*chosen)
    steps = tenant.crm.restore(run.id)
    assert [(one.result, one.route) for one in steps] == [("restored", Route.UNTRASH)] * 4
    assert sorted(step.new_ref.id for step in steps if step.new_ref) == sorted(chosen)
    assert (len(tenant.ids()), tenant.effects("created")) == (before, [])


def test_only_what_a_hidden_bin_does_not_hold_is_made_again(tenant: Tenant) -> None:
    _hides_its_bin(tenant)
    there, gone = tenant.ids()[:3], tenant.ids()[3:5]
    run = tenant.removed(*there, *gone)
    _empty_the_bin(tenant, *gone)
    steps = {one.ref.id: one for one in tenant.crm.restore(run.id)}
    assert {key: (one.result, one.route) for key, one in steps.items()} == {
        **dict.fromkeys(there, ("restored", Route.UNTRASH)),
        **dict.fromkeys(gone, ("restored", Route.RECREATE)),
    }
    assert len(tenant.ids()) == 30


@pytest.mark.parametrize("emptied", [True, False])
def test_a_whole_module_comes_back_whether_or_not_its_bin_was_emptied(tenant: Tenant, *, emptied: bool) -> None:
    everything = tenant.ids()
    run = tenant.removed(*everything)
    assert tenant.ids() == []
    if emptied:
        _empty_the_bin(tenant, *everything)
    steps = tenant.crm.restore(run.id)
    way = Route.RECREATE if emptied else Route.UNTRASH
    assert [(one.result, one.route) for one in steps] == [("restored", way)] * len(everything)
    assert len(tenant.ids()) == len(everything)


def test_what_somebody_purged_is_planned_as_a_new_record_and_becomes_one(tenant: Tenant) -> None:
    one = tenant.ids()[0]
    run = tenant.removed(one)
    _empty_the_bin(tenant, one)
    (planned,) = tenant.crm.restore(run.id, dry_run=True)
    (done,) = tenant.crm.restore(run.id)
    assert (planned.route, planned.result) == (done.route, "planned") == (Route.RECREATE, "planned")
    assert done.result == "restored"


def test_what_this_user_may_not_see_any_more_is_neither_promised_nor_made_again(tenant: Tenant) -> None:
    one = tenant.ids()[0]
    run = tenant.removed(one)
    tenant.emulator.control("restore", {"id": one})
    tenant.emulator.control("hide", {"id": one})
    (planned,) = tenant.crm.restore(run.id, dry_run=True)
    (done,) = tenant.crm.restore(run.id)
    assert planned.result == done.result == "not_restored"
    # One CRM says that this user may not see it; the other lists every deletion, and this contract not.
    assert planned.reason is done.reason
    assert done.reason in (Reason.NOT_VISIBLE, Reason.GONE_UNATTRIBUTED)
    assert done.reason is Reason.NOT_VISIBLE or "hidden" in done.message
    assert tenant.effects("created") == []


def test_a_purge_that_the_crm_confirmed_asks_no_bin(tenant: Tenant) -> None:
    run = tenant.removed(tenant.ids()[0], step=Step.PURGE)
    asked = len(tenant.emulator.ledger())
    (step,) = tenant.crm.restore(run.id)
    assert step.route is Route.RECREATE
    since = list(tenant.emulator.ledger())[asked:]
    assert [line for line in since if line.path.endswith(("/recover", "/actions/restore"))] == []
