"""What came of proving a connection: facts, steps, calls, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_bridge.domain.planning.facts import Standing, TenantFact
from crm_bridge.spi.spec import OpenQuestion


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One step of the journey of contracts of our own: its name, whether it went as it should, and a word on it."""

    name: str
    worked: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """Facts about one tenant, and the journey that showed them. Nothing in it names a record, a person or a host."""

    connection: str
    """Name of the connection."""
    adapter: str
    """Name of the adapter."""
    environment: str
    """What the CRM says that the tenant is: `production`, `sandbox`, `developer`, or `unknown`."""
    began: datetime
    """When it began."""
    facts: Sequence[TenantFact]
    """In the order of the adapter's questions."""
    questions: Sequence[OpenQuestion]
    """The adapter's open questions."""
    steps: Sequence[ProofStep] = ()
    """Empty where only the reading part was done."""
    calls: int = 0
    """Calls that were made."""
    left: int = 0
    """Contracts of our own that could not be removed: `prove --clean` tries again."""

    def of(self, standing: Standing) -> list[TenantFact]:
        """Return the facts with a standing."""
        return [one for one in self.facts if one.standing is standing]

    @property
    def worked(self) -> bool:
        """Return whether every step went as it should and nothing was left."""
        return not self.left and all(one.worked for one in self.steps)


@dataclass(frozen=True, slots=True)
class ProvingPlan:
    """What the writing part is about to do; somebody agrees by typing the phrase."""

    connection: str
    org: str
    org_name: str
    environment: str
    module: str
    count: int
    template: str
    """Number or id of the contract that is copied; empty where only required fields are filled."""
    production: bool
    """Whether it was said that this is no sandbox."""

    @property
    def phrase(self) -> str:
        """Return what has to be typed: what is created, where, and in which environment."""
        where = f"PRODUCTION ({self.environment})" if self.production else self.environment
        return f"CREATE AND PURGE {self.count} / {self.connection} / {self.org} / {self.module} / {where}"
