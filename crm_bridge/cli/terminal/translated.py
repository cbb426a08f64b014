"""Help pages in the reader's language: click's own words and ours, translated when they are shown."""

from __future__ import annotations

import gettext
import inspect
import os
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from crm_bridge.cli.terminal.encodings import refuse_undecodable
from crm_bridge.i18n import DOMAIN, LOCALES, N_, _, active_language, ngettext, use_language

CLICK_WORDS = (
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Arguments"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("Missing argument"),
    N_("Missing option"),
    N_("Missing parameter"),
    N_("Missing command."),
    N_("No such option: {name}"),
    N_("No such command {name!r}."),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("No such option {name!r}."),
    N_("Option {name!r} does not take a value."),
    N_("Missing {param_type}"),
    N_("{name} {filename!r} is a file."),
    N_("{name} {filename!r} is a directory."),
    N_("{name} {filename!r} is not readable."),
    N_("Could not open file {filename!r}: {message}"),
    N_("Positional arguments"),
    N_("file"),
    N_("directory"),
    N_("path"),
    ngettext("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", 1),
    ngettext("{value!r} is not {choice}.", "{value!r} is not one of {choices}.", 1),
    ngettext("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments.", 1),
    ngettext("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})", 1),
    N_("{name} {filename!r} does not exist."),
    N_("default: {default}"),
    N_("required"),
    N_("Aborted!"),
)
"""What click says to people; it asks the standard gettext for it."""


def set_language(language: str | None = None) -> None:
    """Set the message language (default: keep it) and point click at our catalogue.

    It reads the language from the environment, so the active one is put there.
    """
    if language:
        use_language(language)
    gettext.bindtextdomain(DOMAIN, str(LOCALES))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = active_language()


def repeatable(param: click.Parameter) -> bool:
    """Return whether a parameter may be given more than once: it collects, or says the same every time."""
    if not isinstance(param, click.Option):
        return True
    return param.multiple or param.count or (param.is_flag and not param.secondary_opts)


def given_twice(name: str, ctx: click.Context) -> click.UsageError:
    """Return the mistake that an option given twice is."""
    return click.UsageError(_("the option {name} was given more than once").format(name=name), ctx)


@contextmanager
def translated(command: click.Command) -> Iterator[None]:
    """Let a command's help and that of its options be in the active language for a while."""
    set_language()
    options = [item for item in command.params if isinstance(item, click.Option)]
    kept = command.help, [option.help for option in options]
    # The catalogue has docstrings without their indentation; click keeps it in all paragraphs but the first.
    command.help = _(inspect.cleandoc(command.help)) if command.help else command.help
    for option in options:
        option.help = _(option.help) if option.help else option.help
    try:
        yield
    finally:
        command.help = kept[0]
        for option, text in zip(options, kept[1], strict=True):
            option.help = text


_SENTENCE = 200
"""Characters of a command's first sentence that are shown in the list of commands."""


class SharedOption(click.Option):
    """An option that every command takes: its help is on the first page, and its name in one line of the others."""


class Command(click.Command):
    """A command whose help is translated when it is shown, and that never lets one option silently replace another."""

    def __init__(self, *args: Any, administrative: bool = False, **kwargs: Any) -> None:
        """Make it; an `administrative` one is listed apart, because it is rarely needed."""
        super().__init__(*args, **kwargs)
        self.administrative = administrative

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words; an option with one value that is given twice is a mistake, whichever one was meant."""
        _given, _left, order = self.make_parser(ctx).parse_args(list(args))
        for option, times in Counter(order).items():
            if times > 1 and not repeatable(option):
                raise given_twice(option.opts[0], ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, unless one of its words is not in the encoding of the session."""
        refuse_undecodable(self.params, ctx.params)
        return super().invoke(ctx)

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page in the active language."""
        with translated(self):
            return super().get_help(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, and the names of those that all commands share."""
        params = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        shared = [one for one in params if isinstance(one, SharedOption) or one is self.get_help_option(ctx)]
        own = [one for one in params if one not in shared]
        if ctx.parent is None:
            own, shared = params, []
        if records := [record for one in own if (record := one.get_help_record(ctx))]:
            with formatter.section(_("Options")):
                formatter.write_dl(records)
        if shared:
            names = " ".join(max(one.opts, key=len) for one in shared)
            lines = textwrap.wrap(names, formatter.width - 2, break_on_hyphens=False)
            with formatter.section(_("Shared options (see `crm-bridge --help`)")):
                formatter.write("".join(f"  {line}\n" for line in lines))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write two calls as they are typed."""
        from crm_bridge.cli.examples import EXAMPLES

        program, _space, path = ctx.command_path.partition(" ")
        if calls := EXAMPLES.get(path):
            with formatter.section(_("Examples")):
                for call in calls:
                    formatter.write(f"{' ' * formatter.current_indent}{program} {call}\n")

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the line for the list of commands in the active language."""
        with translated(self):
            return super().get_short_help_str(limit)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return `--help`, which click makes before the language is known."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _("Show this message and exit.")
        return option


class Group(Command, click.Group):
    """A group whose help is translated when it is shown; commands that are rarely needed stand apart."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command."""
        members = [(name, one) for name in self.list_commands(ctx) if (one := self.get_command(ctx, name))]
        for title, rare in ((_("Commands"), False), (_("Administration"), True)):
            listed = [
                (name, one) for name, one in members if not one.hidden and getattr(one, "administrative", False) is rare
            ]
            if listed:
                with formatter.section(title):
                    formatter.write_dl([(name, one.get_short_help_str(_SENTENCE)) for name, one in listed])
