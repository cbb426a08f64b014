"""What of a row is the record: the columns that every read shows alike, and nothing that describes the viewer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_bridge.domain.records.content import (
    Content,
    Reducer,
    as_it_is,
    choices,
    files,
    flag,
    instant,
    number,
    of_any_type,
    reference,
    references,
)
from crm_bridge_zoho.module.columns import ACTIVITY, Columns
from crm_bridge_zoho.module.metadata import LOOKUPS, ZohoField

LIST_TEXT_LIMIT = 500
"""Rich text is cut to this many characters in lists; only so much of it counts for drift."""

_STAMPS = frozenset({"Modified_Time", "Modified_By"})
"""Columns that move with every edit."""
_BY_TYPE: Mapping[str, Reducer] = {
    **dict.fromkeys(("integer", "bigint", "double", "currency", "percent", "decimal"), number),
    **dict.fromkeys(LOOKUPS, reference),
    **dict.fromkeys(("fileupload", "imageupload", "profileimage"), files),
    "multiuserlookup": references,
    "multiselectpicklist": choices,
    "datetime": instant,
    "boolean": flag,
}
# Reads of a single record carry these although no field of the module is called so.
_UNDESCRIBED = frozenset({"id", "Layout", "Record_Image", "Parent_Id", "Tag", "Locked__s", "Record_Status__s"})


def content_of(fields: Iterable[ZohoField], columns: Columns, lists: Iterable[str]) -> Content:
    """Return the content of the module's records; only the columns of every query count for drift."""
    described = {field.api_name: _reducer(field) for field in fields if not field.api_name.startswith("$")}
    every = {"id": as_it_is, **described}
    rows = Content({}, known=_is_of_the_viewer, open=True)
    return Content(
        fields=every,
        moving=frozenset(every) - set(columns.digested),
        stamps=_STAMPS,
        cuts=dict.fromkeys(columns.rich_texts, LIST_TEXT_LIMIT),
        lists=dict.fromkeys(lists, rows),
        activity=(ACTIVITY,) if ACTIVITY in columns.base else (),
        known=lambda name: name in _UNDESCRIBED or _is_of_the_viewer(name),
    )


def _reducer(field: ZohoField) -> Reducer:
    return _BY_TYPE.get(field.data_type, of_any_type)


def _is_of_the_viewer(name: str) -> bool:
    """Return whether a key tells what this user may do, or how a record is shown: Zoho marks these with a dollar."""
    return name.startswith("$")
