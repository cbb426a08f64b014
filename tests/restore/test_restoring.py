"""Both ways back, twice, after crashes, in doubt, elsewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crm_bridge.domain.capabilities import Fate, Route, Step
from crm_bridge.errors import CrmBridgeError, GuardError, InDoubtError
from crm_bridge.failpoints import FailpointError, arm
from sweeps.dressing import Dressing
from sweeps.round_trips import DRESS

from .conftest import Tenant


@pytest.fixture(autouse=True)
def _disarmed() -> object:
    """Leave no failpoint armed: it belongs to the process, not to a bridge."""
    yield
    arm(None)


def test_what_is_in_the_bin_comes_back_from_there_under_its_old_id(tenant: Tenant) -> None:
    one = tenant.ids()[0]
    run = tenant.removed(one)
    (step,) = tenant.crm.restore(run.id)
    assert (step.route, step.result, step.new_ref and step.new_ref.id) == (Route.UNTRASH, "restored", one)
    assert tenant.place(one) == "live"


def test_what_was_purged_is_created_again_from_the_vault(tenant: Tenant) -> None:
    one = tenant.ids()[0]
    run = tenant.removed(one, step=Step.PURGE)
    (step,) = tenant.crm.restore(run.id)
    assert (step.route, step.result) == (Route.RECREATE, "restored")
    assert step.new_ref is not None
    assert step.new_ref.id != one
    assert tenant.place(step.new_ref.id) == "live"


def test_a_dry_run_says_the_way_and_changes_nothing(tenant: Tenant) -> None:
    one = tenant.ids()[0]
    run = tenant.removed(one, step=Step.PURGE)
    before = len(tenant.ids())
    (step,) = tenant.crm.restore(run.id, dry_run=True)
    assert (step.route, step.result) == (Route.RECREATE, "planned")
    assert len(tenant.ids()) == before
    assert tenant.entries("restore.start") == []


def test_a_second_restore_finds_the_copy_and_creates_none(tenant: Tenant) -> None:
    run = tenant.removed(tenant.ids()[0], step=Step.PURGE)
    (first,) = tenant.crm.restore(run.id)
    count = len(tenant.ids())
    (second,) = tenant.crm.restore(run.id)
    assert (second.result, second.reason) == ("present", "already_restored")
    assert second.new_ref == first.new_ref
    assert len(tenant.ids()) == count


def test_a_restore_that_died_after_its_call_finds_the_copy_that_it_made(tenant: Tenant) -> None:
    run = tenant.removed(tenant.ids()[0], step=Step.PURGE)
    tenant.bridge.close()
    with tenant.with_switch("restore.after:1:raise") as dying, pytest.raises(FailpointError):
        dying.connect(tenant.crm.name).restore(run.id)
    arm(None)
    count = len(tenant.ids())
    (step,) = tenant.crm.restore(run.id)
    assert step.result == "restored"
    assert len(tenant.ids()) == count
    assert not tenant.bridge.journal.open_intents()


def test_every_comparison_is_journaled_as_names_and_counts(tenant: Tenant) -> None:
    run = tenant.removed(tenant.ids()[0], step=Step.PURGE)
    (step,) = tenant.crm.restore(run.id)
    (body,) = tenant.entries("restore.measured")
    assert step.measured is not None
    assert body["fields"] == step.measured.fields > 20
    assert body["surprises"] == []
    assert {"id", "different", "new_id"} & set(body) == {"different", "new_id"}
    assert set(body["different"].values()) <= {"changed", "lost"}


def test_the_difference_stands_beside_the_promise(tenant: Tenant) -> None:
    run = tenant.removed(tenant.ids()[0], step=Step.PURGE)
    (step,) = tenant.crm.restore(run.id)
    assert step.measured is not None
    assert step.measured.surprises == ()
    assert all(one.promised is not Fate.SAME for one in step.measured.differences)


@pytest.mark.parametrize("labels", ["list", "text"])
@pytest.mark.parametrize("step", [Step.TRASH, Step.PURGE])
def test_a_complete_restore_surprises_in_nothing_whatever_shape_labels_have(
    tenant: Tenant, labels: str, step: Step
) -> None:
    # A list of maps beside a person was once taken for a table of rows that was lost.
    tenant.emulator.control("switch", {"name": "person_labels", "value": labels})
    run = tenant.removed(*tenant.ids()[:3], step=step)
    measured = [one.measured for one in tenant.crm.restore(run.id)]
    assert [one.surprises for one in measured if one] == [()] * 3


def test_a_contract_in_doubt_is_not_restored(tenant: Tenant) -> None:
    plan = tenant.crm.plan(ids=[tenant.ids()[0]])
    tenant.bridge.close()
    with tenant.with_switch("remove.after:1:raise") as dying:
        assert dying.connect(tenant.crm.name).apply(plan.path, confirm=plan.digest).halted
    arm(None)
    with pytest.raises(InDoubtError) as refused:
        tenant.crm.restore(ids=[next(iter(plan)).id])
    assert "resume" in refused.value.hint


def test_a_lost_answer_is_warned_about_for_a_day(tenant: Tenant) -> None:
    plan = tenant.crm.plan(ids=[tenant.ids()[0]])
    tenant.bridge.close()
    with tenant.with_switch("remove.after:1:raise") as dying:
        assert dying.connect(tenant.crm.name).apply(plan.path, confirm=plan.digest).halted
    arm(None)
    run = tenant.crm.resume()
    assert {item.outcome.value for item in run} == {"removed"}
    assert [step.warning for step in tenant.crm.restore(run.id, dry_run=True)] == ["answer_lost_recently"]
    tenant.clock.advance(25 * 3600)
    assert [step.warning for step in tenant.crm.restore(run.id, dry_run=True)] == [None]


def test_a_record_whose_backup_was_shredded_comes_back_from_the_bin_only(tenant: Tenant) -> None:
    in_bin, purged = tenant.ids()[:2]
    first, second = tenant.removed(in_bin), tenant.removed(purged, step=Step.PURGE)
    for one in list(tenant.bridge.vault.sets()):
        tenant.bridge.vault.shred(one.set_id)
    assert [step.result for step in tenant.crm.restore(first.id)] == ["restored"]
    assert [(step.result, step.reason) for step in tenant.crm.restore(second.id)] == [("not_restored", "shredded")]


def test_without_the_key_of_the_backups_the_bin_still_gives_back(tenant: Tenant) -> None:
    run = tenant.removed(*tenant.ids()[:3])
    keyring = tenant.home / "keyring.json"
    kept = json.loads(keyring.read_text())
    del kept["@keys/backup-identity"]
    keyring.write_text(json.dumps(kept))
    steps = tenant.crm.restore(run.id)
    assert [(step.route, step.result, step.measured) for step in steps] == [(Route.UNTRASH, "restored", None)] * 3


def test_a_backup_that_was_replaced_is_not_restored_from(tenant: Tenant) -> None:
    run = tenant.removed(tenant.ids()[0], step=Step.PURGE)
    (set_,) = tenant.bridge.vault.sets()
    batch = tenant.bridge.vault.folder / set_.set_id / "data/records-000001.age"
    content = batch.read_bytes()
    batch.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (step,) = tenant.crm.restore(run.id)
    assert (step.result, step.route) == ("not_restored", None)
    assert tenant.effects("created") == []


def test_a_connection_to_another_organisation_is_refused(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    run = tenant.removed(tenant.ids()[0])
    context = tenant.crm.context
    other = replace(context, profile=replace(context.profile, org_id="another"))
    crm = tenant.crm
    crm.__dict__["context"] = other
    with pytest.raises(GuardError) as refused:
        crm.restore(run.id)
    assert refused.value.reason == "other_tenant"


def test_a_new_machine_restores_from_journal_vault_and_keys(tenant: Tenant, tmp_path: Path) -> None:
    run = tenant.removed(tenant.ids()[0], step=Step.PURGE)
    tenant.bridge.close()
    new = tmp_path / "new machine"
    new.mkdir(mode=0o700)
    for name in ("journal", "vault"):
        shutil.copytree(tenant.home / name, new / name)
    shutil.copy(tenant.home / "config.toml", new / "config.toml")
    secrets = _with_keys(tenant.home, tmp_path / "secrets.toml")
    with tenant.elsewhere(new, secrets=secrets) as bridge:
        (step,) = bridge.connect(tenant.crm.name).restore(run.id)
    assert step.result == "restored"
    assert step.measured is not None
    assert step.measured.surprises == ()


def _with_keys(home: Path, target: Path) -> Path:
    """Write the secrets of a sandbox home and its keys into one file, as the how-to page says."""
    kept = json.loads((home / "keyring.json").read_text())
    keys = {name.partition("/")[2]: value for name, value in kept.items() if name.startswith("@keys/")}
    lines = ["[keys]", *(f"{name} = {json.dumps(keys[name])}" for name in sorted(keys) if name != "journal-pin")]
    text = (home / "secrets.toml").read_text()
    target.write_text(text + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    target.chmod(0o600)
    return target


def test_references_point_at_the_copy_only_after_their_own_confirmation(tenant: Tenant) -> None:
    run = tenant.removed(*tenant.ids()[:6], step=Step.PURGE)
    tenant.crm.restore(run.id)
    assert tenant.effects("updated") == []
    plan, done = tenant.crm.relink(run.id)
    assert plan.count > 0
    assert done == []
    with pytest.raises(CrmBridgeError, match="confirms other references"):
        tenant.crm.relink(run.id, confirm="0" * 64)
    assert tenant.effects("updated") == []
    _same, done = tenant.crm.relink(run.id, confirm=plan.digest)
    assert [item.left for item in done] == [()] * len(done)
    assert len(tenant.effects("updated")) == plan.count
    with pytest.raises(CrmBridgeError, match="no reference is missing"):
        tenant.crm.relink(run.id)


def test_a_restored_contract_can_be_deleted_and_restored_once_more(tenant: Tenant) -> None:
    one = tenant.ids()[0]
    first = tenant.removed(one)
    tenant.crm.restore(first.id)
    second = tenant.removed(one)
    (step,) = tenant.crm.restore(second.id)
    assert step.result == "restored"
    assert tenant.place(one) == "live"


def test_what_others_refer_to_comes_back_before_them_by_both_ways(tenant: Tenant) -> None:
    # Otherwise their references would be compared, and found empty, while it is still in the bin.
    DRESS[tenant.name](tenant.emulator, Dressing(11))
    field = {"zoho": "RT_Parent", "fxiaoke": "rt_parent__c"}[tenant.name]
    chosen = tenant.ids()[:26]
    for step in (Step.TRASH, Step.PURGE):
        parents = {one: _parent(tenant, one, field) for one in chosen}
        assert sum(parent in chosen for parent in parents.values()) >= 2
        run = tenant.removed(*chosen, step=step)
        steps = tenant.crm.restore(run.id)
        order = [one.ref.id for one in steps]
        assert sorted(order) == sorted(chosen)
        late = [i for i, parent in parents.items() if parent in chosen and order.index(parent) > order.index(i)]
        assert late == []
        assert [one.ref.id for one in steps if one.measured is None or one.measured.surprises] == []


def _parent(tenant: Tenant, record_id: str, field: str) -> str | None:
    value = tenant.emulator.control("record", {"id": record_id})["record"].get(field)
    found = value["id"] if isinstance(value, dict) else value
    return str(found) if found else None
