"""The small adapter of the how-to page does the whole journey: nothing, a lock, an edit, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.bridge import Connection
from crm_bridge.testing.stand_in import StandIn, stand_in
from tests.docs.conftest import ROOT
from tests.packaging.test_strangers import install

SOURCE = ROOT / "examples" / "crm_bridge_acme.py"


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    install(tmp_path / "site", monkeypatch, SOURCE.read_text(encoding="utf-8"))
    with stand_in("acme", tmp_path / "home", count=120) as made:
        yield made


@pytest.fixture
def crm(acme: StandIn) -> Connection:
    return acme.crm


def test_it_deletes_and_restores_what_was_planned_and_nothing_else(acme: StandIn, crm: Connection) -> None:
    plan = crm.plan('status = "Expired"')
    before = set(acme.ids())
    run = crm.apply(plan, confirm=plan.digest)
    planned = {contract.id for contract in plan}
    assert (run.exit_code, run.counts) == (0, {"removed": len(planned)})
    assert before - set(acme.ids()) == planned
    assert {item.evidence for item in run} == {"E2"}
    assert {step.result for step in run.receipt().restore()} == {"restored"}
    assert set(acme.ids()) == before


def test_what_is_locked_is_refused_and_what_was_edited_is_held(acme: StandIn, crm: Connection) -> None:
    plan = crm.plan(ids=acme.ids()[:3])
    locked, edited, free = (contract.id for contract in plan)
    acme.control("lock", id=locked)
    acme.edit(edited, "title", "another title")
    run = crm.apply(plan, confirm=plan.digest)
    outcomes = {item.contract.id: (item.outcome, item.reason) for item in run}
    assert outcomes[free] == ("removed", None)
    assert outcomes[edited] == ("held", "changed_since_plan")
    assert outcomes[locked][0] in ("refused", "held")
    assert {locked, edited} <= set(acme.ids())


def test_the_page_about_adapters_leads_to_it() -> None:
    for page in ("docs/how-to/write-an-adapter.md", "docs/zh_CN/how-to/write-an-adapter.md"):
        assert "examples/crm_bridge_acme.py" in (ROOT / page).read_text(encoding="utf-8")
    assert SOURCE.read_text(encoding="utf-8").count("\n") < 450
