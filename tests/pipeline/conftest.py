"""A journal in a folder, and plans whose contracts are made up."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.cost import Prediction
from crm_bridge.domain.planning.plan import DeletionPlan, PlanDigest, PlanHead
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.planning.target import Card, Target
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.planning.plan_writer import PlanWriter
from tests.journal.conftest import MemoryKeys

MADE = datetime(2026, 8, 3, 9, 0, tzinfo=UTC)
BOOT, MONO_MS = "this-boot", 1000


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A new journal."""
    folder = tmp_path / "journal"
    folder.mkdir(mode=0o700)
    with Journal.open(folder, keys=MemoryKeys(), clock=ManualClock(), randomness=random.Random(1)) as opened:
        yield opened


def head(plan_id: str = "01PLAN") -> PlanHead:
    """Return the head of a plan."""
    return PlanHead(
        id=plan_id,
        connection="a",
        adapter="x",
        org="1",
        module="Contracts",
        user="u",
        environment="sandbox",
        step=Step.TRASH,
        automations=False,
        fast=False,
        made_at=MADE,
        expires_at=MADE + timedelta(hours=24),
        boot=BOOT,
        mono_ms=MONO_MS,
        where='customer = "Acme"',
        reason="duplicate import",
    )


def target(number: int) -> Target:
    """Return one contract."""
    card = Card(f"HT-{number}", "合同", "Acme 有限公司", "Active", Decimal(number), "CNY")
    return Target(ContractRef("Contracts", f"{number:018d}"), f"{number:064x}", card)


NOTES = PlanNotes(locked=1, missing=("000000000000000077",), warnings=("odd 合同",), predicted=Prediction(3, 4))


def write_plan(path: Path, journal: Journal, count: int) -> DeletionPlan:
    """Write a plan of `count` contracts."""
    with PlanWriter(path, head(), journal=journal, randomness=random.Random(2)) as writer:
        for number in range(count):
            writer.add(target(number))
        return writer.finish(NOTES)


def digest_of_plan(head: PlanHead, targets: Iterable[Target], notes: PlanNotes) -> str:
    """Return the digest of a whole plan."""
    running = PlanDigest(head)
    for one in targets:
        running.add(one)
    return running.end(notes)
