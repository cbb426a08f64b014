"""A review, gathered from the journal in one pass over its entries, and from the vault. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_bridge.bridge import Bridge
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import Entry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.entries import NOTIFIED
from crm_bridge.pipeline.restoring.rehearsal import REHEARSED
from crm_bridge.pipeline.runs import RunInfo, all_runs
from crm_bridge.pipeline.settling.audit import AUDITED
from crm_bridge.pipeline.settling.watch import KIND_WORDS, WATCHED, ComebackKind
from crm_bridge.pipeline.signing_off import SignOff, last_sign_off
from crm_bridge.registry import load_adapter
from crm_bridge.report.review.runs import RunUnderReview
from crm_bridge.report.review.values import Concern, Review, ReviewedRun, ReviewRow, Topic

_SOON = timedelta(days=14)
_DISPOSED = ("vault.prune.confirmed", "vault.shred.confirmed")


@dataclass
class Reviewer:
    """Reads the entries from `since` (default: after the last sign-off) up to `up_to` (default: the last one)."""

    bridge: Bridge
    since: datetime | None = None
    up_to: int | None = None
    vault: bool = False
    """Whether every backup set is read again; the journal always is."""
    _seen: dict[str, bool] = field(default_factory=dict)
    """Runs that the period says something about, and whether they began in it."""

    def review(self) -> Review:
        """Return the review. Raises UsageError where nothing is left to review."""
        journal = self.bridge.journal
        before = last_sign_off(journal)
        last = journal.head().size - 1 if self.up_to is None else self.up_to
        first, noted, span = -1, list[Concern](), ["", ""]
        for entry in journal.entries(after_seq=self._begin(before) - 1):
            if entry.seq > last:
                break
            if self.since is not None and datetime.fromisoformat(entry.ts) < self.since:
                continue
            first = entry.seq if first < 0 else first
            span = [span[0] or entry.ts, entry.ts]
            if entry.run:
                self._seen[entry.run] = self._seen.get(entry.run, False) or entry.op == "run.start"
            noted += _watched(journal, entry) if entry.op == WATCHED else _noted(entry)
        if first < 0:
            raise UsageError(_("there is nothing to review since then"), reason="nothing_to_review")
        runs, concerns = self._runs(last)
        concerns += [*noted, *self._checks(), *self._deadlines(runs)]
        order = list(Topic)
        concerns.sort(key=lambda one: order.index(one.topic))
        return Review(first, last, span[0], span[1], before, tuple(runs), tuple(concerns), self.vault)

    def _begin(self, before: SignOff | None) -> int:
        return before.up_to + 1 if before is not None and self.since is None else 0

    def _runs(self, last: int) -> tuple[list[ReviewedRun], list[Concern]]:
        runs, concerns = list[ReviewedRun](), list[Concern]()
        for info in self._infos(last):
            looked_at = RunUnderReview(self.bridge, info, last)
            runs.append(looked_at.summary(new=self._seen[info.id]))
            concerns += looked_at.concerns()
        return runs, concerns

    def _infos(self, last: int) -> Iterator[RunInfo]:
        return (one for one in all_runs(self.bridge.journal) if one.id in self._seen and one.start_seq <= last)

    def rows(self, review: Review) -> Iterator[ReviewRow]:
        """Yield a row for every contract of the reviewed runs, one run in memory at a time."""
        for run in review.runs:
            yield from RunUnderReview(self.bridge, run.info, review.last).rows()

    def _checks(self) -> Iterator[Concern]:
        found = self.bridge.check_journal()
        for item in found.items:
            yield Concern(Topic.JOURNAL, f"{item.what} ({item.where})", count=int(item.code))
        for report in self.bridge.retention.check() if self.vault else ():
            for finding in report.findings:
                yield Concern(Topic.VAULT, f"{report.set_id}: {finding.message}")

    def _deadlines(self, runs: list[ReviewedRun]) -> Iterator[Concern]:
        """Yield which bins and backups end soon; what passed its last day is named as well."""
        now = self.bridge.env.clock.now()
        for run in runs:
            days = load_adapter(run.info.system).limits.bin_days
            removed = run.outcomes[Outcome.REMOVED.value]
            if days is None or not removed or run.info.step != Step.TRASH.value:
                continue
            end = datetime.fromisoformat(run.info.started) + timedelta(days=days)
            if now - _SOON <= end <= now + _SOON:
                says = _("the CRM's bin keeps it until {date}").format(date=end.date())
                yield Concern(Topic.BIN_DEADLINE, says, run.info.id, run.info.ref.connection, removed)
        known = frozenset(one.id for one in all_runs(self.bridge.journal))
        for one in self.bridge.vault.sets():
            # What no deletion made, such as a rehearsal, nobody will need back.
            needed = one.run in known and one.complete and not one.shredded
            if needed and one.keep_until and one.keep_until <= (now + _SOON).date():
                says = _("kept until {date}").format(date=one.keep_until)
                yield Concern(Topic.BACKUP_EXPIRES, f"{one.set_id}: {says}", one.run, one.connection, one.count)


def _watched(journal: Journal, entry: Entry) -> Iterator[Concern]:
    """Yield what a watch found, by its kind."""
    kinds: dict[str, list[str]] = {}
    for line in journal.lines(entry):
        kinds.setdefault(str(line.facts["kind"]), []).append(line.record_id)
    for kind, ids in kinds.items():
        topic = Topic.HELD if kind == ComebackKind.HOLD else Topic.REAPPEARED
        says = _("found by a watch ({point}): {kind}").format(point=entry.body["point"], kind=_(KIND_WORDS[kind]))
        yield Concern(topic, says, entry.run, str(entry.body["connection"]), len(ids), tuple(ids[:20]))


def _noted(entry: Entry) -> Iterator[Concern]:
    """Yield what one entry that is about no single contract deserves."""
    body = entry.body
    if entry.op == AUDITED and body["outside"]:
        says = _("by our user, found by `journal reconcile`; no run of this journal did it")
        ids = tuple(str(one) for one in body["ids"])
        yield Concern(Topic.OUTSIDE, says, "", str(body["connection"]), int(body["outside"]), ids)
    if entry.op == NOTIFIED and (late := set(body["states"]) - {"sent"}):
        says = _("messages that are not sent: {states}").format(states=", ".join(sorted(late)))
        yield Concern(Topic.NOT_TOLD, says, entry.run, count=sum(int(body["states"][one]) for one in late))
    if entry.op == REHEARSED and body.get("result") != "passed":
        yield Concern(Topic.REHEARSAL, str(body.get("result")), entry.run, str(body.get("connection", "")))
    if entry.op in _DISPOSED:
        says = _("{count} sets, confirmed by {who}").format(count=len(body["sets"]), who=body["confirmed_by"])
        yield Concern(Topic.SHREDDED, says, count=int(body["contracts"]))
