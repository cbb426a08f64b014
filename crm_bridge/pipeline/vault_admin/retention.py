"""Keep the vault: check sets against the journal, and dispose of them by a confirmed, journaled plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm_bridge import failpoints
from crm_bridge.clock import Clock
from crm_bridge.domain.canonical import JsonValue, digest_of
from crm_bridge.domain.planning.confirmation import how_confirmed
from crm_bridge.errors import BackupError, ConfirmationError, GuardError, NothingMatchedError
from crm_bridge.i18n import _
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.deleting.saving import BACKUP_MADE
from crm_bridge.pipeline.entries import BACKUP
from crm_bridge.pipeline.runs import all_runs
from crm_bridge.vault import CheckReport, SetSummary, Vault, VaultFinding
from crm_bridge.vault.format.bag import manifest_digest

COPIED = "vault.copy.done"


class DisposalKind(StrEnum):
    """Kinds of disposal: `prune` removes expired ones whole, `shred` destroys the key of one."""

    PRUNE = "prune"
    SHRED = "shred"


@dataclass(frozen=True, slots=True)
class DisposalPlan:
    """A plan for the vault: these sets, as they are now. `digest` is what a confirmation must name."""

    kind: DisposalKind
    sets: tuple[SetSummary, ...]
    manifests: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Return the digest over kind, set ids and their manifests, 64 hex digits."""
        pairs = [[one.set_id, manifest] for one, manifest in zip(self.sets, self.manifests, strict=True)]
        return digest_of({"deed": self.kind.value, "sets": pairs})

    @property
    def contracts(self) -> int:
        """Return how many contracts lose their backup."""
        return sum(one.count for one in self.sets)

    @property
    def phrase(self) -> str:
        """Return the words that a person types to confirm exactly this."""
        return f"{self.kind.value.upper()} {len(self.sets)} / {self.contracts} / {self.digest[:6]}"


@dataclass(frozen=True, slots=True)
class DisposalResult:
    """Result of disposing of one set. `cannot_reach` says where copies of its key may live on."""

    set_id: str
    kind: DisposalKind
    cannot_reach: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VaultRetention:
    """The vault together with the journal that vouches for it."""

    vault: Vault
    journal: Journal
    clock: Clock
    actor: str

    def check(self, set_ids: Sequence[str] = ()) -> Iterator[CheckReport]:
        """Re-read, decrypt and compare sets (default: all complete ones), also with what the journal says of them."""
        known = [one.set_id for one in self.vault.sets() if one.complete]
        for set_id in set_ids or known:
            report = self.vault.check(set_id)
            findings = () if report.shredded or report.findings else tuple(self._against_journal(set_id))
            yield CheckReport(
                report.set_id,
                report.findings + findings,
                report.shredded,
                report.contracts,
                report.attachments,
                report.bytes,
            )
        if not set_ids:
            yield from self._missing(frozenset(known))

    def _against_journal(self, set_id: str) -> Iterator[VaultFinding]:
        opened = self.vault.open(set_id)
        for entry in self.journal.entries(run=opened.header.run):
            if entry.body.get("set") != set_id:
                continue
            if entry.op == BACKUP_MADE and entry.body.get("manifest") != opened.digest:
                message = _("the set is not the one that journal entry {seq} names").format(seq=entry.seq)
                yield VaultFinding("journal", "", message)
            if entry.op != BACKUP:
                continue
            for line in self.journal.lines(entry):
                stored = opened.entry(line.record_id)
                if (stored.file, stored.file_sha256) != (line.facts.get("file"), line.facts.get("sha256")):
                    yield VaultFinding(
                        "journal",
                        str(line.facts.get("file", "")),
                        _("the backup of {id} is not the one that journal entry {seq} names").format(
                            id=line.record_id, seq=entry.seq
                        ),
                    )

    def _missing(self, known: frozenset[str]) -> Iterator[CheckReport]:
        """Yield a report for every set that the journal names, that is not there, and that nobody pruned."""
        named: dict[str, None] = {}
        for op in (BACKUP, BACKUP_MADE):
            named.update((str(entry.body["set"]), None) for entry in self.journal.entries(op=op))
        gone = {str(entry.body["set"]) for entry in self.journal.entries(op=_done(DisposalKind.PRUNE))}
        for set_id in named:
            if set_id not in known and set_id not in gone:
                message = _("the journal names this set, and it is not in the vault")
                yield CheckReport(set_id, (VaultFinding("missing", "", message),))

    def plan_prune(self) -> DisposalPlan:
        """Return what a prune would remove: expired sets of finished runs. Raises NothingMatchedError."""
        today = self.clock.now().date()
        unfinished = self._unfinished()
        sets = tuple(one for one in self.vault.expired(today) if one.run not in unfinished)
        if not sets:
            raise NothingMatchedError(
                _("no backup set has passed its last day"),
                reason="nothing_expired",
                hint=_("`crm-bridge vault list` shows until when each is kept"),
            )
        return self._disposal(DisposalKind.PRUNE, sets)

    def plan_shred(self, set_id: str) -> DisposalPlan:
        """Return what shredding one set would do. Raises BackupError (no such set), GuardError (its run is open)."""
        found = [one for one in self.vault.sets() if one.complete and one.set_id == set_id]
        if not found:
            raise BackupError(
                _("there is no backup set {set}").format(set=set_id),
                reason="no_set",
                hint=_("`crm-bridge vault list` shows the sets"),
            )
        if found[0].run in self._unfinished():
            raise GuardError(
                _("run {run} still needs this set").format(run=found[0].run),
                reason="run_not_finished",
                hint=_("finish it first with `crm-bridge resume {run}`").format(run=found[0].run),
            )
        return self._disposal(DisposalKind.SHRED, (found[0],))

    def _unfinished(self) -> frozenset[str]:
        return frozenset(run.id for run in all_runs(self.journal) if not run.complete)

    def _disposal(self, kind: DisposalKind, sets: tuple[SetSummary, ...]) -> DisposalPlan:
        return DisposalPlan(kind, sets, tuple(self._manifest(one.set_id) for one in sets))

    def _manifest(self, set_id: str) -> str:
        try:
            return manifest_digest(self.vault.folder / set_id)
        except (OSError, BackupError):
            # A set whose manifest is gone can still be disposed of; the digest then says so.
            return "unreadable"

    def carry_out(self, plan: DisposalPlan, *, confirm: str) -> list[DisposalResult]:
        """Dispose of the sets of a plan that was seen and confirmed. Raises ConfirmationError; nothing changed then.

        The confirmed list is journaled before the first set is touched, every set again once it is done.
        """
        how = _how(plan, confirm)
        with failpoints.step("vault.confirmed"):
            self.journal.append(
                [NewEntry(f"vault.{plan.kind.value}.confirmed", body=_confirmed(plan, self.actor, how))]
            )
        done = []
        for one in plan.sets:
            with failpoints.step("vault.dispose"):
                cannot_reach = self._dispose(plan.kind, one.set_id)
            body: dict[str, JsonValue] = {"set": one.set_id, "plan": plan.digest, "count": one.count}
            with failpoints.step("vault.disposed"):
                self.journal.append([NewEntry(_done(plan.kind), body=body, run=one.run)])
            done.append(DisposalResult(one.set_id, plan.kind, cannot_reach))
        return done

    def _dispose(self, kind: DisposalKind, set_id: str) -> tuple[str, ...]:
        copies = tuple(self._copies(set_id))
        if kind is DisposalKind.SHRED:
            return self.vault.shred(set_id).cannot_reach + copies
        self.vault.remove(set_id)
        return copies

    def _copies(self, set_id: str) -> Iterator[str]:
        """Yield a sentence for each copy elsewhere that the journal knows of."""
        places = {
            (entry.ts[:10], str(entry.body.get("store", "")))
            for entry in self.journal.entries(op=COPIED)
            if entry.body.get("set") == set_id
        }
        for date, store in sorted(places):
            yield _("the copy of set {set} that was made on {date} ({store}) still holds its key slot").format(
                set=set_id, date=date, store=store
            )


def _how(plan: DisposalPlan, word: str) -> str:
    if how := how_confirmed(word, plan.digest, plan.phrase):
        return how
    raise ConfirmationError(
        _("that does not confirm what is in the vault now; nothing was changed"),
        reason="wrong_confirmation",
        hint=_("run the command without --confirm to see the sets and the digest"),
    )


def _done(kind: DisposalKind) -> str:
    return f"vault.{kind.value}.done"


def _confirmed(plan: DisposalPlan, actor: str, how: str) -> dict[str, JsonValue]:
    sets: list[JsonValue] = [one.set_id for one in plan.sets]
    return {"plan": plan.digest, "sets": sets, "contracts": plan.contracts, "confirmed_by": actor, "confirmed_how": how}
