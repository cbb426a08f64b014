"""The rules a run obeys, as one value: how long, how often, how careful."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SafetyPolicy:
    """The defaults of the product; seconds are named. Everything a rule needs is here, nothing is read elsewhere."""

    plan_valid: timedelta = timedelta(hours=24)
    canary: int = 5
    """Contracts that are deleted and verified before the rest."""
    max_attempts: int = 2
    """Sends per contract and step: the first one, and one more once the first is proven not done."""
    settle_seconds: float = 60.0
    """Wait after a lost answer before the first look: the larger of 30 s and twice the read timeout."""
    second_look_seconds: float = 10.0
    max_in_doubt_share: float = 0.01
    allowed_skew: timedelta = timedelta(minutes=5)
    """How far the CRM's clock may be off when a deletion is attributed by time."""
    max_attachment_bytes: int = 100 * 1024 * 1024
    gate_window_seconds: float = 5.0
    """How old the last look may be when a request leaves; the real age is journaled."""


LOOPBACK_POLICY = SafetyPolicy(settle_seconds=0.5, second_look_seconds=0.1)
"""For connections to this machine: an emulator is done when its answer is lost, nobody has to wait a minute."""
