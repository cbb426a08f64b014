"""`adapters`: which CRMs there are and what each can do, without signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, group, shared, shared_options
from crm_bridge.cli.output import Output
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.domain.capabilities import Fact
    from crm_bridge.spi.spec import AdapterSpec

FACTS = ("trash", "purge", "untrash", "recreate", "batch_delete", "automations_off", "who_deleted")


@group("adapters", invoke_without_command=True, help="Show which CRMs are supported, and what each can do.")
@shared_options
@click.pass_context
def adapters(context: click.Context) -> int:
    """List the installed adapters."""
    if context.invoked_subcommand is not None:
        return 0
    from crm_bridge.registry import adapter_names, load_adapter

    out = Output(as_json=shared().as_json)
    specs = [load_adapter(name) for name in adapter_names()]
    if out.as_json:
        rows = [{"name": spec.name, "title": spec.title, "about": spec.about} for spec in specs]
        out.document("crm-bridge.adapters/1", {"adapters": rows})
    else:
        out.table((_("name"), _("CRM"), _("about")), ((s.name, s.title, _(s.about)) for s in specs))
    return 0


@command("show")
@click.argument("name")
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
    }


def _show(out: Output, spec: AdapterSpec) -> None:
    capabilities, limits = spec.capabilities, spec.limits
    out.text(f"{spec.title}: {_(spec.about)}")
    rows = ((name, getattr(capabilities, name)) for name in FACTS)
    out.table(
        (_("can"), _("how sure"), _("note"), _("source")), ((n, f.support.value, _(f.note), f.source) for n, f in rows)
    )
    out.table((_("limit"), _("value")), ((n, getattr(limits, n)) for n in limits.__dataclass_fields__))
    out.table(
        (_("a delete also sets off"), _("how sure"), _("switch"), _("source")),
        ((_(e.name), e.fires.value, e.switch or _("none"), e.source) for e in capabilities.side_effects),
    )
    for route, table in capabilities.returns.items():
        title = {"untrash": _("restored from the CRM's bin"), "recreate": _("re-created from the backup")}[route.value]
        out.table(
            (title, _("is afterwards"), _("note")),
            ((thing, fate.value, _(note)) for thing, (fate, note) in table.items()),
        )


adapters.add_command(show)
