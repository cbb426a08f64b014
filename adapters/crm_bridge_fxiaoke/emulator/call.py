"""One call: the request's JSON with tolerant readers, and who makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crm_bridge.spi.emulator import WireRequest
from crm_bridge_fxiaoke.emulator.envelope import WireError, missing
from crm_bridge_fxiaoke.emulator.state.state import Employee


@dataclass(slots=True)
class Call:
    """A request with its body read; `employee` is the acting user once signed in, `style` the generation used."""

    request: WireRequest
    path: str
    body: Mapping[str, Any]
    params: Mapping[str, str] = field(default_factory=dict)
    style: Literal["old", "new", ""] = ""
    employee: Employee | None = None

    @property
    def data(self) -> Mapping[str, Any]:
        """The `data` part of the body; empty where there is none."""
        value = self.body.get("data")
        return value if isinstance(value, dict) else {}

    @property
    def actor(self) -> str:
        """The acting user's employee id."""
        return self.employee.id if self.employee else ""

    def flag(self, name: str, default: bool = False) -> bool:
        """Read a boolean at the top level of the body; texts "true" and "false" count."""
        return as_bool(self.body.get(name), default)

    def text(self, name: str) -> str:
        """Read a text of `data` that must be there under exactly this name."""
        return need_text(self.data, name)


def need_text(source: Mapping[str, Any], name: str) -> str:
    """Read a text that must be there; a number counts as its digits."""
    value = source.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise missing(name)
    return str(value)


def need_list(source: Mapping[str, Any], name: str) -> list[Any]:
    """Read a list that must be there and hold something."""
    value = source.get(name)
    if not isinstance(value, list) or not value:
        raise missing(name)
    return value


def as_bool(value: object, default: bool = False) -> bool:
    """Read a boolean or its text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return default


def as_int(value: object, name: str, default: int) -> int:
    """Read a whole number from a number, a float without fraction or digits."""
    if value is None or value == "":
        return default
    try:
        number = float(value) if isinstance(value, int | float | str) else float("nan")
        if number == int(number):
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise WireError(32000, f"the parameter {name} is missing or illegal", "参数不合法")
