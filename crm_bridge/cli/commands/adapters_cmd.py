"""`adapters`: which CRMs there are and what each can do, without signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, group, shared
from crm_bridge.cli.terminal.completion import complete_adapter
from crm_bridge.cli.terminal.output import Output
from crm_bridge.domain.outcome_words import SURE
from crm_bridge.harmless import plain
from crm_bridge.i18n import N_, _

if TYPE_CHECKING:
    from crm_bridge.domain.capabilities import Fact
    from crm_bridge.spi.spec import AdapterSpec

FACTS = {
    "trash": N_("move to the bin"),
    "purge": N_("delete for good"),
    "untrash": N_("bring back from the bin"),
    "recreate": N_("create anew from the backup"),
    "batch_delete": N_("delete many in one call"),
    "automations_off": N_("switch automations off"),
    "who_deleted": N_("tell who deleted what"),
    "shows_bin": N_("copy a contract that is in the bin"),
}
LIMITS = {
    "find_page": N_("contracts a page"),
    "locate_batch": N_("contracts a look"),
    "snapshot_batch": N_("contracts a backup batch"),
    "trash_batch": N_("contracts a batch into the bin"),
    "purge_batch": N_("contracts a batch for good"),
    "untrash_batch": N_("contracts a batch out of the bin"),
    "bin_days": N_("days in the bin"),
    "calls_in_flight": N_("calls at the same time"),
    "window_calls": N_("calls in a time window"),
    "window_seconds": N_("seconds of that window"),
    "calls_per_day": N_("calls a day"),
    "trash_ids_per_call": N_("contracts a call into the bin"),
    "purge_ids_per_call": N_("contracts a call for good"),
    "source": N_("source"),
}


@group("adapters", invoke_without_command=True, help="Show which CRMs are supported, and what each can do.")
@click.pass_context
def adapters(context: click.Context) -> int:
    """List the installed adapters."""
    if context.invoked_subcommand is not None:
        return 0
    from crm_bridge.registry import working_adapters

    out = Output(as_json=shared().as_json)
    specs, broken = working_adapters()
    for problem in broken:
        out.note(_("warning: {message}").format(message=plain(f"{problem.message} ({problem.hint})")))
    if out.as_json:
        rows = [{"name": spec.name, "title": spec.title, "about": spec.about} for spec in specs]
        out.document("crm-bridge.adapters/1", {"adapters": rows})
    else:
        out.table((_("name"), _("CRM"), _("about")), ((s.name, s.title, _(s.about)) for s in specs))
    return 0


@command("show")
@click.argument("name", shell_complete=complete_adapter)
def show(name: str) -> int:
    """Show what adapter NAME can do: steps, limits, side effects, ways back, each with its source."""
    from crm_bridge.registry import load_adapter

    out = Output(as_json=shared().as_json)
    spec = load_adapter(name)
    if out.as_json:
        out.document("crm-bridge.adapter/1", spec_json(spec))
    else:
        _show(out, spec)
    return 0


def _fact(fact: Fact) -> dict[str, str]:
    return {"support": fact.support.value, "source": fact.source, "note": fact.note}


def spec_json(spec: AdapterSpec) -> dict[str, Any]:
    """Return everything a spec says."""
    capabilities, limits = spec.capabilities, spec.limits
    return {
        "name": spec.name,
        "title": spec.title,
        "about": spec.about,
        "capabilities": {name: _fact(getattr(capabilities, name)) for name in FACTS},
        "limits": {name: getattr(limits, name) for name in limits.__dataclass_fields__},
        "side_effects": [
            {"name": e.name, "fires": e.fires.value, "switch": e.switch, "source": e.source}
            for e in capabilities.side_effects
        ],
        "returns": {
            route.value: {thing: {"fate": fate.value, "note": note} for thing, (fate, note) in table.items()}
            for route, table in capabilities.returns.items()
        },
        "secrets": [{"name": s.name, "label": s.label, "required": s.required} for s in spec.secrets],
        "errors": [
            {"code": row.code, "family": row.family, "executed": row.executed, "meaning": row.meaning}
            for row in spec.errors
        ],
        "open_questions": [
            {"id": q.id, "about": q.about, "settings": dict(q.settings), "stand_in": list(q.stand_in)}
            for q in spec.open_questions
        ],
    }


def _show(out: Output, spec: AdapterSpec) -> None:
    from crm_bridge.bridge.way_back import FATES, thing_text

    capabilities = spec.capabilities
    out.text(f"{spec.title}: {_(spec.about)}")
    facts = [(label, getattr(capabilities, name)) for name, label in FACTS.items()]
    out.table(
        (_("can"), _("how sure"), _("note"), _("source")),
        ((_(label), _(SURE[fact.support]), _(fact.note), fact.source) for label, fact in facts),
    )
    out.table(
        (_("limit"), _("value")),
        ((_(label), _or_unknown(getattr(spec.limits, name))) for name, label in LIMITS.items()),
    )
    out.table(
        (_("a delete also sets off"), _("how sure"), _("switch"), _("source")),
        ((_(e.name), _(SURE[e.fires]), e.switch or _("none"), e.source) for e in capabilities.side_effects),
    )
    for route, table in capabilities.returns.items():
        title = {"untrash": _("restored from the CRM's bin"), "recreate": _("re-created from the backup")}[route.value]
        out.table(
            (title, _("is afterwards"), _("note")),
            ((thing_text(thing), _(FATES[fate]), _(note)) for thing, (fate, note) in table.items()),
        )
    if spec.open_questions:
        out.table(
            (_("not published"), "", _("assumed, unless the connection says otherwise")),
            ((q.id, _(q.about), ", ".join(f"{n}={v}" for n, v in q.settings.items())) for q in spec.open_questions),
        )


def _or_unknown(value: object) -> object:
    return _("not known") if value is None else value


adapters.add_command(show)
