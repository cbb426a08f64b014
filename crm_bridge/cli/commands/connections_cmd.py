"""`connections`: add, list, show, test, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, format_option, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_adapter, complete_connection
from crm_bridge.cli.terminal.output import Output
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.outcome_words import SURE
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.spi.adapter import Profile


@group("connections", help="Add, list, show, test, edit and remove connections.")
def connections() -> None:
    """Add, list, show, test, edit and remove connections."""


@command("list")
@format_option
def list_(form: str) -> int:
    """List the configured connections."""
    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        found = bridge.connections()
    rows = [{"name": c.config.name, "adapter": c.spec.name, "origins": list(c.origins)} for c in found]
    if out.as_json:
        out.document("crm-bridge.connections/1", {"connections": rows})
    elif rows:
        cells = ((r["name"], r["adapter"], ", ".join(r["origins"])) for r in rows)
        out.table((_("name"), _("adapter"), _("talks to")), cells, form=form)
    else:
        out.note(_("no connection yet; add one with `crm-bridge connections add NAME --adapter ADAPTER`"))
    return 0


@command("add")
@click.argument("name")
@click.option("--adapter", required=True, shell_complete=complete_adapter, help="Which CRM: see `crm-bridge adapters`.")
@click.option("--module", default=None, help="Which module or object holds the contracts, where several could.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting; repeatable.")
def add(name: str, adapter: str, module: str | None, settings: tuple[str, ...]) -> int:
    """Add connection NAME to the configuration. Secrets are never settings: use `crm-bridge login NAME`."""
    from crm_bridge.registry import load_adapter

    chosen = _pairs(settings)
    if module is not None:
        chosen[load_adapter(adapter).module_setting] = module
    with open_bridge(create=True) as bridge:
        found = bridge.add_connection(name, adapter, chosen)
        path = bridge.env.config.path
    if shared().as_json:
        row = {"name": name, "adapter": found.spec.name, "origins": list(found.origins), "file": str(path)}
        Output(as_json=True).document("crm-bridge.connection/1", row)
    Output.note(_("added {name} to {path}; now: crm-bridge login {name}").format(name=name, path=path))
    return 0


def _pairs(settings: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for item in settings:
        key, sign, value = item.partition("=")
        if not sign or not key.strip():
            raise UsageError(_("{item} is not KEY=VALUE").format(item=key))
        found[key.strip()] = value.strip()
    return found


@command("edit")
@click.argument("name", shell_complete=complete_connection)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting; repeatable.")
@click.option("--unset", multiple=True, metavar="KEY", help="A setting to take out; repeatable.")
def edit(name: str, settings: tuple[str, ...], unset: tuple[str, ...]) -> int:
    """Change settings of connection NAME; the rest of the file stays as it is.

    Keys with a dot, such as fields.amount, are edited in the file.
    """
    chosen = _pairs(settings)
    if not chosen and not unset:
        raise UsageError(_("say what to change: --set KEY=VALUE or --unset KEY"))
    with open_bridge() as bridge:
        found = bridge.edit_connection(name, chosen, unset=unset)
        path = bridge.env.config.path
    if shared().as_json:
        row = {"name": name, "adapter": found.spec.name, "origins": list(found.origins), "file": str(path)}
        Output(as_json=True).document("crm-bridge.connection/1", row)
    Output.note(_("changed {name} in {path}").format(name=name, path=path))
    return 0


@command("remove")
@click.argument("name", shell_complete=complete_connection)
def remove(name: str) -> int:
    """Remove connection NAME from the configuration; journal, vault and secrets stay."""
    with open_bridge() as bridge:
        path = bridge.remove_connection(name)
    if shared().as_json:
        Output(as_json=True).document("crm-bridge.connection/1", {"name": name, "removed": True, "file": str(path)})
    Output.note(_("removed {name} from {path}").format(name=name, path=path))
    return 0


@command("show")
@click.argument("name", shell_complete=complete_connection)
def show(name: str) -> int:
    """Sign in on NAME and show the module, its fields and what they are taken for."""
    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        profile = bridge.profile(name)
    if out.as_json:
        out.document("crm-bridge.profile/1", {"name": name, **profile_json(profile)})
        return 0
    _identity(out, profile)
    out.table(
        (_("field"), _("label"), _("type"), _("taken for")),
        ((f.name, f.label, f.type, f.meaning) for f in profile.fields),
    )
    out.table(
        (_("contract field"), _("is the field")),
        (
            (meaning, name or _("missing: name it with fields.{meaning}").format(meaning=meaning))
            for meaning, name in profile.field_map.items()
        ),
    )
    out.table(
        (_("around a contract"), _("kind"), _("saved")),
        ((r.label, r.kind, _("yes") if r.saved else _("no")) for r in profile.relations),
    )
    if profile.assumptions:
        out.table((_("assumptions"),), ((line,) for line in profile.assumptions))
    return 0


@command("test")
@click.argument("name", shell_complete=complete_connection)
def test(name: str) -> int:
    """Sign in on NAME and say who that is and what may be done."""
    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        profile = bridge.profile(name)
    if out.as_json:
        out.document("crm-bridge.profile/1", {"name": name, "ok": True, **profile_json(profile)})
    else:
        _identity(out, profile)
    return 0


def profile_json(profile: Profile) -> dict[str, Any]:
    """Return who, where and what may be done."""
    return {
        "user_id": profile.user_id,
        "user": profile.user_name,
        "org_id": profile.org_id,
        "org": profile.org_name,
        "environment": profile.environment,
        "module": profile.module,
        "module_label": profile.module_label,
        "may": {step.value: support.value for step, support in profile.may.items()},
        "fields": {f.name: {"label": f.label, "type": f.type, "meaning": f.meaning} for f in profile.fields},
        "field_map": profile.field_map,
        "relations": [
            {"name": r.name, "kind": r.kind, "module": r.module, "saved": r.saved} for r in profile.relations
        ],
        "assumptions": list(profile.assumptions),
        "warnings": list(profile.warnings),
        "calls_left": profile.calls_left,
        "calls_at_once": profile.limits.calls_in_flight,
    }


def _identity(out: Output, profile: Profile) -> None:
    rows: list[tuple[str, object]] = [
        (_("user"), f"{profile.user_name} ({profile.user_id})"),
        (_("organisation"), f"{profile.org_name} ({profile.org_id}, {profile.environment})"),
        (_("module"), f"{profile.module_label} ({profile.module})"),
        (_("calls at once"), profile.limits.calls_in_flight),
        (_("may trash"), _(SURE[profile.may[Step.TRASH]])),
        (_("may purge"), _(SURE[profile.may[Step.PURGE]])),
    ]
    rows += [(_("warning"), warning) for warning in profile.warnings]
    out.pairs(rows)


for _command in (add, edit, list_, show, test, remove):
    connections.add_command(_command)
