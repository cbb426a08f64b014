"""Outcomes, steps, degrees of certainty and moments in words."""

from __future__ import annotations

from crm_bridge.i18n import N_

OUTCOME_WORDS = {
    "removed": N_("removed"),
    "already_absent": N_("already absent"),
    "held": N_("held"),
    "pending": N_("approval pending"),
    "refused": N_("refused"),
    "in_doubt": N_("in doubt"),
    "reappeared": N_("reappeared"),
    "restored": N_("restored"),
    "waiting": N_("not attempted"),
    "present": N_("already in the CRM"),
    "not_restored": N_("not restored"),
    "planned": N_("planned"),
}

STEP_WORDS = {"trash": N_("bin"), "purge": N_("for good")}

SURE = {"full": N_("yes"), "absent": N_("no"), "unproven": N_("not proven")}


def minute(moment: str) -> str:
    """Return an instant of ISO 8601 to the minute, as a list has room for."""
    return f"{moment[:16]}Z" if moment.endswith("Z") else moment
