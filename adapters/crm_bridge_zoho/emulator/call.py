"""One authenticated call, as the endpoints see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crm_bridge.spi.emulator import Effect, WireRequest, WireResponse
from crm_bridge_zoho.emulator.answers import ApiError, invalid_data, invalid_id, invalid_module, invalid_param
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.state.schema import Module
from crm_bridge_zoho.emulator.state.store import Record, Table
from crm_bridge_zoho.emulator.state.times import instant
from crm_bridge_zoho.emulator.switches import Switches

NOT_IN_LISTS = frozenset({"linking", "subform"})


@dataclass(slots=True)
class Call:
    """Request, path arguments, caller, and what the call changed."""

    org: Org
    request: WireRequest
    path: dict[str, str]
    version: int
    scopes: Collection[str]
    dispatch: Callable[[WireRequest], WireResponse]
    """Answers a sub-request of a composite call under the same token."""
    effects: list[Effect] = field(default_factory=list)
    credits: int = 1
    _params: dict[str, str] | None = None

    @property
    def switches(self) -> Switches:
        """The switches of the org."""
        return self.org.switches

    @property
    def me(self) -> str:
        """The id of the current user."""
        return self.org.me

    @property
    def params(self) -> dict[str, str]:
        """The query parameters."""
        if self._params is None:
            self._params = self.request.params()
        return self._params

    def module(self, index: int = 0, *, rows: bool = False) -> Module:
        """Return the module of the path; it must exist and be in the API. `rows` takes subforms too, to be listed."""
        found = self.org.module(self.path["module"])
        if found is None or not self.org.shows_module(found.api_name):
            raise invalid_module(index)
        if not found.api_supported or (found.generated_type in NOT_IN_LISTS and not (rows and found.is_subform)):
            raise invalid_module(index)
        return found

    def table(self) -> Table:
        """Return the table of the module of the path."""
        return self.org.tables[self.module().api_name]

    def record(self, *, rows: bool = False) -> Record | None:
        """Return the live record of the path, by id or by the external field that `X-EXTERNAL` names.

        `rows`: a row of a subform as well.
        """
        module, key = self.module(rows=rows), self.path["id"]
        if external := self.request.headers.get("x-external"):
            return self._external(module, external, key)
        if not is_id(key):
            raise invalid_id()
        return self.org.tables[module.api_name].get(key)

    def body(self) -> Any:
        """Return the JSON body, whatever its Content-Type; numbers with a fraction are Decimal."""
        try:
            return json.loads(self.request.body.decode("utf-8"), parse_float=Decimal)
        except ValueError as broken:
            message = "either the request body or parameters is in wrong format"
            raise ApiError("UNABLE_TO_PARSE_DATA_TYPE", message) from broken

    def object_body(self) -> dict[str, Any]:
        """Return the JSON body, which must be an object."""
        body = self.body()
        if not isinstance(body, dict):
            raise invalid_data({"expected_data_type": "jsonobject"}, "body")
        return body

    def flag(self, name: str, default: bool) -> bool:
        """Return a boolean parameter in any spelling of case."""
        text = self.params.get(name, "").strip().lower()
        if not text:
            return default
        if text not in {"true", "false"}:
            raise invalid_param(name)
        return text == "true"

    def ids(self, name: str = "ids") -> list[str]:
        """Return the ids of a parameter, in order."""
        return [part.strip() for part in self.params.get(name, "").split(",") if part.strip()]

    def modified_since(self) -> int | None:
        """Return the `If-Modified-Since` header (ISO 8601) as seconds since 1970."""
        text = self.request.headers.get("if-modified-since")
        if text is None:
            return None
        moment = instant(text)
        if moment is None:
            raise invalid_data({"header": "If-Modified-Since"}, "the If-Modified-Since given seems to be invalid")
        return moment

    def _external(self, module: Module, header: str, value: str) -> Record | None:
        name = header.rsplit(".", 1)[-1]
        entry = module.fields.get(name)
        if entry is None or not entry.external:
            raise invalid_data({"header": "X-EXTERNAL"}, "the external field given seems to be invalid")
        rows = self.org.tables[module.api_name].rows.values()
        return next((row for row in rows if row.cells.get(name) == value), None)


def is_id(text: str) -> bool:
    """Return whether the text has the form of a record id."""
    return text.isascii() and text.isdigit() and 15 <= len(text) <= 19
