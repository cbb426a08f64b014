"""The files of a contract: what the lists say, and their bytes when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment
from crm_bridge.errors import MalformedAnswerError, RequestRefusedError, UsageError
from crm_bridge.i18n import _
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.wire import id_text

LIST = "attachments"
"""The `source` of an attachment that hangs in the record's own list, not in a field."""
LIST_FIELDS = "id,File_Name,Size,Created_Time,Owner,Parent_Id,$file_id,$type,$link_url"
NOTE_FILES = "Notes/"
"""The `source` of a file that hangs on a note begins so; the note's id follows."""
LINK_TYPE, FILE_TYPE = "Link URL", "Attachment"
MOST_BYTES = 110 * 1024 * 1024
"""Zoho takes uploads up to 100 MB."""


def is_link(row: Mapping[str, Any]) -> bool:
    """Return whether Zoho keeps no bytes of an attachment: it is an address, or a file that lives in a drive."""
    return row.get("$type") not in (None, "", FILE_TYPE)


def listed_files(
    client: ZohoClient, ref: ContractRef, rows: list[Mapping[str, Any]], *, source: str = LIST
) -> Iterator[Attachment]:
    """Yield the files of a record's attachment list. Links have no bytes: they stay in the list as they are."""
    for row in rows:
        if is_link(row):
            continue
        file_id = id_text(row.get("id"))
        path = f"/crm/v8/{ref.module}/{ref.id}/Attachments/{file_id}"
        yield Attachment(
            id=file_id,
            name=str(row.get("File_Name") or file_id),
            size=size_of(row.get("Size")),
            source=source,
            chunks=_reader(client, [path], "GET /crm/v8/{module}/{id}/Attachments/{id}", {}, size_of(row.get("Size"))),
        )


def field_files(
    client: ZohoClient, refs: Sequence[ContractRef], field: str, value: object, *, source: str = ""
) -> Iterator[Attachment]:
    """Yield the files that a file-upload field holds; `refs` are the records that may be asked for them."""
    for row in value if isinstance(value, list) else ():
        if not isinstance(row, Mapping):
            continue
        row_id, size = id_text(row.get("id")), size_of(row.get("Size__s"))
        paths = [f"/crm/v8/{ref.module}/{ref.id}/actions/download_fields_attachment" for ref in refs]
        route = "GET /crm/v8/{module}/{id}/actions/download_fields_attachment"
        yield Attachment(
            id=row_id,
            name=str(row.get("File_Name__s") or row_id),
            size=size,
            source=source or field,
            chunks=_reader(client, paths, route, {"fields_attachment_id": row_id}, size),
        )


def row_files(client: ZohoClient, contract: ContractRef, module: str, field: str, rows: object) -> Iterator[Attachment]:
    """Yield the files that stand in the rows of a subform; the rows are records of their own `module`.

    Zoho's pages do not say whether the row or its contract is asked for them: the row is, and else the contract.
    """
    for row in rows if isinstance(rows, list) else ():
        for name, value in row.items() if isinstance(row, Mapping) else ():
            if isinstance(value, list) and any(isinstance(one, Mapping) and "File_Id__s" in one for one in value):
                ref = ContractRef(module, id_text(row.get("id")))
                yield from field_files(client, (ref, contract), name, value, source=f"{field}/{ref.id}/{name}")


def size_of(value: object) -> int | None:
    """Return a size in bytes; Zoho writes it as text."""
    return int(str(value)) if isinstance(value, int | str) and str(value).isdigit() else None


def _reader(
    client: ZohoClient, paths: Sequence[str], route: str, params: Mapping[str, str], size: int | None
) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        seen = 0
        for chunk in _first_answered(client, paths, route, params):
            seen += len(chunk)
            yield chunk
        if seen == 0 and size != 0:
            # Zoho answers 204 for a file that is gone; taken at its word it would be saved as an empty file.
            raise MalformedAnswerError(
                _("Zoho sent no bytes for a file ({route})").format(route=route), reason="empty_file", vendor="zoho"
            )

    return chunks


def _first_answered(client: ZohoClient, paths: Sequence[str], route: str, params: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the bytes from the first address that has any; the last one's refusal counts."""
    for number, path in enumerate(paths, start=1):
        seen = False
        try:
            for chunk in client.download(path, route, params=params, max_bytes=MOST_BYTES):
                seen = True
                yield chunk
        except (RequestRefusedError, UsageError):
            if number == len(paths):
                raise
        if seen:
            return
