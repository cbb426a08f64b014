"""The entry point: global options, lazily loaded commands, one place where errors become two lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from crm_bridge import __version__
from crm_bridge.cli.options import shared_options
from crm_bridge.cli.terminal.crash import crash_report, install_crash_hooks
from crm_bridge.cli.terminal.output import Output, report_error, report_usage
from crm_bridge.cli.terminal.streams import take_standard_streams
from crm_bridge.cli.terminal.translated import Group, set_language
from crm_bridge.errors import CrmBridgeError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import N_, _, system_language, use_language
from crm_bridge.platforms import refuse_windows

GROUPS = {
    N_("Set up"): ("connections", "login", "logout", "auth", "keys", "doctor", "prove", "adapters"),
    N_("Look"): ("find", "show", "policy"),
    N_("Delete"): ("plan", "approve", "approvals", "object", "apply", "delete", "status", "resume", "verify"),
    N_("Bring back"): ("restore", "backup", "vault"),
    N_("Afterwards"): ("notify", "watch", "review"),
    N_("Prove"): ("receipt", "journal"),
    N_("Try out"): ("demo", "sandbox"),
    N_("Administration"): ("team", "debug"),
}
"""What commands are for, in the order of the journey."""

COMMANDS = {
    "demo": ("demo_cmd", "demo"),
    "sandbox": ("sandbox_cmd", "sandbox"),
    "adapters": ("adapters_cmd", "adapters"),
    "connections": ("connections_cmd", "connections"),
    "login": ("login_cmd", "login"),
    "logout": ("login_cmd", "logout"),
    "auth": ("login_cmd", "auth"),
    "keys": ("keys_cmd", "keys"),
    "doctor": ("doctor_cmd", "doctor"),
    "prove": ("prove_cmd", "prove"),
    "find": ("find_cmd", "find"),
    "show": ("find_cmd", "show"),
    "backup": ("backup_cmd", "backup"),
    "policy": ("policy_cmd", "policy"),
    "plan": ("plan_cmd", "plan"),
    "approve": ("approvals_cmd", "approve"),
    "approvals": ("approvals_cmd", "approvals"),
    "team": ("approvals_cmd", "team"),
    "apply": ("run_cmd", "apply"),
    "delete": ("run_cmd", "delete"),
    "status": ("run_cmd", "status"),
    "resume": ("run_cmd", "resume"),
    "verify": ("run_cmd", "verify"),
    "restore": ("restore_cmd", "restore"),
    "receipt": ("receipt_cmd", "receipt"),
    "journal": ("journal_cmd", "journal"),
    "review": ("review_cmd", "review"),
    "notify": ("notify_cmd", "notify"),
    "watch": ("watch_cmd", "watch"),
    "object": ("object_cmd", "object_"),
    "vault": ("vault_cmd", "vault"),
    "debug": ("debug_cmd", "debug"),
}
"""Command -> (module below crm_bridge.cli, object). Imported when called, so that `--help` imports click only."""

HELP = {
    "demo": N_("Run the whole journey on the built-in sandbox."),
    "sandbox": N_("Serve stand-ins of the CRMs on this machine."),
    "adapters": N_("Show which CRMs are supported, and what each can do."),
    "connections": N_("Add, list, show, test, edit and remove connections."),
    "login": N_("Sign in and keep the secrets in the keyring."),
    "logout": N_("Forget the secrets of a connection."),
    "auth": N_("Show where secrets come from."),
    "keys": N_("Make and name the keys of journal and backups."),
    "doctor": N_("Check everything a connection needs."),
    "prove": N_("Observe on a real tenant what its vendor does not publish."),
    "find": N_("Find contracts."),
    "show": N_("Show one contract with everything around it."),
    "backup": N_("Back up contracts without deleting them."),
    "policy": N_("Show and check what a connection's policy allows."),
    "plan": N_("Plan a deletion; nothing is sent."),
    "approve": N_("Approve a colleague's plan."),
    "approvals": N_("Show and collect the approvals of a plan."),
    "team": N_("Name who may approve plans."),
    "apply": N_("Carry out a confirmed plan."),
    "delete": N_("Delete one contract."),
    "status": N_("Show where every contract of a run stands."),
    "resume": N_("Go on with a run that was interrupted."),
    "verify": N_("Look again whether removed contracts are gone."),
    "restore": N_("Bring contracts back."),
    "receipt": N_("Show, issue and verify receipts."),
    "journal": N_("List, check and export the audit journal."),
    "object": N_("Object to a contract of an announced plan."),
    "watch": N_("Let this machine look every day whether what runs removed came back."),
    "notify": N_("Tell people what a run deleted."),
    "review": N_("Review what was deleted, and sign it off."),
    "vault": N_("List, check, copy, prune and shred backups."),
    "debug": N_("Switches of the test interface."),
}


class LazyGroup(Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order of the journey."""
        return [name for names in GROUPS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"crm_bridge.cli.commands.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any of them."""
        room = max(map(len, COMMANDS))
        for title, names in GROUPS.items():
            with formatter.section(_(title)):
                formatter.write_dl([(name.ljust(room), _(HELP[name])) for name in names])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="crm-bridge")
@shared_options
def cli() -> None:
    """Delete contracts in CRMs: confirmed, backed up, verified, with a receipt and a way back."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the code of the outcome."""
    if arguments is None:  # the process is ours
        take_standard_streams()
        install_crash_hooks()
    use_language(system_language())
    set_language()
    # Not asked of click: what is wrong may be the command line itself.
    as_json = "--json" in (sys.argv if arguments is None else arguments)
    sys.exit(_finished(arguments, as_json=as_json))


def _finished(arguments: Sequence[str] | None, *, as_json: bool) -> int:
    """Run the command, say what went wrong with it, and return its exit code."""
    color = False if os.environ.get("NO_COLOR") else None
    try:
        refuse_windows()
        words = list(arguments) if arguments is not None else None
        code = cli.main(args=words, prog_name="crm-bridge", standalone_mode=False, color=color)
        sys.stdout.flush()
    except CrmBridgeError as error:
        report_error(error, as_json=as_json)
        return error.exit_code
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        report_usage(error, as_json=as_json)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        Output.note(_("stopped"))
        Output.note(
            _("hint: if a run was under way, go on with `crm-bridge resume`: it looks what became of the last call")
        )
        return ExitCode.INTERRUPTED
    except OSError as error:
        why = f"{error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": ")
        report_error(CrmBridgeError(why), as_json=as_json)
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - a defect of ours must not print what it was working on
        report_error(crash_report(error), as_json=as_json)
        return ExitCode.FAILED
    return code if isinstance(code, int) else ExitCode.OK


if __name__ == "__main__":
    main()
