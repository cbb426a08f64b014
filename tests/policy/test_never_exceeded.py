"""Over random policies, plans and modules: no cap is exceeded, nothing held is sent, no rescue is refused.

`CRM_BRIDGE_EXAMPLES=200 pytest tests/policy/test_never_exceeded.py` is the long sweep.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import GuardError
from crm_bridge.sandbox.records import CURRENCIES, STATUSES, contracts
from tests.journeys.conftest import Tenant
from tests.policy.conftest import Ruled

SEEDS = contracts(30)
SWEEP = settings(
    max_examples=int(os.environ.get("CRM_BRIDGE_EXAMPLES", "4")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PLACES = st.integers(0, len(SEEDS) - 1)
CAPS = ("max_contracts", "max_leaves", "max_share", "max_per_customer", "max_amount")
STRICTEST = """
max_contracts = 1
max_leaves = 1
max_share = 1
share_from = 1
max_per_customer = 1
max_amount = { CNY = 0, EUR = 0, USD = 0 }
protected_names = ["*"]
may_apply = ["nobody"]
min_undo_days = 999
bin_capacity = 1
"""


@dataclass(frozen=True)
class Drawn:
    """A policy, what is added to the module, and the places of the contracts that are selected."""

    max_contracts: int
    max_leaves: int
    max_share: int
    max_per_customer: int
    amounts: tuple[int, ...]
    statuses: tuple[str, ...]
    held: tuple[int, ...]
    added: tuple[tuple[int, str], ...]
    chosen: tuple[int, ...]
    raised: bool
    released: bool

    def text(self) -> str:
        """Return the policy as the configuration has it."""
        statuses = ", ".join(f'"{one}"' for one in self.statuses)
        amounts = ", ".join(f"{name} = {most}" for name, most in zip(CURRENCIES, self.amounts, strict=True))
        return (
            f"max_contracts = {self.max_contracts}\nmax_leaves = {self.max_leaves}\nshare_from = 10\n"
            f"max_share = {self.max_share}\nmax_per_customer = {self.max_per_customer}\n"
            f"max_amount = {{ {amounts} }}\n"
            f'protected_statuses = [{statuses}]\nhold_list = "holds.csv"'
        )


DRAWN = st.builds(
    Drawn,
    max_contracts=st.integers(1, 7),
    max_leaves=st.integers(3, 40),
    max_share=st.sampled_from([5, 10, 25, 100]),
    max_per_customer=st.integers(1, 3),
    amounts=st.tuples(*[st.sampled_from([0, 100_000, 10**9, 10**9, 10**9])] * len(CURRENCIES)),
    statuses=st.lists(st.sampled_from(STATUSES), max_size=2, unique=True).map(tuple),
    held=st.lists(PLACES, max_size=4, unique=True).map(tuple),
    added=st.lists(st.tuples(PLACES, st.sampled_from(["line", "file"])), max_size=6).map(tuple),
    chosen=st.lists(PLACES, min_size=1, max_size=7, unique=True).map(tuple),
    raised=st.booleans(),
    released=st.booleans(),
)


def leaves_of(tenant: Tenant, place: int, record_id: str, added: Counter[tuple[str, str]]) -> int:
    """Return the lines, notes and files of a contract; notes are none of 纷享销客."""
    seed = SEEDS[place]
    notes = len(seed.notes) if tenant.crm.name.startswith("zoho") else 0
    return len(seed.lines) + notes + len(seed.files) + added[record_id, "line"] + added[record_id, "file"]


@SWEEP
@given(drawn=DRAWN)
def test_no_cap_is_exceeded_nothing_held_is_sent_and_everything_can_come_back(ruled: Ruled, drawn: Drawn) -> None:
    plain = ruled.under("")
    ids = plain.ids()
    assert len(ids) == len(SEEDS)
    for place, what in drawn.added:
        assert "error" not in plain.emulator.control("add", {"id": ids[place], "what": what, "text": "more"})
        ruled.added[ids[place], what] += 1
    known = {one.id: one for one in plain.crm.find("everything")}
    lines = ["number,reason", *(f"{known[ids[place]].number},drawn" for place in drawn.held)]
    (ruled.house.home / "holds.csv").write_text("\n".join(lines) + "\n" if drawn.held else "# none\nX-0\n")
    tenant = ruled.under(drawn.text(), release=drawn.released)
    before, run, refused = len(tenant.removals()), None, ""
    try:
        plan = tenant.crm.plan(ids=[ids[place] for place in drawn.chosen], max_contracts=7 if drawn.raised else None)
        run = tenant.crm.apply(plan, confirm=plan.digest)
    except GuardError as error:
        refused = error.reason
    assert refused in ("", "protected", *CAPS)
    gone = {key for _kind, key in tenant.removals()[before:]} & set(ids)
    places = [ids.index(key) for key in gone]
    assert len(gone) <= (7 if drawn.raised else drawn.max_contracts)
    assert sum(leaves_of(tenant, place, ids[place], ruled.added) for place in places) <= drawn.max_leaves
    assert len(gone) * 100 <= drawn.max_share * len(ids)
    assert max(Counter(known[key].customer for key in gone).values(), default=0) <= drawn.max_per_customer
    for currency, most in zip(CURRENCIES, drawn.amounts, strict=True):
        assert sum(known[key].amount or Decimal() for key in gone if known[key].currency == currency) <= most
    assert not set(places) & set(drawn.held)
    assert not {known[key].status for key in gone} & set(drawn.statuses)
    assert drawn.released or not [place for place in places if SEEDS[place].orders or SEEDS[place].payments]
    if run is not None:
        assert run.counts[Outcome.REMOVED] == len(gone)
        back = ruled.under(STRICTEST, release=False).crm.restore(run.id)
        assert [step.result for step in back] == ["restored"] * len(gone)
    assert sorted(ruled.under("").ids()) == sorted(ids)
