"""Which adapters there are: whatever announces itself under the entry point group `crm_bridge.adapters`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.spi.spec import AdapterSpec

GROUP = "crm_bridge.adapters"


def adapter_names() -> tuple[str, ...]:
    """Return the names of all installed adapters, sorted; nothing is imported."""
    return tuple(sorted({point.name for point in _announced()}))


def _announced() -> Sequence[EntryPoint]:
    return _announced_on(tuple(sys.path))


@lru_cache(maxsize=1)
def _announced_on(_path: tuple[str, ...]) -> Sequence[EntryPoint]:
    # Every installed package is opened for this.
    return tuple(entry_points(group=GROUP))


def load_adapter(name: str) -> AdapterSpec:
    """Import one adapter. Raises UsageError when no package offers it or when what it offers is not a spec."""
    points = [point for point in _announced() if point.name == name]
    if not points:
        near = difflib.get_close_matches(name, adapter_names(), n=1)
        raise UsageError(
            _("there is no adapter {name}; installed: {names}").format(name=name, names=", ".join(adapter_names())),
            reason="unknown_adapter",
            hint=_("did you mean {name}?").format(name=near[0]) if near else "",
        )
    if len(owners := _owners(points)) > 1:
        # The first on the path would win, and be given the secrets of the other's connections.
        raise UsageError(
            _("several installed packages offer an adapter {name}: {packages}").format(
                name=name, packages=", ".join(owners)
            ),
            reason="two_adapters",
            hint=_("remove all of them but the one that you trust"),
        )
    return _load(points[0])


def adapter_version(name: str) -> str:
    """Return `NAME/VERSION` of an installed adapter, the version being that of the package that offers it."""
    packages = [point.dist for point in _announced() if point.name == name]
    return f"{name}/{packages[0].version}" if packages and packages[0] else name


def _owners(points: list[EntryPoint]) -> list[str]:
    """Return which packages offer these entry points, each with what it would load; nothing is imported."""
    return sorted({f"{point.dist.name if point.dist else '?'} ({point.value})" for point in points})


def _load(point: EntryPoint) -> AdapterSpec:
    try:
        spec = point.load()
    except Exception as problem:  # noqa: BLE001 - importing a stranger's package may raise anything
        raise UsageError(
            _("the adapter {name} cannot be loaded from {value}").format(name=point.name, value=point.value),
            reason="broken_adapter",
            hint=f"{type(problem).__name__}: {problem}",
        ) from None
    if not isinstance(spec, AdapterSpec):
        raise UsageError(
            _("{value} is not an AdapterSpec").format(value=point.value),
            reason="broken_adapter",
            hint=_("see the how-to `write-an-adapter`"),
        )
    if spec.name != point.name:
        # Plans and journals keep the name: two names for one adapter would not find each other again.
        raise UsageError(
            _("the adapter {name} says that it is called {other}").format(name=point.name, other=spec.name),
            reason="broken_adapter",
            hint=_("see the how-to `write-an-adapter`"),
        )
    return spec


def working_adapters() -> tuple[list[AdapterSpec], list[UsageError]]:
    """Import every adapter; return those that work, and what is wrong with the others."""
    found: list[AdapterSpec] = []
    broken: list[UsageError] = []
    for name in adapter_names():
        try:
            found.append(load_adapter(name))
        except UsageError as problem:
            broken.append(problem)
    return found, broken
