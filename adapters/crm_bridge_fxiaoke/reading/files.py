"""Files of records: where they stand in a row, and their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.mapping import text
from crm_bridge_fxiaoke.wire import FILES, FieldMeta, ObjectMeta, Record

DOWNLOAD_PATH = "/media/download"
PRESIGN_PATH = "/cgi/crm/v2/file/getPresignedUrl"
_EXPIRE_SECONDS = 600
BIGGEST_FILE = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a file field: npath, the name that people gave it (hostile), bytes as the CRM counts them."""

    path: str
    name: str
    size: int | None


def file_entries(row: Record, meta: ObjectMeta) -> Iterator[tuple[FieldMeta, FileEntry]]:
    """Yield every file of a record with its field; clients met three spellings of the name's key."""
    for field in meta.of_type(FILES):
        listed = row.get(field.name)
        for one in listed if isinstance(listed, list) else []:
            path = text(one.get("path")) if isinstance(one, dict) else None
            if path:
                name = next((found for key in ("filename", "fileName", "name") if (found := text(one.get(key)))), path)
                size = text(one.get("size"))
                yield field, FileEntry(path, name, int(size) if size and size.isdigit() else None)


class Files:
    """Downloads through the gateway; the bytes are fetched when they are read, never held together."""

    def __init__(self, client: Client) -> None:
        """Calls go through the connection's client."""
        self._client = client

    def reader(self, path: str, *, image: bool) -> Callable[[], Iterator[bytes]]:
        """Return what starts a download by npath. Old style is told to take the npath as it is."""
        body: dict[str, object] = {
            "mediaId": path,
            "igonreMediaIdConvert": True,
            "mediaTypeDesc": "IMAGE" if image else "DOCUMENT",
        }
        if self._client.settings.assumptions.download_by == "presigned":
            return lambda: self._presigned(path)
        return lambda: self._client.download(DOWNLOAD_PATH, body, max_bytes=BIGGEST_FILE)

    def _presigned(self, path: str) -> Iterator[bytes]:
        told = self._client.read(PRESIGN_PATH, {"paths": [path], "expire": _EXPIRE_SECONDS}).data
        told = told.get("data") if isinstance(told, Mapping) else told
        listed = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
        url = next((text(one.get("url")) for one in listed), None)
        if url is None:
            raise MalformedAnswerError(_("the answer lacks {what}").format(what="data.url"), reason="shape")
        yield from self._client.fetch_signed(url, max_bytes=BIGGEST_FILE)
