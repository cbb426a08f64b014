"""Uploads: a file's bytes go back to the CRM, and are read back to see that they arrived whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_bridge.domain.snapshot import Attachment
from crm_bridge.errors import MalformedAnswerError, RequestRefusedError
from crm_bridge.i18n import _
from crm_bridge.transport import UploadPart
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.error_table import clean
from crm_bridge_fxiaoke.mapping import text
from crm_bridge_fxiaoke.reading.files import Files

UPLOAD_PATH = "/media/upload"
CREDENTIAL_PATH = "/cgi/crm/v2/generatorFileUploadCredential"
_DOCUMENT_MOST, _CREDENTIAL_MOST = 20 * 1024 * 1024, 100 * 1024 * 1024
_CREDENTIAL_SECONDS = 600
_SIGNED_HEADERS = ("acid", "resource", "ak", "sign", "expiry", "filename", "size", "digest")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One file at the CRM again: what a file field takes as its path, and the digest of the bytes that were sent."""

    path: str
    name: str
    sha256: str


class Uploads:
    """Uploads in the way of the connection's style."""

    def __init__(self, client: Client) -> None:
        """Calls go through the connection's client."""
        self._client = client
        self._files = Files(client)

    def send(self, attachment: Attachment) -> Uploaded:
        """Upload one file; RequestRefusedError for one that is too large for any documented way."""
        content = b"".join(_bounded(attachment.chunks(), attachment.name))
        digest = hashlib.sha256(content).hexdigest()
        # The older call takes documents up to 20 MB and a token as a form field; the newer one is signed.
        old = self._client.settings.auth == "corp_token" and len(content) <= _DOCUMENT_MOST
        path = self._as_media(attachment.name, content) if old else self._signed(attachment.name, content)
        return Uploaded(path, attachment.name, digest)

    def digest_at(self, path: str) -> str:
        """Return the SHA-256 of a file as the CRM gives it out now."""
        found = hashlib.sha256()
        for piece in self._files.reader(path, image=False)():
            found.update(piece)
        return found.hexdigest()

    def _as_media(self, name: str, content: bytes) -> str:
        part = UploadPart("media", name, content, size=len(content))
        envelope = self._client.upload(UPLOAD_PATH, {"type": "document"}, [part])
        if envelope.code != 0:
            raise self._client.judge.error(envelope)
        return _path(text(envelope.body.get("mediaId")))

    def _signed(self, name: str, content: bytes) -> str:
        asked = {
            "expireTime": _CREDENTIAL_SECONDS,
            "resourceType": "TN",
            "isStreamUpload": True,
            "filename": name,
            "extension": name.rpartition(".")[2],
            "fileSize": len(content),
        }
        envelope = self._client.read(CREDENTIAL_PATH, asked)
        told = envelope.data if isinstance(envelope.data, Mapping) else {}
        url = text(told.get("url"))
        if url is None:
            raise MalformedAnswerError(_("the answer lacks {what}").format(what="data.url"), reason="shape")
        headers = {key: value for key in _SIGNED_HEADERS if (value := text(told.get(key)))}
        kind = text(told.get("contentType")) or "application/octet-stream"
        answer = self._client.put_signed(url, headers, content, content_type=kind, link=envelope.trace_id)
        if answer.get("success") is not True:
            raise RequestRefusedError(
                _("the file store refused {name}: {text}").format(name=clean(name), text=clean(answer.get("message"))),
                reason="upload",
            )
        return _path(text(answer.get("data")))


def _bounded(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the pieces of a file that one upload can take; it is held in memory, never in a plain file."""
    size = 0
    for piece in chunks:
        size += len(piece)
        if size > _CREDENTIAL_MOST:
            raise RequestRefusedError(_("{name} is larger than 100 MB").format(name=clean(name)), reason="too_large")
        yield piece


def _path(found: str | None) -> str:
    if found is None:
        raise MalformedAnswerError(_("the answer lacks {what}").format(what="path"), reason="shape")
    return found
