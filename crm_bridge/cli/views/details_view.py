"""How one contract with everything around it looks: as JSON, and in sections for people."""

from __future__ import annotations

import json
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
            Output.pairs((f"  {source}", _words(row)) for source, row in rows)
    if files := details.snapshot.attachments:
        Output.text("\n" + _("files") + f" ({len(files)})")
        Output.table([_("name"), amount(_("bytes")), key(_("id"))], [(a.name, a.size, a.id) for a in files])


def _words(row: object) -> str:
    """Return what a person sees of a row: names and values, no ids, no empty ones."""
    if not isinstance(row, Mapping):
        return _text(row)
    told = [(name, _text(value)) for name, value in row.items() if not _technical(str(name))]
    return ", ".join(f"{name} {text}" for name, text in [one for one in told if one[1]][:_CELLS])


def _technical(name: str) -> bool:
    return name.startswith(("$", "_")) or name.lower() in ("id", "object_describe_api_name", "tenant_id")


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("display_value__r") or value.get("full_name") or "")
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    return "" if value is None or value is False else str(value)


def raw_table(snapshot: Snapshot) -> None:
    """Print every field as the CRM names it."""
    Output.text("")
    Output.table((_("vendor field"), _("value")), _shown(_raw(snapshot)))


def _shown(raw: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in sorted(raw.items()):
        nested = isinstance(value, dict | list)
        yield name, json.dumps(value, ensure_ascii=False, default=str) if nested else value
