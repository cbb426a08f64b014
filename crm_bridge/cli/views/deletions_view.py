"""How the CRM's list of deletions, compared with the journal, is shown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.options import shared
from crm_bridge.cli.terminal.output import Output
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from crm_bridge.pipeline.settling.audit import AuditedDeletion, DeletionAudit

DELETIONS = "crm-bridge.deletions/1"
WORDS = {
    "in_journal": N_("in the journal"),
    "not_in_journal": N_("by our user, not in the journal"),
    "by_others": N_("by others"),
    "nobody_named": N_("the CRM names nobody"),
}


def report_deletions(compared: DeletionAudit) -> int:
    """Print a comparison and return its exit code: 9 when our user deleted what no run accounts for."""
    out = Output(as_json=shared().as_json)
    every = out.as_json or shared().verbose
    counts: Counter[str] = Counter(dict.fromkeys(WORDS, 0))
    listed: list[AuditedDeletion] = []
    for one in compared:
        counts[one.origin.value] += 1
        if one.origin == "not_in_journal" or (every and one.origin != "in_journal"):
            listed.append(one)
    outside, proof = counts["not_in_journal"], compared.completeness
    if out.as_json:
        out.document(
            DELETIONS,
            {
                "since": compared.since.isoformat(timespec="milliseconds"),
                "counts": counts,
                "complete": bool(proof and proof.proven),
                "deletions": [_fields(one) for one in listed],
                "remarks": list(compared.remarks),
            },
        )
    else:
        _show(out, compared, counts, listed)
    if proof is None or not proof.proven:
        out.note(_("warning: the listing is not proven complete: {how}").format(how=proof.how if proof else "-"))
    return ExitCode.IN_DOUBT if outside else ExitCode.OK


def _show(out: Output, compared: DeletionAudit, counts: Counter[str], listed: list[AuditedDeletion]) -> None:
    if listed:
        columns = (_("contract"), _("deleted"), _("by user"), _("what"))
        out.table(columns, ([*list(_fields(one).values())[:3], _(WORDS[one.origin.value])] for one in listed))
    since = compared.since.isoformat(timespec="seconds")
    out.text(_("deletions that the CRM lists since {since}: {count}").format(since=since, count=counts.total()))
    out.pairs([(_(word), counts[name]) for name, word in WORDS.items()])
    for remark in compared.remarks:
        out.note(_("note: {text}").format(text=remark))
    if outside := counts["not_in_journal"]:
        told = ngettext(
            "{count} contract was deleted by our user, and no run of this journal did it",
            "{count} contracts were deleted by our user, and no run of this journal did it",
            outside,
        )
        out.note(told.format(count=outside))
        out.note(_("hint: find out which program or person uses this user; the CRM's audit log tells from where"))


def _fields(one: AuditedDeletion) -> dict[str, Any]:
    seen = one.seen
    return {
        "id": seen.ref.id,
        "at": seen.at.isoformat(timespec="seconds") if seen.at else None,
        "by": seen.by,
        "account": one.origin.value,
        "place": seen.place.value,
    }
