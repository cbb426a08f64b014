"""Facts about a tenant, written to the journal when they are observed and read back from it when they are used."""

from __future__ import annotations

from collections.abc import Iterable

from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.planning.facts import FactSheet, TenantFact
from crm_bridge.errors import JournalError
from crm_bridge.i18n import _
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.context import RunContext

FACTS = "prove.facts"


def journal_facts(context: RunContext, facts: Iterable[TenantFact]) -> None:
    """Write facts about the tenant of a connection; they are in force from the next sign-in on."""
    listed: dict[str, JsonValue] = {fact.found.question: fact.as_json() for fact in facts}
    if listed:
        body: dict[str, JsonValue] = {
            "connection": context.connection,
            "adapter": context.adapter_version,
            "facts": listed,
        }
        context.journal.append([context.entry(FACTS, body)])


def read_facts(journal: Journal, *, connection: str, system: str) -> FactSheet:
    """Return the newest facts of a connection, of the tenant and module that were looked at last."""
    sheet = FactSheet()
    for entry in journal.entries(op=FACTS):
        if entry.body.get("connection") != connection or entry.system != system:
            continue
        if (entry.org, entry.module) != (sheet.org, sheet.module):
            sheet = FactSheet(entry.org, entry.module)
        try:
            told = {str(name): TenantFact.from_json(value) for name, value in entry.body["facts"].items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise JournalError(
                _("the journal holds facts that this version does not know"),
                reason="unknown_facts",
                hint=_("use the version of crm-bridge that wrote it, or a newer one"),
            ) from None
        sheet = FactSheet(entry.org, entry.module, {**sheet.facts, **told})
    return sheet
