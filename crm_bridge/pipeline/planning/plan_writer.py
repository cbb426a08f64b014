"""Writing a plan file: JSON lines, streamed; ids and digests in clear, everything that names people or money sealed.

The head comes first, then a line per contract, then what was noticed while planning, then a foot with count, digest
and the mark of the installation.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.domain.planning.plan import DeletionPlan, PlanDigest, PlanHead, Totals
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.planning.target import Target
from crm_bridge.files import create_unfinished, fsync_folder, remove_abandoned
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.entries import PLAN_MADE
from crm_bridge.pipeline.planning.plan_seal import FOOT, HEAD, NOTES, PlanSeal, place_of, plan_key
from crm_bridge.pipeline.planning.policing import policy_facts


class PlanWriter:
    """Writes a plan file target by target; nothing counts before `finish`. Leaving early removes the file."""

    def __init__(
        self, path: Path, head: PlanHead, *, journal: Journal, randomness: random.Random, named: bool = True
    ) -> None:
        """Create a new file, 0600, beside its final name `path`; not `named`, in the folder `path`, after its digest.

        What writers that were killed left beside it is removed.
        """
        self._named, self._path = named, path
        name = f".{path.name}.part" if named else f".draft-{head.id}.part"
        self._part = (path.parent if named else path) / name
        self._head = head
        self._journal = journal
        self._seal = PlanSeal(plan_key(journal, head.id), randomness)
        self._digest = PlanDigest(head)
        self._totals = Totals()
        if not named:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_abandoned(self._part.parent, name if named else ".draft-*.part")
        self._file: IO[bytes] = os.fdopen(create_unfinished(self._part), "wb")
        self._line({**head.public(), "sealed": self._seal.close(head.private(), HEAD)})

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Throw the unfinished file away."""
        self._file.close()
        with suppress(FileNotFoundError):
            self._part.unlink()

    @property
    def path(self) -> Path:
        """Return the final name; the folder as long as the digest is not known."""
        return self._path

    @property
    def totals(self) -> Totals:
        """Return the number of contracts so far, and their money."""
        return self._totals

    def add(self, target: Target) -> None:
        """Write one contract."""
        place = place_of(self._totals.count, target.ref, target.digest)
        self._digest.add(target)
        self._totals = self._totals.plus(target)
        sealed = self._seal.close(target.card.as_json(), place)
        self._line({"module": target.ref.module, "id": target.ref.id, "digest": target.digest, "sealed": sealed})

    def finish(self, notes: PlanNotes) -> DeletionPlan:
        """Write notes and foot, make the file durable and give it its name."""
        digest = self._digest.end(notes)
        mark = self._journal.keyed_digest("plan", digest)
        self._line({"schema": NOTES, "sealed": self._seal.close(notes.as_json(), NOTES)})
        self._line({"schema": FOOT, "count": self._totals.count, "digest": digest, "mark": mark})
        self._file.flush()
        os.fsync(self._file.fileno())
        if not self._named:
            self._path, self._named = self._path / f"{digest}.plan", True
        self._part.replace(self._path)
        fsync_folder(self._path.parent)
        return DeletionPlan(self._head, self._totals, notes, digest)

    def _line(self, value: Mapping[str, JsonValue]) -> None:
        self._file.write(canonical_bytes(dict(value)) + b"\n")


def plan_made(journal: Journal, plan: DeletionPlan, *, revises: str = "") -> NewEntry:
    """Return the entry about a plan that was made: digests and counts, never names; `revises` is the plan before."""
    head = plan.head
    body: dict[str, JsonValue] = {
        "connection": head.connection,
        "plan_id": head.id,
        "count": plan.count,
        "step": head.step.value,
        "automations": head.automations,
        "expires_at": head.expires_at.isoformat(timespec="milliseconds"),
        "where": journal.keyed_digest("where", head.where),
        "reason": journal.keyed_digest("reason", head.reason),
        "assumptions": list(head.assumptions),
        **({"revises": revises} if revises else {}),
        **policy_facts(journal, plan.notes),
    }
    return NewEntry(
        op=PLAN_MADE,
        system=head.adapter,
        org=head.org,
        module=head.module,
        plan=plan.digest,
        crm_user=head.user,
        body=body,
    )
