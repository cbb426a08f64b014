"""The plan file: JSON lines, streamed; ids and digests in clear, everything that names people or money sealed.

Line 1 is the head, then one line per contract, then a foot with count, digest and the mark of the installation
that made it. Sealed parts are AES-GCM under a key that only this installation's journal can derive.
"""

from __future__ import annotations

import base64
import json
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.forecast import Forecast
from crm_bridge.domain.plan import SCHEMA, Card, DeletionPlan, PlanDigest, PlanHead, Target, Totals
from crm_bridge.errors import ConfirmationError, UsageError
from crm_bridge.files import create_unfinished, fsync_folder, remove_abandoned
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal

FOOT = "crm-bridge.plan-foot/1"
_NONCE = 12


class _Seal:
    """Seals small JSON values of one plan."""

    def __init__(self, journal: Journal, plan_id: str, randomness: random.Random | None = None) -> None:
        self._box = AESGCM(bytes.fromhex(journal.keyed_digest("plan-seal", plan_id)))
        self._randomness = randomness or random.SystemRandom()

    def close(self, value: Mapping[str, JsonValue], about: str) -> str:
        nonce = self._randomness.randbytes(_NONCE)
        return base64.b64encode(nonce + self._box.encrypt(nonce, canonical_bytes(dict(value)), about.encode())).decode()

    def open(self, sealed: str, about: str) -> dict[str, Any]:
        try:
            data = base64.b64decode(sealed, validate=True)
            if base64.b64encode(data).decode() != sealed:  # the last digit has bits that decoding ignores
                raise _altered()
            opened: dict[str, Any] = json.loads(self._box.decrypt(data[:_NONCE], data[_NONCE:], about.encode()))
        except (ValueError, InvalidTag) as problem:
            raise _altered() from problem
        return opened


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
        self._seal = _Seal(journal, head.id, randomness)
        self._digest = PlanDigest(head)
        self._totals = Totals()
        self._part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_abandoned(self._part.parent, name if named else ".draft-*.part")
        self._file: IO[bytes] = os.fdopen(create_unfinished(self._part), "wb")
        self._line({**head.public(), "sealed": self._seal.close(head.private(), "head")})

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

    def add(self, target: Target) -> None:
        """Write one contract."""
        self._digest.add(target)
        self._totals = self._totals.plus(target.card)
        sealed = self._seal.close(target.card.as_json(), target.ref.id)
        self._line({"module": target.ref.module, "id": target.ref.id, "digest": target.digest, "sealed": sealed})

    def finish(self) -> DeletionPlan:
        """Write the foot, make the file durable and give it its name."""
        digest = self._digest.hex()
        mark = self._journal.keyed_digest("plan", digest)
        self._line({"schema": FOOT, "count": self._totals.count, "digest": digest, "mark": mark})
        self._file.flush()
        os.fsync(self._file.fileno())
        if not self._named:
            self._path, self._named = self._path / f"{digest}.plan", True
        self._part.replace(self._path)
        fsync_folder(self._path.parent)
        return DeletionPlan(self._head, self._totals, digest)

    def _line(self, value: Mapping[str, JsonValue]) -> None:
        self._file.write(canonical_bytes(dict(value)) + b"\n")


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan on disk that was read to its end and found whole."""

    path: Path
    plan: DeletionPlan
    _journal: Journal

    def targets(self) -> Iterator[Target]:
        """Read the contracts of the plan, in order."""
        seal = _Seal(self._journal, self.plan.head.id)
        with self.path.open("rb") as lines:
            next(lines)
            for line in lines:
                value = _parse(line)
                if value.get("schema") == FOOT:
                    return
                yield _target(value, seal)


def open_plan(path: Path, *, journal: Journal) -> PlanFile:
    """Read a whole plan file and check digest, mark and count. Raises ConfirmationError when anything was altered."""
    try:
        handle = path.open("rb")
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise UsageError(
            _("the plan {path} cannot be read: {why}").format(path=path, why=why),
            hint=_("make one with `crm-bridge plan CONN ... -o FILE`"),
        ) from None
    with handle as lines:
        first = _parse(next(lines, b""))
        head = _head(first, journal)
        seal = _Seal(journal, head.id)
        digest, totals, ids, foot = PlanDigest(head), Totals(), set[str](), dict[str, Any]()
        for line in lines:
            value = _parse(line)
            if foot:
                raise _altered()
            if value.get("schema") == FOOT:
                foot = value
                continue
            target = _target(value, seal)
            if target.ref.id in ids:
                raise _altered()
            ids.add(target.ref.id)
            digest.add(target)
            totals = totals.plus(target.card)
    found = digest.hex()
    expected = {"schema": FOOT, "count": totals.count, "digest": found, "mark": journal.keyed_digest("plan", found)}
    if foot != expected:
        raise _altered()
    return PlanFile(path, DeletionPlan(head, totals, found), journal)


def _altered() -> ConfirmationError:
    return ConfirmationError(
        _("the plan file is not the one that was made: it was edited, cut or made by another installation"),
        reason="plan_altered",
        hint=_("plan again; nothing was sent"),
    )


def _parse(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        raise _altered() from None
    if not isinstance(value, dict) or canonical_bytes(value) + b"\n" != line:
        raise _altered()
    return value


def _head(value: dict[str, Any], journal: Journal) -> PlanHead:
    if value.get("schema") != SCHEMA:
        raise UsageError(_("this is not a plan file"), hint=_("make one with `crm-bridge plan CONN ... -o FILE`"))
    try:
        private = _Seal(journal, value["id"]).open(value["sealed"], "head")
        head = PlanHead(
            id=value["id"],
            connection=value["connection"],
            adapter=value["adapter"],
            org=value["org"],
            module=value["module"],
            user=value["user"],
            environment=value["environment"],
            step=Step(value["step"]),
            automations=value["automations"],
            fast=value["fast"],
            made_at=datetime.fromisoformat(value["made_at"]),
            expires_at=datetime.fromisoformat(value["expires_at"]),
            boot=value["boot"],
            mono_ms=value["mono_ms"],
            assumptions=tuple(value["assumptions"]),
            side_effects=tuple(value["side_effects"]),
            where=private["where"],
            reason=private["reason"],
            forecast=Forecast.from_json(value["forecast"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise _altered() from problem
    if {**head.public(), "sealed": value["sealed"]} != value:  # read and written again it must be the same text
        raise _altered()
    return head


def _target(value: dict[str, Any], seal: _Seal) -> Target:
    if value.keys() != {"module", "id", "digest", "sealed"} or not all(isinstance(v, str) for v in value.values()):
        raise _altered()
    card = seal.open(value["sealed"], value["id"])
    amount = card.pop("amount")
    return Target(
        ContractRef(value["module"], value["id"]),
        value["digest"],
        Card(**card, amount=None if amount is None else Decimal(amount)),
    )
