"""An insert that gives way: values that Zoho no longer takes are left out and named, and the rest comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Verdict
from crm_bridge.spi.recreating import replacement, until_taken, why_left_out
from crm_bridge_zoho.module.metadata import LOOKUPS, ZohoField
from crm_bridge_zoho.restoring.creating import Outcome, Refused

_TEXTS = frozenset({"text", "textarea"})


class GivingWay:
    """Sends a record, and after each proven refusal once more without the values that were refused."""

    def __init__(self, fields: Mapping[str, ZohoField], *, marker: str, owner: str | None) -> None:
        """`marker` makes a value unique that has to be there and is taken; `owner`: the one that the caller named."""
        self._fields = fields
        self._marker = marker
        self._owner = owner
        self._replaced: set[tuple[str | int, ...]] = set()
        self._left_out: dict[tuple[str | int, ...], object] = {}
        self._told: dict[str, str] = {}

    @property
    def lost(self) -> list[str]:
        """Return what was left out or replaced, each field once, in words."""
        return [_("{field}: {why}").format(field=name, why=why) for name, why in self._told.items()]

    @property
    def labels(self) -> frozenset[str]:
        """Return the labels of the fields that were left out or replaced."""
        return frozenset(self._told)

    def insert(self, record: dict[str, Any], send: Callable[[Mapping[str, object]], Outcome]) -> Outcome:
        """Return what became of the last call; `lost` then names what was left out, in words."""

        def gives_way(outcome: Outcome) -> bool:
            refused = outcome.verdict is Verdict.NOT_DONE and outcome.reason is not Reason.PERMISSION
            return refused and bool(sum(self._give_way(record, one) for one in outcome.refused))

        return until_taken(lambda: send(record), gives_way)

    def _give_way(self, record: dict[str, Any], refused: Refused) -> bool:
        """Change the record so that this refusal does not come again; False where that cannot be done."""
        if self._owner is not None and refused.path == ("Owner",):
            return self._give_to_named(record)
        place, key = self._place(record, refused.path)
        if place is None or (refused.path in self._replaced):
            return False
        was_sent = key in place
        value = place.pop(key, self._left_out.get(refused.path))
        self._left_out[refused.path] = value
        field = self._fields.get(str(refused.path[0]))
        if self._is_needed(field, refused) and len(refused.path) == 1:
            self._replaced.add(refused.path)
            found = self._replacement(field, value) if field else None
            if found is None:
                return False
            place[key] = found
        elif not was_sent:
            return False
        label = self._label(str(refused.path[0]))
        name = f"{label}.{key}" if len(refused.path) > 1 else label
        self._told.setdefault(name, self._why(field, refused, value))
        return True

    def _give_to_named(self, record: dict[str, Any]) -> bool:
        """Name the owner of the caller's choice; where that one is refused too, nobody else is chosen."""
        if ("Owner",) in self._replaced:
            return False
        self._replaced.add(("Owner",))
        record["Owner"] = {"id": self._owner}
        refused = Refused(("Owner",), "")
        self._told[self._label("Owner")] = self._why(None, refused, self._owner, given=True)
        return True

    def _label(self, name: str) -> str:
        field = self._fields.get(name)
        return field.label if field else name

    @staticmethod
    def _place(record: dict[str, Any], path: tuple[str | int, ...]) -> tuple[dict[str, Any] | None, str]:
        if len(path) == 1:
            return record, str(path[0])
        rows, at = record.get(str(path[0])), path[1]
        if isinstance(rows, list) and isinstance(at, int) and at < len(rows) and isinstance(rows[at], dict):
            return rows[at], str(path[2])
        return None, ""

    @staticmethod
    def _is_needed(field: ZohoField | None, refused: Refused) -> bool:
        return refused.code == "MANDATORY_NOT_FOUND" or (field is not None and field.required)

    def _replacement(self, field: ZohoField, value: object) -> object:
        found = replacement(
            value,
            options=[actual for actual, _shown in field.options if actual != "-None-"],
            is_text=field.data_type in _TEXTS,
            taken=field.unique,
            marker=self._marker,
            most=field.length or 255,
        )
        return [found] if found and field.data_type == "multiselectpicklist" else found

    @staticmethod
    def _why(field: ZohoField | None, refused: Refused, value: object, *, given: bool = False) -> str:
        return why_left_out(
            taken=refused.code == "DUPLICATE_DATA",
            missing=value is None,
            of_owner=refused.path == ("Owner",),
            given=given,
            refers=field is not None and field.data_type in LOOKUPS,
        )
