"""The ramp: parts that grow, each verified before the next; refusals, a cascade and a stop file halt it."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.domain.lifecycle import Outcome
from tests.journeys.conftest import Tenant
from tests.policy.conftest import Ruled


def test_the_parts_are_in_the_plan_and_each_is_verified_before_the_next(ruled: Ruled) -> None:
    tenant = ruled.under("ramp = [2, 3]")
    ids = tenant.ids()[:8]
    plan = tenant.crm.plan(ids=ids)
    assert [stage.contracts for stage in plan.notes.stages] == [2, 5]
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.counts == {Outcome.REMOVED: 8}
    words = [
        str(line.facts["event"])
        for _entry, line in tenant.crm.context.journal.events(run=run.id)
        if line.facts["event"] in ("outcome.done", "verify.absent")
    ]
    done, seen = "outcome.done", "verify.absent"
    assert words == [done] * 2 + [seen] * 2 + [done] * 3 + [seen] * 3 + [done] * 3 + [seen] * 3


def test_contracts_that_vanish_along_halt_the_run(ruled: Ruled, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = ruled.under("ramp = [2, 2]")
    ids = tenant.ids()
    plan = tenant.crm.plan(ids=ids[:6])
    handle = tenant.emulator.handle
    gone: list[str] = []

    def cascading(request: Any) -> Any:
        answer = handle(request)
        if not gone and tenant.place(ids[0]) != "live":
            gone.append(ids[20])
            tenant.emulator.control("delete", {"id": ids[20], "actor": tenant.crm.profile().user_id})
        return answer

    monkeypatch.setattr(tenant.emulator, "handle", cascading)
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.halted is not None
    assert run.halted.reason == "cascade"
    assert ids[20] in run.halted.message
    assert run.counts == {Outcome.REMOVED: 2, Outcome.WAITING: 4}
    monkeypatch.undo()
    assert tenant.crm.resume().counts == {Outcome.REMOVED: 6}


def refuse(tenant: Tenant, ids: list[str]) -> None:
    """Let the CRM refuse to delete these contracts, which no look shows beforehand."""
    for one in ids:
        if "veto" in str(tenant.emulator.control("?", {})):
            tenant.emulator.control("veto", {"id": one, "text": "a function says no"})
        else:
            tenant.emulator.control("lock", {"id": one})


def live(tenant: Tenant, ids: list[str]) -> set[str]:
    return {one for one in ids if tenant.place(one) == "live"}


def test_a_part_of_which_most_is_refused_halts_the_run_and_a_resume_goes_on(ruled: Ruled) -> None:
    tenant = ruled.under("")
    ids = tenant.ids()[:9]
    plan = tenant.crm.plan(ids=ids)
    refuse(tenant, ids[:3])
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.halted is not None
    assert (run.halted.reason, run.exit_code) == ("many_refused", 7)
    assert live(tenant, ids) == {*ids[:3], *ids[5:]}
    done = tenant.crm.resume()
    assert (done.halted, live(tenant, ids)) == (None, set(ids[:3]))


def test_a_part_of_which_half_is_refused_does_not(ruled: Ruled) -> None:
    tenant = ruled.under("ramp = [4]")
    ids = tenant.ids()[:7]
    plan = tenant.crm.plan(ids=ids)
    refuse(tenant, ids[:2])
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert (run.halted, live(tenant, ids)) == (None, set(ids[:2]))


def test_refusals_after_the_ramp_halt_the_run_once_twenty_contracts_were_sent(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_bridge.domain.planning.cost.BATCHES_AT_ONCE", 1)
    tenant = ruled.under("")
    limits = tenant.crm.profile().limits
    monkeypatch.setattr(type(limits), "batch", lambda *_args, **_kind: 10)
    ids = tenant.ids()
    plan = tenant.crm.plan(ids=ids)
    refuse(tenant, ids[5:])
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.halted is not None
    assert run.halted.reason == "many_refused"
    intended = [
        line.record_id
        for _entry, line in tenant.crm.context.journal.events(run=run.id)
        if "intent" in line.facts["event"]
    ]
    assert sorted(intended) == sorted(ids[:25])
    assert live(tenant, ids) == set(ids[5:])


def test_a_rate_of_a_hundred_percent_halts_nothing(ruled: Ruled) -> None:
    tenant = ruled.under("max_refused_percent = 100")
    ids = tenant.ids()[:7]
    plan = tenant.crm.plan(ids=ids)
    refuse(tenant, ids[:5])
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert (run.halted, live(tenant, ids)) == (None, set(ids[:5]))


def test_a_stop_file_halts_deletions_and_no_restore(ruled: Ruled) -> None:
    tenant = ruled.under("")
    ids = tenant.ids()[:3]
    first = tenant.crm.plan(ids=ids[:1])
    tenant.crm.apply(first, confirm=first.digest)
    plan = tenant.crm.plan(ids=ids[1:])
    stop = ruled.house.home / "stop"
    stop.touch()
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.halted is not None
    assert run.halted.reason == "stop_file"
    assert [tenant.place(one) for one in ids[1:]] == ["live"] * 2
    restored = tenant.crm.restore(run_id=first_run(tenant), ids=ids[:1])
    assert [step.result for step in restored] == ["restored"]
    stop.unlink()
    assert tenant.crm.resume(run.id).counts == {Outcome.REMOVED: 2}


def first_run(tenant: Any) -> str:
    return str(next(iter(tenant.crm.context.journal.entries(op="run.start"))).run)


def test_contracts_that_are_known_to_be_locked_are_no_trial_and_halt_nothing(ruled: Ruled) -> None:
    tenant = ruled.under("")
    ids = tenant.ids()[:20]
    for one in ids[:8]:
        tenant.emulator.control("lock", {"id": one})
    plan = tenant.crm.plan(ids=ids)
    assert plan.notes.locked == 8
    assert [contract.id for contract in plan][:5] == ids[8:13]
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert (run.halted, live(tenant, ids)) == (None, set(ids[:8]))
    again = tenant.crm.plan(ids=run.follow_up())
    run = tenant.crm.apply(again, confirm=again.digest)
    assert (run.halted, run.counts) == (None, {Outcome.HELD: 8})


def test_refusals_that_the_plan_did_not_foretell_still_halt_the_run(ruled: Ruled) -> None:
    tenant = ruled.under("")
    ids = tenant.ids()[:20]
    tenant.emulator.control("lock", {"id": ids[0]})
    plan = tenant.crm.plan(ids=ids)
    refuse(tenant, ids[1:6])
    run = tenant.crm.apply(plan, confirm=plan.digest)
    assert run.halted is not None
    assert (run.halted.reason, live(tenant, ids)) == ("many_refused", set(ids))
