"""Over random policies and selections: no cap is exceeded, nothing protected is sent, no rescue is refused."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import GuardError
from crm_bridge.sandbox.records import STATUSES, contracts
from tests.policy.conftest import Ruled

SEEDS = contracts(30)
FEW = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def leaves(place: int) -> int:
    """Return the lines, notes and files of a seeded contract."""
    seed = SEEDS[place]
    return len(seed.lines) + len(seed.notes) + len(seed.files)


@dataclass(frozen=True)
class Drawn:
    """A policy, and the places of the contracts that are selected."""

    max_contracts: int
    max_leaves: int
    statuses: tuple[str, ...]
    held: tuple[int, ...]
    chosen: tuple[int, ...]
    raised: bool

    def text(self) -> str:
        """Return the policy as the configuration has it."""
        statuses = ", ".join(f'"{one}"' for one in self.statuses)
        return (
            f"max_contracts = {self.max_contracts}\nmax_leaves = {self.max_leaves}\n"
            f'protected_statuses = [{statuses}]\nhold_list = "holds.csv"'
        )


DRAWN = st.builds(
    Drawn,
    max_contracts=st.integers(1, 6),
    max_leaves=st.integers(3, 30),
    statuses=st.lists(st.sampled_from(STATUSES), max_size=2, unique=True).map(tuple),
    held=st.lists(st.integers(0, 29), max_size=4, unique=True).map(tuple),
    chosen=st.lists(st.integers(0, 29), min_size=1, max_size=7, unique=True).map(tuple),
    raised=st.booleans(),
)


@FEW
@given(drawn=DRAWN)
def test_no_cap_is_exceeded_nothing_protected_is_sent_and_everything_can_come_back(ruled: Ruled, drawn: Drawn) -> None:
    plain = ruled.under("")
    ids = plain.ids()
    assert len(ids) == len(SEEDS)
    known = {one.id: one for one in plain.crm.find("everything")}
    numbers = [known[one].number for one in ids]
    lines = ["number,reason", *(f"{numbers[place]},drawn" for place in drawn.held)]
    (ruled.house.home / "holds.csv").write_text("\n".join(lines) + "\n" if drawn.held else "# none\nX-0\n")
    tenant = ruled.under(drawn.text())
    most = 7 if drawn.raised else drawn.max_contracts
    before = len(tenant.removals())
    run, refused = None, ""
    try:
        plan = tenant.crm.plan(ids=[ids[place] for place in drawn.chosen], max_contracts=7 if drawn.raised else None)
        run = tenant.crm.apply(plan, confirm=plan.digest)
    except GuardError as error:
        refused = error.reason
    assert refused in ("", "protected", "max_contracts", "max_leaves")
    gone = {key for _kind, key in tenant.removals()[before:]} & set(ids)
    places = [ids.index(key) for key in gone]
    assert len(gone) <= most
    assert sum(map(leaves, places)) <= drawn.max_leaves
    assert not set(places) & set(drawn.held)
    assert not {known[key].status for key in gone} & set(drawn.statuses)
    if run is not None:
        assert run.counts[Outcome.REMOVED] == len(gone)
        # The strictest policy there is does not stand in the way.
        strict = ruled.under('max_contracts = 1\nmax_leaves = 1\nprotected_names = ["*"]\nmay_apply = ["nobody"]')
        assert {step.result for step in strict.crm.restore(run.id)} == {"restored"}
    assert sorted(ruled.under("").ids()) == sorted(ids)
