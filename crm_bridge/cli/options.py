"""Options that every command understands, before or after its name."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crm_bridge.cli.terminal.translated import Command, Group, SharedOption, given_twice, set_language
from crm_bridge.shell import pasteable

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Shared:
    """Values of the shared options."""

    home: Path | None = None
    secrets_file: Path | None = None
    secrets_fd: int | None = None
    secrets_dir: Path | None = None
    as_json: bool = False
    verbose: bool = False
    debug_http: bool = False


def _speak(context: click.Context, language: str | None) -> None:
    if language and context.meta.setdefault(_LANGUAGE, context) is not context:
        raise given_twice("--lang", context)
    set_language(language)


class _Language(click.Choice[str]):
    """A language, also as a locale names it: `zh_CN`, `zh-Hans`, `en_US.UTF-8`."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return `en` or `zh`."""
        language = re.split("[-_.]", value)[0].lower()
        return super().convert(language if language in self.choices else value, param, ctx)


_LANGUAGE = "crm_bridge.language"
_path = click.Path(path_type=Path)
_shared = functools.partial(click.option, cls=SharedOption)
_DECLARATIONS = (
    _shared("--home", type=_path, default=None, help="State directory (default: CRM_BRIDGE_HOME)."),
    _shared("--secrets-file", type=_path, default=None, help="TOML file with secrets, mode 0600."),
    _shared("--secrets-fd", type=int, default=None, help="Inherited file descriptor to read secrets from."),
    _shared("--secrets-dir", type=_path, default=None, help="Folder with one file a secret, as mounted."),
    _shared("--json", "as_json", is_flag=True, default=False, help="Machine-readable output."),
    _shared(
        "--lang",
        type=_Language(["en", "zh"]),
        default=None,
        is_eager=True,
        expose_value=False,
        callback=lambda context, _option, chosen: _speak(context, chosen),
        help="Language of messages.",
    ),
    _shared("--verbose", "-v", is_flag=True, default=False, help="Log steps and repeated calls to standard error."),
    _shared("--debug-http", is_flag=True, default=False, help="Log every call: route, status, time; no content."),
)


def shared_options(command: F) -> F:
    """Let a command take the shared options, before or after its name."""

    @functools.wraps(command)
    def wrapper(*args: Any, **given: Any) -> Any:
        context = click.get_current_context()
        _remember(context, given)
        return command(*args, **given)

    for declaration in reversed(_DECLARATIONS):
        wrapper = declaration(wrapper)
    return wrapper  # type: ignore[return-value]


def _remember(context: click.Context, given: dict[str, Any]) -> None:
    root = context.find_root()
    known = root.obj if isinstance(root.obj, Shared) else Shared()
    values = {name: given.pop(name) for name in Shared.__dataclass_fields__}
    for name, value in values.items():
        if not isinstance(value, bool | None) and getattr(known, name) is not None:
            raise given_twice(f"--{name.replace('_', '-')}", context)
    told = {name: value for name, value in values.items() if value is not None and value is not False}
    root.obj = replace(known, **told)


def shared() -> Shared:
    """Return what the shared options of the running command said."""
    found = click.get_current_context().find_root().obj
    return found if isinstance(found, Shared) else Shared()


def suggested(*words: object) -> str:
    """Return a command that can be pasted: with the state directory and the secrets that this command line named."""
    options = shared()
    named = (("--home", options.home), ("--secrets-dir", options.secrets_dir), ("--secrets-file", options.secrets_file))
    told = [part for option, path in named if path is not None for part in (option, path)]
    return pasteable("crm-bridge", *told, *words)


def format_option(command: F) -> F:
    """Let a command that lists rows take `--format`; `json` is the same as `--json`."""
    return formats("table", "json", "csv", "md")(command)


def formats(*names: str) -> Callable[[F], F]:
    """Let a command take `--format` with these names, the first of which it writes unasked."""

    def chosen(context: click.Context, _option: click.Parameter, form: str) -> str:
        if form == "json":
            root = context.find_root()
            root.obj = replace(root.obj if isinstance(root.obj, Shared) else Shared(), as_json=True)
        return form

    forms = click.Choice(names)
    return click.option(
        "--format", "form", type=forms, default=names[0], callback=chosen, help="Form in which rows are written."
    )


def force_option(command: F) -> F:
    """Let a command that writes a named file take `--force`."""
    return click.option("--force", is_flag=True, help="Overwrite a file of another kind as well.")(command)


def set_home(home: Path) -> None:
    """Let the running command use this state directory from here on."""
    click.get_current_context().find_root().obj = replace(shared(), home=home)


def command(*args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a click command that takes the shared options and speaks the reader's language."""
    return lambda function: click.command(*args, **{"cls": Command, **kwargs})(shared_options(function))


def group(*args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], click.Group]:
    """Make a group of commands that takes the shared options and speaks the reader's language."""
    return lambda function: click.group(*args, **{"cls": Group, **kwargs})(shared_options(function))


def open_bridge(*, create: bool = False, wait_seconds: float = 0.0, reading: bool = False) -> Bridge:
    """Open the state directory that the options name, with progress on a terminal and Ctrl-C as a request to stop.

    `create` is for commands that begin something there; all others leave a mistyped directory alone.
    """
    from crm_bridge.bridge import Bridge
    from crm_bridge.cli.terminal.logs import log_to_stderr, say_less
    from crm_bridge.cli.terminal.output import Output
    from crm_bridge.cli.terminal.progress import progress_for
    from crm_bridge.cli.terminal.stopping import stop_on_signals
    from crm_bridge.credentials import protect_process

    protect_process()
    options = shared()
    log_to_stderr(verbose=options.verbose, http=options.debug_http)
    click.get_current_context().call_on_close(say_less)
    return Bridge.open(
        options.home,
        secrets_file=options.secrets_file,
        secrets_fd=options.secrets_fd,
        secrets_dir=options.secrets_dir,
        create=create,
        wait_seconds=wait_seconds,
        reading=reading,
        progress=progress_for(quiet=options.as_json, verbose=options.verbose),
        warn=Output.note,
        stop=stop_on_signals(),
    )
