"""`debug`: the switches of the test interface."""

from __future__ import annotations

from crm_bridge.cli.options import command, group, shared
from crm_bridge.cli.terminal.output import Output
from crm_bridge.i18n import _


@group("debug", help="Switches of the test interface.")
def debug() -> None:
    """Switches of the test interface."""


@command("failpoints")
def failpoints() -> int:
    """List every place where CRM_BRIDGE_FAILPOINT=name:count:kill|raise|hang can stop the program."""
    from crm_bridge import failpoints as places

    out = Output(as_json=shared().as_json)
    if out.as_json:
        out.document("crm-bridge.failpoints/1", {"failpoints": list(places.names()), "actions": list(places.ACTIONS)})
        return 0
    for name in places.names():
        step, side = name.rsplit(".", 1)
        out.text(f"{name:28} {_('before') if side == 'before' else _('after')}: {_(places.STEPS[step])}")
    return 0


debug.add_command(failpoints)
