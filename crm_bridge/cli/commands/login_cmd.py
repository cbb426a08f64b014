"""`login`, `logout`, `auth status`: keep secrets in the store, forget them, say where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_connection
from crm_bridge.cli.terminal.output import Output
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence


@command("login")
@click.argument("name", metavar="CONNECTION", shell_complete=complete_connection)
@click.option("--method", default=None, help="Another way to sign in, e.g. code or browser; see the adapter's help.")
@click.option("--replace", is_flag=True, help="Ask for secrets that are kept already as well.")
def login(name: str, method: str | None, replace: bool) -> int:
    """Keep the secrets of CONNECTION in the keyring, then sign in once.

    They are asked for without echo, or taken from --secrets-file or --secrets-fd.
    """
    from crm_bridge.cli.asking import ask_without_echo
    from crm_bridge.cli.terminal.stopping import restore_default_signals

    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        restore_default_signals()  # waiting for somebody at a browser can take minutes
        signed_in = bridge.sign_in(name, ask=ask_without_echo, say=out.note, method=method, replace=replace)
    profile, kept = signed_in.profile, signed_in.kept
    if out.as_json:
        who = {"user_id": profile.user_id, "org_id": profile.org_id, "environment": profile.environment}
        out.document("crm-bridge.login/1", {"name": name, "kept": dict(kept), **who})
        return 0
    for item, store in kept.items():
        out.note(_("{item}: kept in {store}").format(item=item, store=store))
    out.pairs(
        [
            (_("user"), f"{profile.user_name} ({profile.user_id})"),
            (_("organisation"), f"{profile.org_name} ({profile.org_id}, {profile.environment})"),
        ]
    )
    return 0


@command("logout")
@click.argument("name", metavar="CONNECTION", shell_complete=complete_connection)
@click.option("--local", is_flag=True, help="Forget the secrets here only; do not revoke them at the CRM.")
def logout(name: str, local: bool) -> int:
    """Revoke the secrets of CONNECTION where the CRM can, and forget them here."""
    out = Output(as_json=shared().as_json)
    with open_bridge() as bridge:
        resolved = bridge.resolved(name)
        revoked, forgotten, elsewhere = bridge.sign_out(name, revoke=not local)
    if out.as_json:
        out.document(
            "crm-bridge.logout/1",
            {"name": name, "revoked": revoked, "forgotten": list(forgotten), "still_given_by": dict(elsewhere)},
        )
        return 0
    if revoked:
        out.note(_("revoked at the CRM"))
    elif resolved.spec.revoke is None:
        out.note(_("{crm} has no way to revoke them; change them there").format(crm=resolved.spec.title))
    out.note(_("forgotten here: {items}").format(items=", ".join(forgotten) or _("nothing was kept")))
    for item, place in elsewhere.items():
        out.note(_("note: {item} is still given by {place}").format(item=item, place=place))
    return 0


@group("auth", help="Show where secrets come from.")
def auth() -> None:
    """Show where secrets come from."""


@command("status")
@click.argument("name", metavar="[CONNECTION]", required=False, shell_complete=complete_connection)
def status(name: str | None) -> int:
    """Name the store of every secret of CONNECTION (default: of all connections); never a value."""
    out = Output(as_json=shared().as_json)
    from crm_bridge.bridge.setup.signing_in import secret_rows

    with open_bridge() as bridge:
        chosen = [bridge.resolved(name)] if name else list(bridge.connections())
        rows = [row for resolved in chosen for row in secret_rows(bridge, resolved)]
    missing = [row for row in rows if row["required"] and row["store"] is None]
    if out.as_json:
        out.document("crm-bridge.auth-status/1", {"secrets": rows})
    else:
        out.table((_("connection"), _("secret"), _("store")), (_cells(row) for row in rows))
        for one in dict.fromkeys(row["connection"] for row in missing):
            out.note(_("hint: {hint}").format(hint=_("run `crm-bridge login {name}`").format(name=one)))
    return ExitCode.FAILED if missing else ExitCode.OK


def _cells(row: dict[str, Any]) -> Sequence[object]:
    store = row["store"] or row.get("problem") or (_("missing") if row["required"] else _("not set, not needed"))
    return row["connection"], row["item"], store


auth.add_command(status)
