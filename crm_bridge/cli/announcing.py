"""How a plan is announced: people are told, and may object until the deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.cli.options import suggested
from crm_bridge.cli.terminal.output import Output
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge, Plan


def announce_plan(bridge: Bridge, made: Plan, span: str) -> int:
    """Journal until when people may object, and tell them."""
    from crm_bridge.bridge.announcements import hold_list_of
    from crm_bridge.bridge.setup.actor import os_user
    from crm_bridge.cli.commands.notify_cmd import report_deliveries
    from crm_bridge.domain.durations import parse_span
    from crm_bridge.notify.compose import about_plan, notices
    from crm_bridge.notify.post import post
    from crm_bridge.pipeline.planning.announcing import announce

    deadline = bridge.env.clock.now() + parse_span(span)
    hold_list_of(bridge, made.head.connection)
    shown = f"{deadline:%Y-%m-%d %H:%M} UTC"
    told = list(notices(bridge.env.config.notify, bridge.home, about_plan(made, who=os_user(), deadline=shown)))
    announce(bridge.journal, made.deletion_plan, deadline)
    Output.note(
        _("announced; object until {time} with: {command}").format(
            time=shown, command=suggested("object", made.path, "CONTRACT", "--reason", "...")
        )
    )
    return report_deliveries(post(bridge, told))
