"""Contracts to create: from a contract of the user's as a template, else from the required fields."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot, SnapshotPart
from crm_bridge.errors import UsageError
from crm_bridge.spi.proving import needs_template
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.module.contract_module import ATTACHMENTS, NOTES, ContractModule
from crm_bridge_zoho.module.metadata import ZohoField, read_fields
from crm_bridge_zoho.reading.coql import Coql, Select
from crm_bridge_zoho.reading.files import LIST
from crm_bridge_zoho.restoring.payload import json_bytes, saved_of
from crm_bridge_zoho.wire import id_text, list_of

_FILE = b"made by crm-bridge prove\n"
_PADDED = "crm-bridge prove "
_NONE = ("-None-", "")
_TODAY = "2000-01-01"
_SUBFORM = "subform"


class Drafts:
    """Snapshots of contracts that never were: creating them again makes them."""

    def __init__(self, client: ZohoClient, coql: Coql, contract_module: ContractModule) -> None:
        """References are filled with the newest record that can be read."""
        self._client = client
        self._coql = coql
        self._module = contract_module

    def draft(self, named: tuple[str, str], template: Snapshot | None, *, whole: bool) -> Snapshot:
        """Return a contract with a label: the field that carries it, and its text."""
        field, label = named
        record = dict(saved_of(template).values) if template else self._required(self._module.fields.values(), label)
        if template is not None:
            record = {key: value for key, value in record.items() if not self._is_row(key)}
        record |= {"id": str(int(hashlib.sha256(label.encode()).hexdigest()[:12], 16)), field: label}
        number = self._module.fields.get(self._module.meanings.get("number", ""))
        if number is not None and number.data_type == "text" and number.writable:
            record[number.api_name] = label[: number.length or None]  # two of one number could be taken for copies
        padded = padded_field(self._module)
        if padded is not None and not record.get(padded.api_name):
            record[padded.api_name] = _PADDED
        parts: list[SnapshotPart] = []
        if whole and NOTES in self._lists:
            note = {"id": "1", "Note_Title": label, "Note_Content": label}
            parts.append(SnapshotPart(PartKind.NOTE, NOTES, json_bytes([note])))
        if whole:
            record |= self._rows(label)
        return Snapshot(
            ContractRef(self._module.name, record["id"]), "", json_bytes(record), tuple(parts), self._files(whole)
        )

    @property
    def _lists(self) -> set[str]:
        return {one.api_name for one in self._module.related}

    def _files(self, whole: bool) -> tuple[Attachment, ...]:
        if not whole or ATTACHMENTS not in self._lists:
            return ()
        digest = hashlib.sha256(_FILE).hexdigest()
        return (
            Attachment("prove", "crm-bridge-prove.txt", len(_FILE), LIST, lambda: iter((_FILE,)), digest, "text/plain"),
        )

    def _is_row(self, name: str) -> bool:
        field = self._module.fields.get(name)
        return field is not None and field.data_type in (_SUBFORM, "multiselectlookup", "fileupload")

    def _rows(self, label: str) -> dict[str, Any]:
        """Return one row of one subform; none where there is no subform, or no value for a required column."""
        subform = next((one for one in self._module.fields.values() if one.data_type == _SUBFORM and one.target), None)
        if subform is None:
            return {}
        columns = [one for one in read_fields(self._client, subform.target) if one.writable]
        try:
            row = self._required(columns, label)
        except UsageError:
            return {}
        if not row:
            plain = next((one for one in columns if one.data_type in ("text", "textarea", "integer")), None)
            row = {plain.api_name: self._value(plain, label)} if plain else {}
        return {subform.api_name: [row]} if row else {}

    def _required(self, fields: Any, label: str) -> dict[str, Any]:
        wanted = [one for one in fields if one.required and one.writable and one.data_type != "ownerlookup"]
        return {one.api_name: self._value(one, label) for one in wanted}

    def _value(self, field: ZohoField, label: str) -> Any:
        """Return a value that a required field takes. Raises UsageError for a type that nothing can be made up for."""
        option = next((value for value, _shown in field.options if value not in _NONE), None)
        made: Mapping[str, Callable[[], Any]] = {
            "text": lambda: label[: field.length or None],
            "textarea": lambda: label,
            "email": lambda: "prove@example.com",
            "phone": lambda: "0",
            "website": lambda: "example.com",
            "picklist": lambda: option,
            "multiselectpicklist": lambda: [option] if option else None,
            "date": lambda: _TODAY,
            "datetime": lambda: f"{_TODAY}T00:00:00+00:00",
            "boolean": lambda: False,
            "integer": lambda: 1,
            "bigint": lambda: "1",
            "double": lambda: 1,
            "currency": lambda: 1,
            "percent": lambda: 1,
            "lookup": lambda: self._any(field.target),
        }
        value = made.get(field.data_type, lambda: None)()
        if value is None:
            raise needs_template(field.label, field.data_type)
        return value

    def _any(self, target: str) -> dict[str, str] | None:
        answer, _limit = self._coql.page(Select(target, ("id",)), limit=1)
        rows = list_of(answer, "data")
        return {"id": id_text(rows[0].get("id"))} if rows else None


def padded_field(contract_module: ContractModule) -> ZohoField | None:
    """Return the optional text of a contract that is given a blank at its end, by name; None where there is none."""
    meant = contract_module.meanings.values()
    fields = sorted(contract_module.fields.values(), key=lambda one: one.api_name)
    texts = (one for one in fields if one.data_type in ("text", "textarea") and not one.rich_text)
    plain = (one for one in texts if one.writable and not one.unique and not one.required)
    fits = (one for one in plain if one.api_name not in meant and (not one.length or one.length >= len(_PADDED)))
    return next((one for one in fits if contract_module.user.profile_id not in one.hidden_from), None)
