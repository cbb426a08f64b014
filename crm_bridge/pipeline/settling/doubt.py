"""Doubt of other runs: a record whose answer was lost there belongs to nothing new until somebody has looked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from crm_bridge.domain.lifecycle import State
from crm_bridge.domain.planning.target import Target
from crm_bridge.errors import GuardError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.context import RunContext
from crm_bridge.pipeline.entries import statuses
from crm_bridge.pipeline.runs import all_runs

LATE = frozenset({State.IN_FLIGHT, State.IN_DOUBT})
"""States in which a request may still be on its way to a contract that was not found deleted."""
DOUBTFUL = LATE | {State.UNATTRIBUTED}


def doubtful_records(
    journal: Journal, system: str, org: str, *, but: str = "", states: Collection[State] = DOUBTFUL
) -> dict[str, str]:
    """Return the records of this organisation that stand in doubt (`states`), each with its run; not those of `but`.

    A run with a doubtful record never counts as complete, so that only unfinished runs are folded.
    """
    found: dict[str, str] = {}
    for run in all_runs(journal):
        if run.complete or run.id == but or (run.system, run.org) != (system, org):
            continue
        found.update(dict.fromkeys(statuses(journal, run.id).ids(lambda place: place.state in states), run.id))
    return found


def refuse_doubtful(context: RunContext, targets: Iterable[Target], *, but: str = "") -> None:
    """Raise GuardError when one of the targets is in doubt in another run: its delete may still be on the way."""
    if doubtful := doubtful_records(context.journal, context.system, context.profile.org_id, but=but):
        for target in targets:
            _check(target, doubtful)


def undoubted(context: RunContext, targets: Iterable[Target], *, but: str = "") -> Iterator[Target]:
    """Pass targets on as they come. Raises GuardError at the first that is in doubt in another run than `but`."""
    doubtful = doubtful_records(context.journal, context.system, context.profile.org_id, but=but)
    for target in targets:
        _check(target, doubtful)
        yield target


def _check(target: Target, doubtful: Mapping[str, str]) -> None:
    if run := doubtful.get(target.ref.id):
        raise GuardError(
            _("contract {id} is in doubt since run {run}: nobody knows yet whether it was deleted").format(
                id=target.ref.id, run=run
            ),
            reason="in_doubt_elsewhere",
            hint=_("let that run end, or settle it with `crm-bridge resume {run}`; then do this again").format(run=run),
        )
