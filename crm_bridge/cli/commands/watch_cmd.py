"""`verify --watch` and `watch install`: look again whether what runs removed came back, every day."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_bridge.cli.options import command, force_option, group, open_bridge, shared
from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import key
from crm_bridge.errors import CrmBridgeError
from crm_bridge.exit_codes import ExitCode, weightiest
from crm_bridge.i18n import _
from crm_bridge.shell import pasteable

if TYPE_CHECKING:
    from crm_bridge.pipeline.settling.watch import WatchReport

WATCH, TIMERS = "crm-bridge.watch/1", "crm-bridge.timers/1"
POINTS = "1d,7d,30d"


@group("watch", help="Let this machine look every day whether what runs removed came back.")
def watch() -> None:
    """Let this machine look every day whether what runs removed came back."""


def watch_due(points: str) -> int:
    """Look at every run that is due and print what was found; a run that cannot be looked at does not stop the rest."""
    from crm_bridge.domain.durations import parse_span
    from crm_bridge.pipeline.settling.watch import due

    spans = sorted(((one.strip(), parse_span(one)) for one in points.split(",")), key=lambda pair: pair[1])
    reports: list[WatchReport] = []
    codes: list[ExitCode] = []
    with open_bridge() as bridge:
        for info, point in list(due(bridge.journal, spans, bridge.env.clock.now())):
            try:
                reports.append(bridge.connect(info.ref.connection).watch(info.id, point))
            except CrmBridgeError as problem:
                codes.append(problem.exit_code)
                Output.note(_("run {run} was not looked at: {why}").format(run=info.id, why=problem.message))
    _show(reports)
    return weightiest([*codes, *map(_code, reports)])


def _code(report: WatchReport) -> ExitCode:
    kinds = {one.kind.value for one in report.found}
    if kinds - {"hold"}:
        return ExitCode.IN_DOUBT
    return ExitCode.HELD if kinds or not report.proven else ExitCode.OK


def _show(reports: list[WatchReport]) -> None:
    from crm_bridge.pipeline.settling.watch import KIND_WORDS

    out = Output(as_json=shared().as_json)
    if out.as_json:
        out.document(WATCH, {"runs": [report.as_json() for report in reports]})
        return
    if not reports:
        out.text(_("no run is due"))
    for report in reports:
        out.text(
            _("run {run} ({point}): {count} gone, {found} findings; new records are seen up to {until}").format(
                run=report.run, point=report.point, count=report.removed, found=len(report.found), until=report.until
            )
        )  # fmt: skip
        if report.found:
            rows = ((_(KIND_WORDS[o.kind.value]), o.record_id, o.found_id, o.says) for o in report.found)
            out.table((_("what"), key(_("contract")), key(_("found")), _("number or reason")), rows)
        if report.bin_until:
            out.note(_("the CRM's bin keeps them until {date}").format(date=report.bin_until))
        if not report.proven:
            out.note(_("warning: a listing is not proven complete; more may have come back"))


@command("install")
@click.argument("kind", type=click.Choice(["systemd", "launchd", "cron"]))
@click.option("--points", default=POINTS, show_default=True, metavar="SPANS", help="When after its start a run is due.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="Folder to write the files to.")
@force_option
def install(kind: str, points: str, output: Path | None, *, force: bool) -> int:
    """Print what lets systemd, launchd or cron look every day, or write it into a folder; nothing is switched on."""
    from crm_bridge.files import replaced_file
    from crm_bridge.overwriting import check_replaceable

    parse_points(points)
    with open_bridge(reading=True) as bridge:
        files = TEMPLATES[kind](_program(bridge.home.absolute(), points))
    out = Output(as_json=shared().as_json)
    for name, text in files.items():
        if output is not None:
            check_replaceable(output / name, lambda file: b"crm-bridge" in file.read(400), force=force)
            with replaced_file(output / name) as file:
                file.write(text.encode())
    if out.as_json:
        out.document(TIMERS, {"kind": kind, "files": files, "folder": str(output) if output else None})
        return ExitCode.OK
    for name, text in files.items():
        out.text(f"# {name}\n{text}" if output is None else str(output / name))
    out.note(_("switch it on with: {command}").format(command=SWITCH_ON[kind]))
    return ExitCode.OK


def parse_points(points: str) -> None:
    """Raise UsageError unless these are spans of time."""
    from crm_bridge.domain.durations import parse_span

    for one in points.split(","):
        parse_span(one)


def _program(home: Path, points: str) -> list[str]:
    options = shared()
    named = (("--secrets-dir", options.secrets_dir), ("--secrets-file", options.secrets_file))
    told = [str(part) for option, path in named if path is not None for part in (option, path.absolute())]
    return [sys.executable, "-m", "crm_bridge", "--home", str(home), *told, "verify", "--watch", points]


def _systemd(program: list[str]) -> dict[str, str]:
    # systemd reads a percent sign and a dollar sign for itself.
    line = pasteable(*program).replace("%", "%%").replace("$", "$$")
    service = f"[Unit]\nDescription=crm-bridge watch\n\n[Service]\nType=oneshot\nExecStart={line}\n"
    timer = (
        "[Unit]\nDescription=crm-bridge watch, every day\n\n"
        "[Timer]\nOnCalendar=daily\nPersistent=true\nRandomizedDelaySec=1h\n\n[Install]\nWantedBy=timers.target\n"
    )
    return {"crm-bridge-watch.service": service, "crm-bridge-watch.timer": timer}


def _launchd(program: list[str]) -> dict[str, str]:
    from plistlib import dumps

    job = {"Label": "crm-bridge.watch", "ProgramArguments": program, "StartCalendarInterval": {"Hour": 6, "Minute": 17}}
    return {"crm-bridge.watch.plist": dumps(job).decode()}


def _cron(program: list[str]) -> dict[str, str]:
    # cron ends a line at a percent sign that is not escaped.
    return {"crm-bridge-watch.cron": "17 6 * * * " + pasteable(*program).replace("%", "\\%") + "\n"}


TEMPLATES = {"systemd": _systemd, "launchd": _launchd, "cron": _cron}
SWITCH_ON = {
    "systemd": "systemctl --user enable --now crm-bridge-watch.timer",
    "launchd": "launchctl bootstrap gui/$UID ~/Library/LaunchAgents/crm-bridge.watch.plist",
    "cron": "crontab -e",
}

watch.add_command(install)
