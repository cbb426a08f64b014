"""`sandbox serve`: stand-ins of the CRMs on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_bridge.cli.options import command, group
from crm_bridge.cli.terminal.completion import complete_adapter
from crm_bridge.cli.terminal.output import Output
from crm_bridge.harmless import plain
from crm_bridge.i18n import _
from crm_bridge.shell import pasteable

if TYPE_CHECKING:
    from crm_bridge.sandbox.exports import Export
    from crm_bridge.sandbox.serve import Sandbox

_PATH = click.Path(path_type=Path)


@group("sandbox", help="Serve stand-ins of the CRMs on this machine.")
def sandbox() -> None:
    """Serve stand-ins of the CRMs on this machine."""


@command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="First port (default: free ones).")
@click.option("--ready-file", type=_PATH, default=None, help="Write what a client needs here, once it listens.")
@click.option("--write-home", "home_", type=_PATH, default=None, help="Write a ready state directory here.")
@click.option("--load", type=_PATH, default=None, help="CSV exported from a CRM, to rehearse on your own data.")
@click.option("--encoding", default=None, help="Encoding of that CSV, where it cannot be told from its bytes.")
@click.option("--date-order", type=click.Choice(("dmy", "mdy")), default=None, help="How to read 1/5/2024 in that CSV.")
@click.option(
    "--unread",
    type=click.Choice(("refuse", "empty")),
    default="refuse",
    show_default=True,
    help="Cells of that CSV that cannot be read for certain.",
)
@click.option("--count", type=click.IntRange(min=1), default=1200, show_default=True, help="Contracts per CRM.")
@click.option("--seed", type=int, default=7, show_default=True, help="Seed of the made-up contracts.")
@click.option("--only", multiple=True, shell_complete=complete_adapter, help="Serve only this adapter; repeatable.")
@click.option(
    "--impersonate",
    type=_PATH,
    default=None,
    help="Also answer for the CRMs' own hosts, through a proxy; its certificate is written into this folder.",
)
def serve(port: int, ready_file: Path | None, home_: Path | None, load: Path | None, **chosen: Any) -> int:
    """Serve every installed CRM on 127.0.0.1 until SIGTERM or Ctrl-C.

    Prints, as JSON on one line, what a client needs: addresses and made-up credentials. On a terminal, the addresses.
    """
    from crm_bridge.sandbox.exports import LoadOptions
    from crm_bridge.sandbox.serve import SandboxOptions
    from crm_bridge.sandbox.serve import serve as serve_until_stopped

    options = SandboxOptions(
        port=port,
        ready_file=ready_file,
        home=home_,
        load=load,
        load_as=LoadOptions(chosen["encoding"], chosen["date_order"], chosen["unread"] == "empty"),
        count=chosen["count"],
        seed=chosen["seed"],
        only=tuple(chosen["only"]),
        impersonate=chosen["impersonate"],
    )
    serve_until_stopped(options, on_ready=_announce)
    return 0


def _announce(running: Sandbox) -> None:
    if running.export:
        _say_columns(running.export)
        for name, remarks in running.loaded.items():
            count = len(running.export.contracts)
            Output.note(_("{name}: {count} contracts loaded").format(name=name, count=count))
            for remark in remarks:
                Output.note(f"{name}: {plain(remark)}")
    if running.home:
        command = pasteable("crm-bridge", "--home", running.home, "connections", "list")
        Output.note(_("try: {command}").format(command=command))
    if running.proxy:
        words = " ".join(f"{name}={plain(value)}" for name, value in running.proxy.environment().items() if value)
        Output.note(
            _("clients with a fixed address, started with these variables, meet the stand-in: {words}").format(
                words=words
            )
        )
    Output.note(_("listening; stop with Ctrl-C"))
    if sys.stdout.isatty():  # made-up secrets in one long line help nobody who reads it
        Output.pairs((name, server.base_url) for name, server in running.servers.items())
        return
    print(json.dumps(running.ready(), ensure_ascii=False), flush=True)  # noqa: T201 - the result of the command


def _say_columns(export: Export) -> None:
    from crm_bridge.sandbox.exports import unread_lines

    taken = ", ".join(f"{column.strip()} → {_(meaning.capitalize())}" for column, meaning in export.meanings.items())
    Output.note(_("columns ({encoding}): {names}").format(encoding=export.encoding, names=plain(taken)))
    if export.extra_columns:
        Output.note(_("kept as they are: {names}").format(names=plain(", ".join(export.extra_columns))))
    for column, count in export.blank.items():
        Output.note(
            _("{column}: {count} cells hold only a sign for no value").format(column=plain(column.strip()), count=count)
        )
    for line in unread_lines(export.unread):
        Output.note(_("left empty: {cells}").format(cells=plain(line)))


sandbox.add_command(serve)
