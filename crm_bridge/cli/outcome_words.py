"""Outcomes, reasons and degrees of certainty in words."""

from __future__ import annotations

from crm_bridge.i18n import N_, _

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

REASONS = {
    "changed_since_plan": N_("changed since the plan; plan again"),
    "locked": N_("locked in the CRM; unlock it there first, if that is meant"),
    "in_approval": N_("waits for an approval in the CRM"),
    "in_process": N_("is in a process of the CRM; finish it first"),
    "permission": N_("the CRM user lacks a right; ask an administrator"),
    "sharing": N_("the CRM's sharing rules forbid it; ask the owner"),
    "has_references": N_("other records depend on it"),
    "deleted_by_somebody_else": N_("somebody else deleted it meanwhile"),
    "purged_by_somebody_else": N_("somebody else purged it meanwhile"),
    "restored_by_somebody_else": N_("somebody else restored it meanwhile"),
    "listed_under_somebody_else": N_("gone, but listed under another user"),
    "backup_incomplete": N_("its backup is not complete, so it was left alone"),
    "gone_unattributed": N_("gone, but nobody can say through whom"),
    "answer_lost": N_("the CRM's answer was lost; `crm-bridge resume` looks again"),
    "process_died": N_("the program died during the call; `crm-bridge resume` looks again"),
    "no_control_record": N_("no other record could be read, so absence proves nothing"),
    "unreadable": N_("could not be read"),
    "not_visible": N_("not visible to this user"),
    "still_there": N_("the CRM said yes, but the contract is still there"),
    "still_in_bin": N_("still in the CRM's bin"),
    "not_sent": N_("the CRM could not be reached"),
    "rate_limited": N_("the CRM's limit was reached"),
    "already_restored": N_("an earlier restore brought it back"),
    "is_live": N_("it is not deleted; nothing was done"),
    "not_found": N_("the CRM does not know it"),
    "after_unknown": N_("the CRM's answer was unclear; the contract is still there"),
    "refused": N_("the CRM refuses it"),
    "invalid": N_("the CRM does not accept the request"),
    "too_many": N_("too much for one call"),
    "too_large": N_("too large for the CRM"),
    "too_long": N_("the call was too long for the CRM"),
    "duplicate": N_("another record has its unique value"),
    "changed": N_("changed meanwhile"),
    "busy": N_("the CRM is busy with another job"),
    "unavailable": N_("the CRM failed or is not available"),
    "not_supported": N_("the CRM does not offer this here"),
    "signed_out": N_("the sign-in was not accepted"),
    "credentials": N_("the CRM does not accept the secrets of this connection"),
    "user": N_("the CRM does not accept the acting user"),
    "quota": N_("the CRM's quota of calls is used up"),
    "path": N_("the CRM does not offer this for the object"),
    "system_error": N_("the CRM had an error of its own"),
    "service": N_("the CRM had an error of its own"),
    "parent_in_bin": N_("its parent record is still in the bin"),
}

SURE = {"full": N_("yes"), "absent": N_("no"), "unproven": N_("not proven")}


def reason_text(reason: str) -> str:
    """Return a reason in words; an unknown one as it is."""
    return _(REASONS[reason]) if reason in REASONS else reason.replace("_", " ")
