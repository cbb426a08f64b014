"""The writing part: three contracts of our own go through every step, and nothing else is touched or left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.bridge.proving.proof import Proof
from crm_bridge.errors import ConfirmationError, GuardError
from tests.journeys.conftest import House, Tenant, served

CRMS = ("zoho", "fxiaoke")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with served(tmp_path / "home", count=12) as house:
        yield house


@pytest.fixture(params=CRMS)
def tenant(request: pytest.FixtureRequest, house: House) -> Tenant:
    return house.tenant(request.param)


def written(tenant: Tenant) -> Proof:
    """Prove both parts."""
    tenant.crm.prove()
    return tenant.crm.prove(confirm=lambda plan: plan.phrase)


def strangers(tenant: Tenant, since: int = 0) -> list[str]:
    """Return what was done to records that are older than the first of ours: ids grow."""
    effects = [effect for line in tenant.lines()[since:] for effect in line.effects if effect.module != "media"]
    first = min((effect.id for effect in effects if effect.kind == "created"), default="")
    return [f"{effect.kind} {effect.module} {effect.id}" for effect in effects if not first or effect.id < first]


def of_ours(tenant: Tenant) -> list[str]:
    """Return every record that was created and is still live or in the bin."""
    effects = [effect for line in tenant.lines() for effect in line.effects]
    made = {one.id for one in effects if one.kind == "created"}
    return sorted(one for one in made if tenant.place(one) in ("live", "bin"))


def test_every_step_goes_well_and_nothing_is_left(tenant: Tenant) -> None:
    before = tenant.ids()
    tenant.crm.prove()
    since = len(tenant.lines())
    proof = tenant.crm.prove(confirm=lambda plan: plan.phrase)
    assert [one.name for one in proof.steps if not one.worked] == []
    assert [one.name for one in proof.steps] == [
        "look at rights",
        "create",
        "trash",
        "restore from the bin",
        "create",
        "create",
        "find and plan",
        "back up, delete and verify",
        "purge",
        "create again and compare",
        "clean up",
    ]
    assert tenant.ids() == before
    assert (strangers(tenant), of_ours(tenant)) == ([], [])
    assert proof.left == 0
    assert proof.calls == len(tenant.lines()) - since <= 80


def test_what_was_asked_for_is_in_the_phrase(tenant: Tenant) -> None:
    profile = tenant.crm.profile()
    tenant.crm.prove()
    phrases: list[str] = []
    with pytest.raises(ConfirmationError):
        tenant.crm.prove(confirm=lambda plan: phrases.append(plan.phrase) or "")  # type: ignore[func-returns-value]
    assert phrases == [f"CREATE AND PURGE 3 / {tenant.crm.name} / {profile.org_id} / {profile.module} / sandbox"]
    assert strangers(tenant) == []


def test_without_the_reading_part_nothing_is_written(tenant: Tenant) -> None:
    with pytest.raises(GuardError, match="nothing was observed"):
        tenant.crm.prove(confirm=lambda plan: plan.phrase)


def test_production_is_refused_unless_it_is_said_twice(house: House) -> None:
    tenant = house.tenant("zoho")
    tenant.switch("org_type", "production")
    tenant.crm.prove()
    with pytest.raises(GuardError, match="no sandbox"):
        tenant.crm.prove(confirm=lambda plan: plan.phrase)
    with pytest.raises(ConfirmationError):
        tenant.crm.prove(confirm=lambda plan: plan.phrase.replace("PRODUCTION ", ""), production=True)
    assert tenant.crm.prove(confirm=lambda plan: plan.phrase, production=True).worked


def test_a_template_is_copied(tenant: Tenant) -> None:
    tenant.crm.prove()
    wanted = tenant.ids()[0]
    proof = tenant.crm.prove(confirm=lambda plan: plan.phrase, template=wanted)
    assert proof.worked
    assert tenant.place(wanted) == "live"


def test_a_policy_that_protects_young_contracts_is_told_before_anything_is_created(house: House) -> None:
    config = house.home / "config.toml"
    config.write_text(config.read_text() + "\n[connections.zoho-sandbox.policy]\nmin_age_days = 3\n")
    with house.reopened() as bridge:
        crm = bridge.connect("zoho-sandbox")
        crm.prove()
        with pytest.raises(GuardError, match="younger than 3 days"):
            crm.prove(confirm=lambda plan: plan.phrase)


@pytest.mark.parametrize("right", ["invalid", "delete", "create"])
def test_fxiaoke_denies_a_right_and_nothing_is_left(house: House, right: str) -> None:
    tenant = house.tenant("fxiaoke")
    tenant.emulator.control("permission", {right: False})
    proof = written(tenant)
    assert not proof.worked
    assert [one.name for one in proof.steps][-1:] != ["create"] or proof.steps[-1].why
    assert (proof.left, strangers(tenant), of_ours(tenant)) == (0, [], [])
