"""One safe, provable, reversible way to delete contracts in external CRMs.

Everything public is exported from here and loaded when first used, so that `import crm_bridge` stays cheap. Begin with
`Bridge.open`, `Bridge.connect`, then `Connection.plan` and `Connection.apply`; `help(crm_bridge.Connection)` goes on.

In reading order:

    version        the version of the program, where every room can read it
    errors         every error that crm_bridge raises, grouped by what the caller can do about it
    exit_codes     all numbers with which the command line ends, and which of several decides
    i18n           messages in the reader's language
    redaction      redaction of text that a CRM wrote
    shell          commands that are shown and can be pasted, whatever is in a file's name
    platforms      the systems that crm_bridge runs on
    domain/        the rules, pure
    clock          time, waiting and randomness as values that are passed in
    files          files that only we may read
    locks          locks of the kernel on files and folders
    spreadsheets/  files as CRMs and spreadsheets export them
    failpoints     places where a test harness can stop the program
    credentials/   where they come from, how they are held, how tokens made from them are shared
    transport/     the way to a CRM
    spi/           all that an adapter author must read
    registry       which adapters there are
    config         the configuration file
    policy_file    the `[policy]` table of the configuration, and the hold list that it names
    notify_file    the `[notify]` table of the configuration
    journal/       the append-only, signed audit journal
    vault/         write-once, encrypted snapshots
    pipeline/      one module per step of the journey
    bridge/        the front door
    report/        reports on contracts for people
    notify/        notifications: people are told once
    sandbox/       a local stand-in for the CRMs
    testing/       the exam and helpers for tests of adapters
    cli/           the command line
    __main__       `python -m crm_bridge`: the command line
    harmless       text of a CRM for people
    overwriting    a file that a person named is replaced where it is an older one of the same kind, else with
    spool          lines kept in order until they are no longer needed
    columns        facts about the many contracts of a run
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from crm_bridge.version import VERSION

__version__ = VERSION

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Connection, Details, Plan, Receipt, Run, RunItem
    from crm_bridge.bridge.proving.proof import Proof
    from crm_bridge.bridge.run_verbs import Confirm
    from crm_bridge.domain.capabilities import Route, Step
    from crm_bridge.domain.contract import Contract, ContractRef, RecordState
    from crm_bridge.domain.filters.syntax import parse_filter
    from crm_bridge.domain.filters.tree import Filter, all_of
    from crm_bridge.domain.filters.where import where
    from crm_bridge.domain.lifecycle import Evidence, Outcome
    from crm_bridge.domain.planning.facts import TenantFact
    from crm_bridge.domain.planning.plan_notes import PlanNotes
    from crm_bridge.domain.reasons import Reason
    from crm_bridge.errors import (
        AmbiguousContractError,
        AnswerLostError,
        BackupError,
        ConfigError,
        ConfirmationError,
        CredentialStoreError,
        CrmBridgeError,
        CrmError,
        FilterSyntaxError,
        ForbiddenAddressError,
        GuardError,
        InDoubtError,
        InterruptedRunError,
        JournalBusyError,
        JournalCheckError,
        JournalError,
        MalformedAnswerError,
        NotAvailableError,
        NothingMatchedError,
        NotSentError,
        PermissionDeniedError,
        RateLimitedError,
        RequestRefusedError,
        SandboxOnlyError,
        SignInError,
        TenantChangedError,
        UsageError,
    )
    from crm_bridge.journal.checking.findings import JournalFindings
    from crm_bridge.pipeline.deleting.saving import Saved
    from crm_bridge.pipeline.find import Selection
    from crm_bridge.pipeline.restoring.relink import RelinkPlan
    from crm_bridge.pipeline.restoring.restore_step import RestoreStep
    from crm_bridge.pipeline.restoring.staging import Rehearsal
    from crm_bridge.pipeline.runs import RunInfo
    from crm_bridge.pipeline.settling.audit import DeletionAudit
    from crm_bridge.pipeline.stopping import Progress, StopFlag
    from crm_bridge.spi.adapter import Profile

__all__ = [
    "AmbiguousContractError",
    "AnswerLostError",
    "BackupError",
    "Bridge",
    "ConfigError",
    "Confirm",
    "ConfirmationError",
    "Connection",
    "Contract",
    "ContractRef",
    "CredentialStoreError",
    "CrmBridgeError",
    "CrmError",
    "DeletionAudit",
    "Details",
    "Evidence",
    "Filter",
    "FilterSyntaxError",
    "ForbiddenAddressError",
    "GuardError",
    "InDoubtError",
    "InterruptedRunError",
    "JournalBusyError",
    "JournalCheckError",
    "JournalError",
    "JournalFindings",
    "MalformedAnswerError",
    "NotAvailableError",
    "NotSentError",
    "NothingMatchedError",
    "Outcome",
    "PermissionDeniedError",
    "Plan",
    "PlanNotes",
    "Profile",
    "Progress",
    "Proof",
    "RateLimitedError",
    "Reason",
    "Receipt",
    "RecordState",
    "Rehearsal",
    "RelinkPlan",
    "RequestRefusedError",
    "RestoreStep",
    "Route",
    "Run",
    "RunInfo",
    "RunItem",
    "SandboxOnlyError",
    "Saved",
    "Selection",
    "SignInError",
    "Step",
    "StopFlag",
    "TenantChangedError",
    "TenantFact",
    "UsageError",
    "__version__",
    "all_of",
    "parse_filter",
    "where",
]

_HOMES = {
    "crm_bridge.bridge": ("Bridge", "Connection", "Details", "Plan", "Receipt", "Run", "RunItem"),
    "crm_bridge.bridge.proving.proof": ("Proof",),
    "crm_bridge.bridge.run_verbs": ("Confirm",),
    "crm_bridge.domain.capabilities": ("Route", "Step"),
    "crm_bridge.domain.contract": ("Contract", "ContractRef", "RecordState"),
    "crm_bridge.domain.planning.facts": ("TenantFact",),
    "crm_bridge.domain.filters.syntax": ("parse_filter",),
    "crm_bridge.domain.filters.tree": ("Filter", "all_of"),
    "crm_bridge.domain.lifecycle": ("Evidence", "Outcome"),
    "crm_bridge.domain.planning.plan_notes": ("PlanNotes",),
    "crm_bridge.domain.reasons": ("Reason",),
    "crm_bridge.domain.filters.where": ("where",),
    "crm_bridge.pipeline.find": ("Selection",),
    "crm_bridge.journal.checking.findings": ("JournalFindings",),
    "crm_bridge.pipeline.restoring.staging": ("Rehearsal",),
    "crm_bridge.pipeline.restoring.relink": ("RelinkPlan",),
    "crm_bridge.pipeline.restoring.restore_step": ("RestoreStep",),
    "crm_bridge.pipeline.settling.audit": ("DeletionAudit",),
    "crm_bridge.pipeline.runs": ("RunInfo",),
    "crm_bridge.pipeline.deleting.saving": ("Saved",),
    "crm_bridge.pipeline.stopping": ("Progress", "StopFlag"),
    "crm_bridge.spi.adapter": ("Profile",),
    "crm_bridge.errors": tuple(name for name in __all__ if name.endswith("Error")),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # a type checker that saw it would take every misspelt name for one of ours

    def __getattr__(name: str) -> object:
        """Load a public name from its home on first use (PEP 562)."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from crm_bridge.platforms import refuse_windows

        refuse_windows()
        return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    """Return the public names, for completion and `help`."""
    return sorted(__all__)
