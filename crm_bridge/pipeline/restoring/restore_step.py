"""One contract of a restore: what will be or was done about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from crm_bridge.domain.capabilities import Route
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.restoring.comparison import Measured


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """What will be or was done about one contract."""

    ref: ContractRef
    """The contract as it was deleted."""
    route: Route | None
    """None: nothing to do, `reason` says why."""
    reason: Reason | None = None
    """Why it was not brought back, or needs not be."""
    result: str = "planned"
    """planned, restored, present, not_restored, in_doubt."""
    new_ref: ContractRef | None = None
    """Where it is now: another id where it was created anew."""
    lost: tuple[str, ...] = ()
    """What did not return, in words."""
    message: str = ""
    """What happened, in words."""
    vendor_message: str = ""
    """The CRM's own sentence, quoted; kept nowhere."""
    until: str = ""
    """The last day of this way back, ISO 8601; empty where it is not known."""
    warning: Reason | None = None
    """Something that a person should know before or after the restore."""
    twins: tuple[str, ...] = ()
    """Ids of other live contracts that have the number of this one, once it is back."""
    measured: Measured | None = None
    """The comparison with the backup, once the contract is back and could be read."""
    number: str = field(default="", repr=False)
    """What people call it, where the kept plan tells."""
    bin_first: bool = False
    """It was not seen in the bin, and nothing proves that it is not there: a restore asks the bin all the same."""
