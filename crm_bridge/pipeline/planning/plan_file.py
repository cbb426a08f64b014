"""A plan file is opened once and read to its end; what it yields later are the bytes that were checked then."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeAlias

from crm_bridge import failpoints
from crm_bridge.domain.canonical import canonical_bytes
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.plan import SCHEMA, DeletionPlan, PlanDigest, PlanHead, Totals
from crm_bridge.domain.planning.plan_notes import PlanNotes
from crm_bridge.domain.planning.target import Card, Target
from crm_bridge.errors import UsageError
from crm_bridge.files import replaced_file
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.planning.plan_seal import FOOT, HEAD, NOTES, TRAILERS, PlanSeal, altered, place_of, plan_key
from crm_bridge.spool import Spool

_LONGEST_LINE = 16 * 1024 * 1024
_AROUND = 3
"""Lines of a plan file beside its contracts: head, notes, foot."""
Trailer: TypeAlias = "dict[str, Any]"


def is_plan(file: BinaryIO) -> bool:
    """Return whether a file begins as plan files do."""
    return f'"schema":"{SCHEMA}"'.encode() in file.readline(_LONGEST_LINE)


class PlanFile:
    """A plan that was read from its file, once and whole. Whatever happens to the file after that changes nothing."""

    def __init__(
        self, path: Path, plan: DeletionPlan, mark: str, seal: PlanSeal, lines: Spool, trailers: tuple[Trailer, ...]
    ) -> None:
        """Use `open_plan`."""
        self.path, self.plan, self.trailers = path, plan, trailers
        self.ours = True
        """Whether this installation made it; another one's can be read and never carried out."""
        self._mark = mark
        self._seal = seal
        self._lines = lines

    def check_ours(self, journal: Journal) -> None:
        """Raise ConfirmationError unless the installation of this journal made the plan."""
        if journal.keyed_digest("plan", self.plan.digest) != self._mark:
            raise altered()

    def targets(self) -> Iterator[Target]:
        """Yield the contracts of the plan, in order."""
        return map(self.target, range(self.plan.count))

    def target(self, index: int) -> Target:
        """Return one contract; its card is opened when it is asked for."""
        # These bytes were checked when the file was read.
        row = json.loads(self._lines[1 + index])
        ref = ContractRef(row["module"], row["id"])
        return Target(ref, row["digest"], partial(_card, row, ref, self._seal, index))

    def lines(self) -> Iterator[bytes]:
        """Yield the whole file as it was read, for a copy."""
        return iter(self._lines)

    def shelve(self, plans: Path) -> PlanFile:
        """Keep a copy in the state directory, so that a run can be resumed without the user's file; return the copy.

        What is copied is what was read and checked. Raises ConfirmationError for a copy that is there and differs.
        """
        kept = copy(self)
        kept.path = plans / f"{self.plan.digest}.plan"
        if kept.path.exists():
            self._compare(kept.path)
        else:
            with failpoints.step("plan.shelf"), replaced_file(kept.path) as file:
                file.writelines(self._lines)
        return kept

    def _compare(self, kept: Path) -> None:
        """Compare with the copy of an earlier process, which a resume will need whole; what was added may differ."""
        with _open(kept) as file:
            if any(file.read(len(line)) != line for line in islice(self._lines, self.plan.count + _AROUND)):
                raise altered()
            tuple(_trailers(file, Spool()))


def open_plan(path: Path, *, journal: Journal, digest: str | None = None) -> PlanFile:
    """Read a whole plan file and check digest, mark and count; `digest` is the only plan that is accepted.

    Raises ConfirmationError when anything was altered, UsageError for what is no plan file at all.
    """
    file = read_plan(path, lambda plan_id: plan_key(journal, plan_id))
    file.check_ours(journal)
    if digest not in (None, file.plan.digest):
        raise altered()
    return file


def read_plan(path: Path, key_of: Callable[[str], str]) -> PlanFile:
    """Read a whole plan file with the key of its id, and check digest and count, but not which installation made it."""
    lines = Spool()
    with _open(path) as source:
        first = _parse(lines.keep(source.readline(_LONGEST_LINE)))
        seal = _seal(first, key_of)
        head = _head(first, seal)
        running, totals, ids = PlanDigest(head), Totals(), set[str]()
        value = _parse(lines.keep(source.readline(_LONGEST_LINE)))
        while value.get("schema") != NOTES:
            target = _target(value, seal, totals.count)
            if target.ref.id in ids:
                raise altered()
            ids.add(target.ref.id)
            running.add(target)
            totals = totals.plus(target)
            value = _parse(lines.keep(source.readline(_LONGEST_LINE)))
        notes = _notes(value, seal)
        foot = _parse(lines.keep(source.readline(_LONGEST_LINE)))
        trailers = tuple(_trailers(source, lines))
    found, mark = running.end(notes), foot.get("mark")
    if not isinstance(mark, str) or foot != {"schema": FOOT, "count": totals.count, "digest": found, "mark": mark}:
        raise altered()
    return PlanFile(path, DeletionPlan(head, totals, notes, found), mark, seal, lines, trailers)


def _trailers(source: IO[bytes], lines: Spool) -> Iterator[Trailer]:
    """Yield what was added behind the foot, where the digest does not reach: each line proves itself."""
    while line := source.readline(_LONGEST_LINE):
        value = _parse(lines.keep(line))
        if value.get("schema") not in TRAILERS:
            raise altered()
        yield value


def outline_of(path: Path) -> tuple[dict[str, Any], dict[str, Any], list[str], list[dict[str, Any]]]:
    """Return head, foot, ids and trailers as far as they stand in clear; nothing of it is proven."""
    with _open(path) as source:
        head, ids = _parse(source.readline(_LONGEST_LINE)), list[str]()
        if head.get("schema") != SCHEMA:
            raise _no_plan()
        while (value := _parse(source.readline(_LONGEST_LINE))).get("schema") != NOTES:
            ids.append(str(value.get("id")))
        foot = _parse(source.readline(_LONGEST_LINE))
        return head, foot, ids, list(_trailers(source, Spool()))


def _open(path: Path) -> IO[bytes]:
    try:
        # Opening a fifo must not wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or type(problem).__name__
        raise _unreadable(path, why) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _unreadable(path, _("it is not a plain file"))
    return os.fdopen(handle, "rb")


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(
        _("the plan {path} cannot be read: {why}").format(path=path, why=why),
        hint=_("make one with `crm-bridge plan CONN ... -o FILE`"),
    )


def _parse(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
        if isinstance(value, dict) and canonical_bytes(value) + b"\n" == line:
            return value
    except (ValueError, RecursionError):
        pass
    raise altered()


def _no_plan() -> UsageError:
    return UsageError(_("this is not a plan file"), hint=_("make one with `crm-bridge plan CONN ... -o FILE`"))


def _seal(head: dict[str, Any], key_of: Callable[[str], str]) -> PlanSeal:
    if head.get("schema") != SCHEMA:
        raise _no_plan()
    try:
        return PlanSeal(key_of(head["id"]))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise altered() from problem


def _head(value: dict[str, Any], seal: PlanSeal) -> PlanHead:
    try:
        head = PlanHead.from_json({**value, **seal.open(value["sealed"], HEAD)})
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise altered() from problem
    if {**head.public(), "sealed": value["sealed"]} != value:  # read and written again it must be the same text
        raise altered()
    return head


def _target(value: dict[str, Any], seal: PlanSeal, index: int) -> Target:
    if value.keys() != {"module", "id", "digest", "sealed"} or not all(isinstance(v, str) for v in value.values()):
        raise altered()
    ref = ContractRef(value["module"], value["id"])
    return Target(ref, value["digest"], _card(value, ref, seal, index))


def _card(value: dict[str, Any], ref: ContractRef, seal: PlanSeal, index: int) -> Card:
    return Card.from_json(seal.open(value["sealed"], place_of(index, ref, value["digest"])))


def _notes(value: dict[str, Any], seal: PlanSeal) -> PlanNotes:
    if value.keys() != {"schema", "sealed"} or not isinstance(value["sealed"], str):
        raise altered()
    return PlanNotes.from_json(seal.open(value["sealed"], NOTES))
