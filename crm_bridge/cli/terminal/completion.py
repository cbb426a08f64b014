"""What a shell offers at the Tab key: names that this state directory knows. Nothing is sent, and nothing raises."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from crm_bridge.errors import CrmBridgeError

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
_RUNS = 50
"""The last runs: an older one is seldom meant."""


@contextmanager
def _opened(ctx: click.Context) -> Iterator[Bridge]:
    from crm_bridge.bridge import Bridge

    homes = (above.params.get("home") for above in _upwards(ctx))
    with Bridge.open(next((home for home in homes if home), None), reading=True) as bridge:
        yield bridge


def _upwards(ctx: click.Context | None) -> Iterator[click.Context]:
    while ctx is not None:
        yield ctx
        ctx = ctx.parent


def _known(read: Callable[[Bridge], Iterable[tuple[str, str]]]) -> Complete:
    """Return a completion over what a state directory knows: names, each with a word about it."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            with _opened(ctx) as bridge:
                found = list(read(bridge))
        except (CrmBridgeError, OSError):
            return []
        return [CompletionItem(name, help=about) for name, about in found if name.startswith(incomplete)]

    return complete


def _last_runs(bridge: Bridge) -> list[tuple[str, str]]:
    runs = [(run.id, f"{run.ref.connection}, {run.count}, {run.started}") for run in bridge.runs()]
    return runs[: -_RUNS - 1 : -1]


complete_connection = _known(lambda bridge: ((one.config.name, one.spec.title) for one in bridge.connections()))
complete_run = _known(_last_runs)
complete_set = _known(lambda bridge: ((one.set_id, f"{one.connection}, {one.count}") for one in bridge.vault.sets()))


def complete_adapter(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the adapters that are installed."""
    from crm_bridge.registry import adapter_names

    return [CompletionItem(name) for name in adapter_names() if name.startswith(incomplete)]


def complete_plan(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer plan files and folders that begin so."""
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    try:
        paths = sorted(one for one in folder.iterdir() if one.suffix == ".plan" or one.is_dir())
    except OSError:
        return []
    names = [f"{one}/" if one.is_dir() else str(one) for one in paths if not one.name.startswith(".")]
    return [CompletionItem(name) for name in names if name.startswith(incomplete.removeprefix("./"))]


def complete_filter(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the fields of every contract at the end of a filter."""
    from crm_bridge.domain.contract import CONTRACT_FIELDS

    before, word = re.fullmatch(r"(?s)(.*?)(\w*)", incomplete).groups()  # type: ignore[union-attr]
    if before.count('"') % 2 or before.count("'") % 2:  # in a value
        return []
    return [CompletionItem(before + name) for name in CONTRACT_FIELDS if word and name.startswith(word)]
