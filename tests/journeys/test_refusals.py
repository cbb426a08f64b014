"""What is refused before anything is sent: wrong words, edited, expired, used and foreign plans, missing backups."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crm_bridge.bridge import Plan
from crm_bridge.domain.planning.plan import PlanDigest
from crm_bridge.errors import BackupError, ConfirmationError, CrmBridgeError
from tests.journeys.conftest import House, Tenant

WHERE = 'status = "Expired"'


def refused(
    tenant: Tenant, plan: Plan | Path, word: str, kind: type[CrmBridgeError] = ConfirmationError
) -> CrmBridgeError:
    with pytest.raises(kind) as caught:
        tenant.crm.apply(plan, confirm=word)
    assert tenant.removals() == []
    assert caught.value.hint
    return caught.value


def test_another_digest_does_not_confirm(tenant: Tenant) -> None:
    plan = tenant.crm.plan(WHERE)
    other = tenant.crm.plan('status = "Draft"')
    error = refused(tenant, plan, other.digest)
    assert error.exit_code == 5


@pytest.mark.parametrize("word", ["", "yes", "DELETE", "delete"])
def test_nothing_but_digest_or_phrase_confirms(tenant: Tenant, word: str) -> None:
    plan = tenant.crm.plan(WHERE)
    refused(tenant, plan, word)


def test_the_digest_without_its_last_character_does_not_confirm(tenant: Tenant) -> None:
    plan = tenant.crm.plan(WHERE)
    refused(tenant, plan, plan.digest[:-1])


def test_what_was_noticed_while_planning_is_shown_to_whoever_confirms(tenant: Tenant) -> None:
    plan, shown = tenant.crm.plan(WHERE), list[Plan]()

    def read(card: Plan) -> str:
        shown.append(card)
        return ""

    with pytest.raises(ConfirmationError):
        tenant.crm.apply(plan, confirm=read)
    assert [one.notes for one in shown] == [plan.notes]
    assert plan.notes.warnings or plan.notes.predicted


def test_a_plan_with_one_id_more_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "edited.plan"
    plan = tenant.crm.plan(WHERE, output=path)
    spared = next(i for i in tenant.ids() if i not in {item.id for item in plan})
    lines = path.read_text(encoding="utf-8").splitlines()
    target = json.loads(lines[1])
    lines.insert(2, json.dumps({**target, "id": spared}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert refused(tenant, path, plan.digest).exit_code == 5


def test_a_plan_with_one_character_changed_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "edited.plan"
    plan = tenant.crm.plan(WHERE, output=path)
    data = bytearray(path.read_bytes())
    for position in range(5, len(data), max(1, len(data) // 12)):
        changed = bytearray(data)
        changed[position] ^= 0x01
        path.write_bytes(bytes(changed))
        refused(tenant, path, plan.digest, CrmBridgeError)


def test_a_plan_that_was_made_up_with_a_digest_of_its_own_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "forged.plan"
    plan = tenant.crm.plan(WHERE, output=path)
    head, first, *_rest, notes, foot = path.read_text(encoding="utf-8").splitlines()
    digest = PlanDigest(plan.head)
    digest.add(next(plan.file.targets()))
    forged = {**json.loads(foot), "count": 1, "digest": (end := digest.end(plan.notes))}
    path.write_text("\n".join([head, first, notes, json.dumps(forged, separators=(",", ":"), sort_keys=True)]) + "\n")
    assert refused(tenant, path, end).reason == "plan_altered"


def test_an_expired_plan_is_refused(house: House, tenant: Tenant) -> None:
    plan = tenant.crm.plan(WHERE)
    house.clock.advance(24 * 3600 + 1)
    error = refused(tenant, plan, plan.digest)
    assert (error.reason, error.exit_code) == ("plan_expired", 5)


def test_a_used_plan_is_refused(tenant: Tenant) -> None:
    plan = tenant.crm.plan(WHERE)
    tenant.crm.apply(plan, confirm=plan.digest)
    removed = len(tenant.removals())
    with pytest.raises(ConfirmationError) as caught:
        tenant.crm.apply(plan, confirm=plan.digest)
    assert (caught.value.reason, caught.value.exit_code) == ("plan_used", 5)
    assert len(tenant.removals()) == removed


def test_a_plan_of_the_other_crm_is_refused(house: House) -> None:
    zoho, fxiaoke = house.tenant("zoho"), house.tenant("fxiaoke")
    plan = zoho.crm.plan(WHERE)
    error = refused(fxiaoke, plan, plan.digest)
    assert error.exit_code == 5


def test_without_room_for_the_backup_nothing_is_deleted(house: House, tenant: Tenant) -> None:
    plan = tenant.crm.plan(WHERE)
    vault = house.home / "vault"
    shutil.rmtree(vault, ignore_errors=True)
    vault.write_text("a file where the folder should be")
    error = refused(tenant, plan, plan.digest, BackupError)
    assert error.exit_code == 6
