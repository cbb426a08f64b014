"""`keys`: make the program's own keys, and say which there are without showing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.cli.options import command, group, open_bridge, shared
from crm_bridge.cli.terminal.output import Output
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge.setup.own_keys import OwnKey


@group("keys", help="Make and name the keys of journal and backups.")
def keys() -> None:
    """Make and name the keys of journal and backups."""


@command("init")
def init() -> int:
    """Make the keys that sign the journal and open the backups, once per installation.

    They go into the keyring, or, on a machine without one, into --secrets-file FILE or --secrets-dir DIR. Keys that are
    there stay as they are. Keep a copy of them elsewhere: without them no backup can be opened.
    """
    with open_bridge(create=True) as bridge:
        made = bridge.make_keys()
        found = bridge.own_keys()
    _print(found, made)
    return 0


@command("show")
def show() -> int:
    """Name the keys, where they are, and their public halves; never a secret. Ends with 1 if one is missing."""
    with open_bridge() as bridge:
        found = bridge.own_keys()
    _print(found, ())
    missing = [key.name for key in found if key.store is None]
    if missing and not shared().as_json:
        Output.note(_("hint: {hint}").format(hint=_("make what is missing with `crm-bridge keys init`")))
    return 1 if missing else 0


def _print(found: list[OwnKey], made: tuple[str, ...]) -> None:
    out = Output(as_json=shared().as_json)
    if out.as_json:
        rows = [
            {"name": key.name, "store": key.store, "public": key.public or None, "made": key.name in made}
            for key in found
        ]
        out.document("crm-bridge.keys/1", {"keys": rows})
        return
    for name in made:
        out.note(_("{name}: made").format(name=name))
    rows_ = [(key.name, _(key.purpose), key.store or _("missing"), key.public) for key in found]
    out.table((_("key"), _("what for"), _("store"), _("public half or fingerprint")), rows_)
    if made:
        out.note(_("keep a copy of these keys elsewhere: without them no backup can be opened"))


keys.add_command(init)
keys.add_command(show)
