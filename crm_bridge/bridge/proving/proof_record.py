"""The record of a proof in the journal: what it was to create, what it created, and by which plans it removed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from crm_bridge import failpoints
from crm_bridge.i18n import _
from crm_bridge.journal.format.canonical import JsonValue
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.locks import hold
from crm_bridge.pipeline.context import RunContext

START, INTENT, OUTCOME, PLANNED, END = "prove.start", "prove.intent", "prove.outcome", "prove.plan", "prove.end"
_ONCE: Mapping[str, JsonValue] = {"step": "create", "attempt": 1}


@dataclass(slots=True)
class ProofRecord:
    """One proof as the journal has it. A label is the title of one contract, and unlike any other text."""

    id: str
    labels: tuple[str, ...]
    made: dict[str, str] = field(default_factory=dict)
    """Label -> id of the contract that was created under it, where the CRM told."""
    open: set[str] = field(default_factory=set)
    """Labels under which a contract may have been created: no answer was journaled."""
    plans: list[str] = field(default_factory=list)
    """Digests of the plans that were made for contracts of this proof."""
    ended: bool = False
    """Whether nothing was left."""

    @property
    def prefix(self) -> str:
        """Return what all labels begin with."""
        return self.labels[0].rpartition(" ")[0]

    def start(self, context: RunContext, *, production: bool) -> None:
        """Write down what is to be created, before anything is."""
        self._write(context, START, {"labels": list(self.labels), "production": production})

    def intend(self, context: RunContext, label: str) -> None:
        """Write down that a contract is about to be created."""
        with failpoints.step("prove.intent"):
            self._write(context, INTENT, _ONCE, [{"id": label}])
        self.open.add(label)

    def settle(self, context: RunContext, label: str, created: str | None) -> None:
        """Write down what became of it: the new id, or that there is none."""
        with failpoints.step("prove.outcome"):
            self._write(context, OUTCOME, _ONCE, [{"id": label, "created": created or ""}])
        self.open.discard(label)
        if created:
            self.made[label] = created

    def plan(self, context: RunContext, digest: str) -> None:
        """Write down by which plan contracts are about to be removed."""
        with failpoints.step("prove.plan"):
            self._write(context, PLANNED, {"digest": digest})
        self.plans.append(digest)

    def end(self, context: RunContext, left: int) -> None:
        """Write down how many contracts are left."""
        self._write(context, END, {"left": left})
        self.ended = not left

    @contextmanager
    def working(self, context: RunContext) -> Iterator[None]:
        """Keep other processes off this proof while the block runs. Raises JournalBusyError."""
        with hold(context.locks / f"prove-{self.id}.lock", what=_("proof {id}").format(id=self.id)):
            yield

    def _write(
        self,
        context: RunContext,
        op: str,
        body: Mapping[str, JsonValue],
        lines: Sequence[Mapping[str, JsonValue]] = (),
    ) -> None:
        context.journal.append(
            [
                NewEntry(
                    op=op,
                    system=context.system,
                    org=context.profile.org_id,
                    module=context.profile.module,
                    run=self.id,
                    crm_user=context.profile.user_id,
                    body={"connection": context.connection, **body},
                    lines=lines,
                )
            ]
        )


def unfinished(context: RunContext) -> list[ProofRecord]:
    """Return the proofs of this tenant and module of which something may be left, oldest first."""
    found: dict[str, ProofRecord] = {}
    for entry in context.journal.entries(op=START):
        if (entry.system, entry.org, entry.module) == (context.system, context.profile.org_id, context.profile.module):
            found[entry.run] = ProofRecord(entry.run, tuple(map(str, entry.body["labels"])))
    for record in found.values():
        _read(context, record)
    return [one for one in found.values() if not one.ended]


def _read(context: RunContext, record: ProofRecord) -> None:
    for entry in context.journal.entries(run=record.id):
        lines = [line.facts for line in context.journal.lines(entry)]
        if entry.op == INTENT:
            record.open.update(str(one["id"]) for one in lines)
        elif entry.op == OUTCOME:
            record.open.difference_update(str(one["id"]) for one in lines)
            record.made.update((str(one["id"]), str(one["created"])) for one in lines if one.get("created"))
        elif entry.op == PLANNED:
            record.plans.append(str(entry.body["digest"]))
        elif entry.op == END:
            record.ended = not entry.body.get("left")
