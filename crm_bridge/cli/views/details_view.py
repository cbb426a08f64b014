"""How one contract with everything around it looks: as JSON, and in sections for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_bridge.cli.terminal.output import Output
from crm_bridge.cli.terminal.tables import amount, key
from crm_bridge.cli.views.contract_view import contract_pairs, deletable_text
from crm_bridge.domain.snapshot import PartKind, Snapshot, SnapshotPart
from crm_bridge.i18n import N_, _

if TYPE_CHECKING:
    from crm_bridge.bridge.connection import Details
    from crm_bridge.spi.adapter import RelationInfo

_SECTIONS = {
    PartKind.DETAIL: N_("lines"),
    PartKind.NOTE: N_("notes"),
    PartKind.LINK: N_("links to it"),
    PartKind.RELATED: N_("related records"),
    PartKind.TEAM: N_("team"),
}
_CELLS = 6
"""Values of a row that are shown; a row of a CRM may have a hundred."""


def details_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return what is around a contract: every vendor field, counts of its parts, its files."""
    files = [{"id": a.id, "name": a.name, "size": a.size, "source": a.source} for a in snapshot.attachments]
    parts = {f"{part.kind.value}: {part.name}": len(_rows(part)) for part in snapshot.parts}
    return {"digest": snapshot.digest, "raw": _raw(snapshot), "parts": parts, "attachments": files}


def _raw(snapshot: Snapshot) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(snapshot.record, parse_float=Decimal)
    return raw


def _rows(part: SnapshotPart) -> list[Any]:
    value = json.loads(part.raw, parse_float=Decimal)
    return value if isinstance(value, list) else [value]


def details_sections(details: Details) -> None:
    """Print what the contract is, whether it may be deleted, and what hangs on it."""
    Output.pairs([*contract_pairs(details.contract), (_("may be deleted"), deletable_text(details.deletable))])
    for kind, name in _SECTIONS.items():
        parts = [part for part in details.snapshot.parts if part.kind is kind]
        rows = [(part.name, row) for part in parts for row in _rows(part)]
        if rows:
            Output.text(f"\n{_(name)} ({len(rows)})")
            Output.pairs((f"  {_label(details, source)}", _words(details, source, row)) for source, row in rows)
    if files := details.snapshot.attachments:
        Output.text("\n" + _("files") + f" ({len(files)})")
        Output.table([_("name"), amount(_("bytes")), key(_("id"))], [(a.name, a.size, a.id) for a in files])


def _list(details: Details, name: str) -> RelationInfo | None:
    """Return what metadata tells of a list around a contract; some CRMs call it as the module of its rows."""
    return next((one for one in details.profile.relations if name in (one.name, one.module)), None)


def _label(details: Details, name: str) -> str:
    relation = _list(details, name)
    return relation.label if relation else name


def _words(details: Details, source: str, row: object) -> str:
    """Return what tells a row from others: labels and values; no ids, nothing that the CRM sets or the contract has."""
    if not isinstance(row, Mapping):
        return _text(row)
    record, relation = _raw(details.snapshot), _list(details, source)
    labels = {column.name: column.label for column in relation.fields} if relation else {}
    shown = []
    for name in labels or row:
        text = _text(_named(row, name))
        same = text in ("", _text(_named(record, name)))
        above = details.contract.id in (row.get(name), _id_of(row.get(name)))
        if not same and not above and not _technical(name, text, relation):
            shown.append(f"{labels.get(name, name)} {text}")
    return ", ".join(shown[:_CELLS])


def _named(row: Mapping[str, Any], name: str) -> object:
    """Return the value of a field; some CRMs tell the name behind an id beside it."""
    return row.get(f"{name}__r") or row.get(name)


def _id_of(value: object) -> object:
    return value.get("id") if isinstance(value, Mapping) else None


_AN_ID = re.compile(r"(?=.*\d)[0-9A-Za-z_]{13,}")


def _technical(name: str, text: str, relation: RelationInfo | None) -> bool:
    set_by_crm = relation is not None and name in relation.changing
    return set_by_crm or name.startswith(("$", "_")) or name.endswith(("__r", "__l")) or bool(_AN_ID.fullmatch(text))


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("display_value__r") or value.get("full_name") or "")
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    return "" if value is None or value is False else str(value)


def raw_table(details: Details) -> None:
    """Print every field as the CRM names it, and as people see it."""
    Output.text("")
    labels = {field.name: field.label for field in details.profile.fields}
    Output.table((_("vendor field"), _("label"), _("value")), _shown(_raw(details.snapshot), labels))


def _shown(raw: Mapping[str, object], labels: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    for name, value in sorted(raw.items()):
        nested = isinstance(value, dict | list)
        shown = json.dumps(value, ensure_ascii=False, default=str) if nested else value
        yield name, labels.get(name, ""), shown
