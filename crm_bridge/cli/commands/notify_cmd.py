"""`notify`: tell people what a run deleted, once; say of every message what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, group, open_bridge, shared
from crm_bridge.cli.terminal.completion import complete_run
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import key
from crm_bridge.exit_codes import ExitCode, weightiest
from crm_bridge.i18n import N_, _

if TYPE_CHECKING:
    from crm_bridge.notify.message import Dispatch, Notice

NOTICES, DELIVERIES = "crm-bridge.notices/1", "crm-bridge.deliveries/1"
STATES = {
    "queued": N_("waits in the outbox"),
    "sending": N_("on its way"),
    "sent": N_("sent to the service"),
    "refused": N_("refused by the service"),
    "not_sent": N_("not sent"),
    "unknown": N_("unknown: it may have arrived"),
}
_CODES = {"unknown": ExitCode.IN_DOUBT, "refused": ExitCode.FAILED, "not_sent": ExitCode.FAILED}


@group("notify", help="Tell people what a run deleted, and show what became of each message.")
def notify() -> None:
    """Tell people what a run deleted, and show what became of each message."""


@command("send")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@click.option("--preview", is_flag=True, help="Show the messages; send nothing.")
@click.option("--again", multiple=True, metavar="KEY", help="Send this message again, although it may have arrived.")
def send(run_id: str | None, again: tuple[str, ...], *, preview: bool) -> int:
    """Tell everybody who is to know about RUN (default: the last one); nobody gets a second message.

    Ends with 9 when it is not known of a message whether it arrived, with 1 when one was not taken.
    """
    from crm_bridge.notify.compose import about_run, notices, owners_without_address
    from crm_bridge.notify.post import post

    with open_bridge() as bridge:
        table = bridge.env.config.notify
        subject = about_run(bridge, bridge.status(run_id))
        made = list(notices(table, bridge.home, subject))
        for owner in owners_without_address(table, subject):
            Output.note(_("nobody is told for the owner {owner}: no channel has an address").format(owner=owner))
        return _preview(made) if preview else report_deliveries(post(bridge, made, again=again))


@command("test")
@click.argument("channel")
def test(channel: str) -> int:
    """Send a test message through CHANNEL: to each address in `to`, or to the channel itself."""
    from crm_bridge.clock import new_id
    from crm_bridge.notify.compose import Subject, notices
    from crm_bridge.notify.message import NoticeTopic
    from crm_bridge.notify.post import post, sender_of

    with open_bridge() as bridge:
        table = bridge.env.config.notify
        sender_of(bridge, table, channel)
        about = new_id(bridge.env.clock, bridge.env.randomness)
        made = notices(table, bridge.home, Subject(NoticeTopic.TEST, about, ()))
        return report_deliveries(post(bridge, [one for one in made if one.channel == channel]))


@command("list")
def list_() -> int:
    """Show every message of the outbox, and what became of it; nothing is sent."""
    from crm_bridge.notify.outbox import Outbox

    with open_bridge(reading=True) as bridge:
        report_deliveries([*Outbox(bridge.home, bridge.env.clock).deliveries()])
    return ExitCode.OK


@command("login")
@click.argument("channel")
def login(channel: str) -> int:
    """Keep the secrets of CHANNEL in the keyring; they are asked for without echo, and empty ones are left out."""
    from crm_bridge.cli.asking import ask_without_echo
    from crm_bridge.notify.post import secret_names

    with open_bridge() as bridge:
        table = bridge.env.config.notify.channels.get(channel)
        if table is None:
            raise click.UsageError(_("there is no channel {name}").format(name=channel))
        for name in secret_names(table):
            if typed := ask_without_echo(name).strip():
                bridge.env.store.set(f"notify.{channel}", name, typed)
                Output.note(_("{item}: kept in {store}").format(item=name, store=bridge.env.store.name))
    return ExitCode.OK


def _preview(made: Sequence[Notice]) -> int:
    out = Output(as_json=shared().as_json)
    if out.as_json:
        rows = [
            {"key": one.key, "channel": one.channel, "recipient": one.recipient, "subject": one.subject,
             "text": one.text, "table": one.table.decode("utf-8-sig")}
            for one in made
        ]  # fmt: skip
        out.document(NOTICES, {"notices": rows})
        return ExitCode.OK
    for one in made:
        out.text(_("to {recipient} ({channel}): {subject}").format(**_facts(one)))
        out.text(one.text)
    out.note(_("{count} messages; nothing was sent").format(count=len(made)))
    return ExitCode.OK


def _facts(one: Notice) -> dict[str, Any]:
    return {"recipient": one.recipient, "channel": one.channel, "subject": one.subject}


def report_deliveries(deliveries: Sequence[Dispatch]) -> int:
    """Print what became of messages and return the exit code that this deserves."""
    out = Output(as_json=shared().as_json)
    if out.as_json:
        out.document(DELIVERIES, {"deliveries": [one.as_json() for one in deliveries]})
    else:
        columns = (
            key(_("recipient")),
            key(_("channel")),
            _("state"),
            key(_("code")),
            key(_("time")),
            key(_("message key")),
        )
        out.table(
            columns,
            ((o.recipient, o.channel, _(STATES[o.state]), o.detail, o.at[:16], o.key) for o in deliveries),
        )
    return weightiest([_CODES.get(one.state.value, ExitCode.OK) for one in deliveries])


for _command in (send, test, list_, login):
    notify.add_command(_command)
