"""The seal of a plan file: AES-GCM under a key that this installation's journal derives, and that named readers get."""

from __future__ import annotations

from typing import Any

from crm_bridge.domain.canonical import canonical_bytes
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import ConfirmationError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline import sealing

HEAD, NOTES, FOOT = "head", "crm-bridge.plan-notes/1", "crm-bridge.plan-foot/1"


READERS, APPROVAL = "crm-bridge.plan-readers/1", "crm-bridge.approval/1"
TRAILERS = (READERS, APPROVAL)
"""Lines that may be added behind the foot: who else may read the plan, and who approved it."""


class PlanSeal(sealing.ValueSeal):
    """Seals small JSON values of one plan, each bound to its place in the file."""

    def open(self, sealed: str, about: str) -> dict[str, Any]:
        """Return the value. Raises ConfirmationError unless it was sealed for exactly this place."""
        try:
            return super().open(sealed, about)
        except ValueError as problem:
            raise altered() from problem


def plan_key(journal: Journal, plan_id: str) -> str:
    """Derive the key of a plan from the journal's."""
    return sealing.seal_key(journal, "plan-seal", plan_id)


def place_of(index: int, ref: ContractRef, digest: str) -> str:
    """Return what the seal of a row is bound to: where it stands, and everything of it that stands in clear."""
    return canonical_bytes([index, ref.module, ref.id, digest]).decode()


def altered() -> ConfirmationError:
    """Return the error that anything but the untouched file of this installation is."""
    return ConfirmationError(
        _("the plan file is not the one that was made: it was edited, cut or made by another installation"),
        reason="plan_altered",
        hint=_("plan again; nothing was sent"),
    )
