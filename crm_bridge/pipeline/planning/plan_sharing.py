"""Sharing a plan: its key is sealed for named readers (age), who can read all of it elsewhere and carry out nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

from crm_bridge.domain.canonical import JsonValue, canonical_bytes
from crm_bridge.errors import ConfirmationError, UsageError
from crm_bridge.files import replaced_file
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.planning.plan_file import PlanFile, open_plan, outline_of, read_plan
from crm_bridge.pipeline.planning.plan_seal import HEAD, READERS, PlanSeal, plan_key
from crm_bridge.vault.crypto.seal import Identity


@dataclass(frozen=True, slots=True)
class PlanOutline:
    """As much of a plan as stands in clear: what a reader without a key sees. Nothing of it is proven."""

    path: Path
    head: Mapping[str, Any]
    count: int
    digest: str
    ids: Sequence[str]


def share_plan(file: PlanFile, recipients: Sequence[str], journal: Journal, output: Path) -> None:
    """Write a plan to `output` with its key sealed for readers, as `age1...`; its digest stays. Raises UsageError."""
    key = json.dumps({"plan": file.plan.head.id, "key": plan_key(journal, file.plan.head.id)})
    try:
        keys = [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    except pyrage.RecipientError:
        raise UsageError(
            _("a reader is named by the public half of an age key, age1..."),
            reason="not_a_recipient",
            hint=_("the reader finds it with `crm-bridge keys show`"),
        ) from None
    extend_plan(
        file, output, {"schema": READERS, "sealed": base64.b64encode(pyrage.encrypt(key.encode(), keys)).decode()}
    )


def extend_plan(file: PlanFile, output: Path, *trailers: Mapping[str, JsonValue]) -> None:
    """Write a plan as it was read to `output`, with more lines behind its foot; the file is replaced whole."""
    with replaced_file(output) as copy:
        copy.writelines(file.lines())
        copy.writelines(canonical_bytes(dict(one)) + b"\n" for one in trailers)


def read_anywhere(path: Path, *, journal: Journal | None, identity: Identity | None) -> PlanFile | PlanOutline:
    """Return a plan of this installation, one that was sealed for this reader, or the outline of any other.

    Raises ConfirmationError for a plan that was altered, UsageError for what is no plan file.
    """
    head, foot, ids, trailers = outline_of(path)
    if journal is not None and _is_ours(head, journal):
        return open_plan(path, journal=journal)
    for sealed in (str(one.get("sealed")) for one in trailers if one["schema"] == READERS):
        if identity is not None and (key := _opened(sealed, identity, head)):
            file = read_plan(path, lambda _plan_id: key)
            file.ours = False
            return file
    return PlanOutline(path, head, len(ids), str(foot.get("digest")), ids)


def _is_ours(head: Mapping[str, Any], journal: Journal) -> bool:
    try:
        PlanSeal(plan_key(journal, str(head["id"]))).open(head["sealed"], HEAD)
    except (ConfirmationError, KeyError, TypeError, AttributeError):
        return False
    return True


def _opened(sealed: str, identity: Identity, head: Mapping[str, Any]) -> str:
    """Return the plan's key; empty where it was sealed for others, or is that of another plan."""
    try:
        told = json.loads(pyrage.decrypt(base64.b64decode(sealed, validate=True), [identity]))
        return str(told["key"]) if told["plan"] == head["id"] else ""
    except (pyrage.DecryptError, ValueError, KeyError, TypeError):
        return ""
