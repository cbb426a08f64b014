"""Paths and verbs: which endpoint answers, and what it needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_zoho.emulator.answers import ApiError
from crm_bridge_zoho.emulator.call import Call

Endpoint = Callable[[Call], WireResponse]

_NOT_MODULES = "settings|users|org|coql|files|upload|__composite_requests|__apis|__features|bulk"
_PIECES = {
    "v": r"v(?P<v>[2-8](?:\.1)?)",
    "module": rf"(?P<module>(?!(?:{_NOT_MODULES})(?:/|$))[A-Za-z_][A-Za-z0-9_]*)",
    "related": r"(?P<related>(?!actions(?:/|$))[A-Za-z_][A-Za-z0-9_]*)",
    "notes_list": r"(?P<related>(?i:Notes))",
    "files_list": r"(?P<related>(?i:Attachments))",
    "notes": r"(?P<module>(?i:Notes))",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: verb, path template, endpoint, and the scopes it needs, all of them."""

    method: str
    template: str
    endpoint: Endpoint
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A route with its path arguments."""

    route: Route
    path: dict[str, str]

    @property
    def version(self) -> int:
        """The major version of the API that was asked for."""
        return int(self.path.get("v", "8")[0])


class Router:
    """Finds the first template that fits, then the verb."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Compile the templates in the order given: special ones come before general ones."""
        self._table: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}
        for route in routes:
            entry = self._table.setdefault(route.template, (_compile(route.template), {}))
            entry[1][route.method] = route

    def operations(self) -> list[tuple[str, str]]:
        """Return verb and template of everything that can be asked."""
        return [(method, template) for template, (_pattern, verbs) in self._table.items() for method in verbs]

    def match(self, method: str, path: str) -> Match:
        """Return the route; unknown paths are 404, known paths with another verb are 400."""
        wrong_verb = False
        for pattern, verbs in self._table.values():
            found = pattern.fullmatch(path.rstrip("/"))
            if found is None:
                continue
            if route := verbs.get(method):
                return Match(route, {name: unquote(value) for name, value in found.groupdict().items()})
            wrong_verb = True
            break
        if wrong_verb:
            raise ApiError("INVALID_REQUEST_METHOD", "The http request method type is not a valid one")
        message = "Please check if the URL trying to access is a correct one"
        raise ApiError("INVALID_URL_PATTERN", message, status=404)


def _compile(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    text = "".join(_PIECES.get(p, rf"(?P<{p}>[^/]+)") if i % 2 else re.escape(p) for i, p in enumerate(pieces))
    return re.compile(text)
