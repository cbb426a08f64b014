"""Outside: which of the deletions that the CRM lists no run of this journal accounts for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.lifecycle import Event
from crm_bridge.errors import NotAvailableError
from crm_bridge.i18n import _
from crm_bridge.journal.entry import Entry
from crm_bridge.pipeline.desk import Desk
from crm_bridge.pipeline.entries import INTENT, OUTCOME, RESTORE_INTENT, RESTORE_OUTCOME, Told, history
from crm_bridge.spi.adapter import Completeness, Query, Whereabouts

_DID_NOT = frozenset(
    {
        Event.ANSWERED_NOT_DONE,
        Event.ANSWERED_HELD,
        Event.ANSWERED_REFUSED,
        Event.FOUND_NOT_DONE,
        Event.FOUND_NOT_OURS,
    }
)
_TELLING = frozenset({INTENT, OUTCOME, "reconcile", RESTORE_INTENT, RESTORE_OUTCOME})


class Account(StrEnum):
    """Who answers for one deletion."""

    JOURNAL = "in_journal"
    OUTSIDE = "not_in_journal"
    """Deleted by our own user, and no run of this journal intended it."""
    OTHERS = "by_others"
    UNNAMED = "nobody_named"
    """The CRM does not say who deleted it, and no run of this journal intended it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One deletion that the CRM lists, and who answers for it."""

    seen: Whereabouts
    account: Account


class Comparison:
    """The CRM's list of deletions beside the journal, streamed once; afterwards `completeness` is known."""

    def __init__(self, desk: Desk, since: datetime | None = None) -> None:
        """Start at `since`, or where the journal begins: what was deleted earlier cannot stand in it."""
        self._desk = desk
        self.since = since or _beginning(desk)
        self._search = desk.adapter.find(Query(deleted_since=self.since - desk.policy.allowed_skew))
        self._accounts = Accounts(desk)
        self.completeness: Completeness | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what the adapter added about the list; complete once it has ended."""
        return tuple(self._search.remarks)

    def __iter__(self) -> Iterator[Listed]:
        """Yield every deletion once. Raises NotAvailableError, PermissionDeniedError."""
        known: set[str] = set()
        # The CRM's clock may be behind ours, and tell whole seconds.
        earliest = self.since - self._desk.policy.allowed_skew
        for one in self._deleted():
            if one.ref.id not in known and (one.at is None or one.at >= earliest):
                known.add(one.ref.id)
                yield Listed(one, self._accounts.account_of(one))

    def _deleted(self) -> Iterator[Whereabouts]:
        seen = 0
        for page in self._search.pages:
            self._desk.stop.check()
            if page.deleted is None:
                raise NotAvailableError(_("this adapter cannot list what was deleted in the CRM"))
            self.completeness = page.completeness or self.completeness
            seen += len(page.deleted)
            self._desk.progress("find", seen, None)
            yield from page.deleted


class Accounts:
    """The deletions that runs of this journal intended: read once per run, asked for each deletion that is listed."""

    def __init__(self, desk: Desk) -> None:
        """Read nothing yet."""
        self._desk = desk
        self._runs: dict[str, dict[str, list[_Act]]] = {}

    def account_of(self, seen: Whereabouts) -> Account:
        """Return who answers for a deletion. Nobody else's is ever held against our user."""
        if seen.by is not None and seen.by != self._desk.profile.user_id:
            return Account.OTHERS
        if self._intended(seen):
            return Account.JOURNAL
        return Account.UNNAMED if seen.by is None else Account.OUTSIDE

    def _intended(self, seen: Whereabouts) -> bool:
        """Return whether a run intended this deletion before it. A proven refusal or a way back undoes the intent."""
        until = seen.at + self._desk.policy.allowed_skew if seen.at else None
        open_steps, route = set[object](), ""
        for act in self._acts(seen):
            if until and act.at > until:
                break
            if act.event is Event.INTENDED:
                open_steps.add(act.step)
            elif act.event in _DID_NOT:
                open_steps.discard(act.step)
            elif act.event is Event.RESTORE_INTENDED:
                route = act.route
            elif act.event is Event.RESTORE_DONE and route == Route.UNTRASH:
                # It left the bin: that it is listed again takes another deletion. A re-created one has another id.
                open_steps.clear()
        return bool(open_steps)

    def _acts(self, seen: Whereabouts) -> list[_Act]:
        """Return what runs did about a record, over all runs that let it through their gates, in order."""
        place = (self._desk.system, self._desk.profile.org_id, seen.ref.module)
        gates = [entry for entry, _line in self._desk.journal.gates_of(seen.ref.id)]
        runs = dict.fromkeys(gate.run for gate in gates if (gate.system, gate.org, gate.module) == place)
        return sorted(act for run in runs for act in self._run(run).get(seen.ref.id, ()))

    def _run(self, run: str) -> dict[str, list[_Act]]:
        if run not in self._runs:
            acts: dict[str, list[_Act]] = {}
            shared: dict[_Act, _Act] = {}
            for told in history(self._desk.journal, run):
                if told.entry.op in _TELLING:
                    act = _Act.of(told)
                    acts.setdefault(told.line.record_id, []).append(shared.setdefault(act, act))
            self._runs[run] = acts
        return self._runs[run]


@dataclass(frozen=True, slots=True, order=True)
class _Act:
    """One event of one contract, as far as the account of a deletion needs it."""

    seq: int
    at: datetime
    event: Event
    step: Step
    route: str

    @classmethod
    def of(cls, told: Told) -> _Act:
        happening = told.happening
        at = datetime.fromisoformat(told.entry.ts)
        return cls(told.entry.seq, at, happening.event, happening.step, str(told.line.facts.get("route", "")))


def _beginning(desk: Desk) -> datetime:
    first: Entry | None = next(desk.journal.entries(), None)
    return datetime.fromisoformat(first.ts) if first else desk.clock.now() - timedelta(days=1)
