"""How what was observed on a tenant is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_bridge.cli.documents.registry import document


@dataclass
class FactDocument:
    """One question that the vendor does not answer, with what was observed."""

    question: str
    about: str
    standing: str
    value: str
    settings: dict[str, Any]
    evidence: list[str]
    why: str
    at: str


@dataclass
class ProofStepDocument:
    """One step of the journey of contracts of our own."""

    step: str
    worked: bool
    why: str


@document("proof/1", "`prove`")
@dataclass
class ProofDocument:
    """What was observed on a tenant; nothing in it but `connection` names anything of the tenant."""

    adapter: str
    environment: str
    began: str
    calls: int
    left: int
    steps: list[ProofStepDocument]
    facts: list[FactDocument]
    connection: str = ""


@document("proof-cleaned/1", "`prove --clean`")
@dataclass
class ProofCleanedDocument:
    """What became of contracts that interrupted proofs created."""

    connection: str
    proofs: int
    left: int
