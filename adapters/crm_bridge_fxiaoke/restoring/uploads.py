"""Uploads: a file's bytes go back to the CRM as they are read; the comparison after the restore reads them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_bridge.domain.snapshot import Attachment
from crm_bridge.errors import MalformedAnswerError, RequestRefusedError
from crm_bridge.i18n import _
from crm_bridge.transport import UploadBody, UploadPart
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.error_table import clean
from crm_bridge_fxiaoke.mapping import text

UPLOAD_PATH = "/media/upload"
CREDENTIAL_PATH = "/cgi/crm/v2/generatorFileUploadCredential"
_DOCUMENT_MOST, _CREDENTIAL_MOST = 20 * 1024 * 1024, 100 * 1024 * 1024
_CREDENTIAL_SECONDS = 600
_SIGNED_HEADERS = ("acid", "resource", "ak", "sign", "expiry", "filename", "size", "digest")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One file at the CRM again: what a file field takes."""

    path: str
    name: str


class Uploads:
    """Uploads in the way of the connection's style."""

    def __init__(self, client: Client) -> None:
        """Calls go through the connection's client."""
        self._client = client

    def send(self, attachment: Attachment) -> Uploaded:
        """Upload one file; RequestRefusedError for one that is too large for any documented way."""
        content, name = UploadBody.of(attachment), attachment.name
        if content.size > _CREDENTIAL_MOST:
            raise RequestRefusedError(_("{name} is larger than 100 MB").format(name=clean(name)), reason="too_large")
        # The older call takes documents up to 20 MB and a token as a form field; the newer one is signed.
        old = self._client.settings.auth == "corp_token" and content.size <= _DOCUMENT_MOST
        return Uploaded(self._as_media(name, content) if old else self._signed(name, content), name)

    def _as_media(self, name: str, content: UploadBody) -> str:
        part = UploadPart("media", name, content)
        envelope = self._client.upload(UPLOAD_PATH, {"type": "document"}, [part])
        if envelope.code != 0:
            raise self._client.judge.error(envelope)
        return _path(text(envelope.body.get("mediaId")))

    def _signed(self, name: str, content: UploadBody) -> str:
        asked = {
            "expireTime": _CREDENTIAL_SECONDS,
            "resourceType": "TN",
            "isStreamUpload": True,
            "filename": name,
            "extension": name.rpartition(".")[2],
            "fileSize": content.size,
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


def _path(found: str | None) -> str:
    if found is None:
        raise MalformedAnswerError(_("the answer lacks {what}").format(what="path"), reason="shape")
    return found
