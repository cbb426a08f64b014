"""Notes and files of a re-created contract: put back once, compared afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Attachment
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Verdict
from crm_bridge.transport import UploadBody, UploadPart
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.module.contract_module import NOTES
from crm_bridge_zoho.reading.files import LIST, LIST_FIELDS, NOTE_FILES, is_link, listed_files
from crm_bridge_zoho.restoring.creating import Outcome, sent
from crm_bridge_zoho.restoring.payload import json_bytes
from crm_bridge_zoho.snapshotter import next_page
from crm_bridge_zoho.wire import id_text, list_of

NOTE_FIELDS = "id,Note_Title,Note_Content"


class UnfinishedError(CrmBridgeError):
    """Something around the contract may or may not have been put back; a later attempt completes it."""


class RelatedItemsWriter:
    """Puts notes and files on one contract. What is already there is left alone, so that it can be repeated."""

    def __init__(self, client: ZohoClient, ref: ContractRef) -> None:
        """`ref` is the new contract."""
        self._client = client
        self._ref = ref
        self._path = f"/crm/v8/{ref.module}/{ref.id}"

    def notes(self) -> list[Mapping[str, Any]]:
        """Return every note that the contract has now."""
        return self._all("Notes", NOTE_FIELDS)

    def put_notes(self, wanted: Iterable[Mapping[str, Any]], *, look_first: bool) -> list[str]:
        """Write the notes that are missing; return what Zoho refused, in words."""
        there = [_note_key(note) for note in self.notes()] if look_first else []
        lost = []
        for note in wanted:
            key = _note_key(note)
            if key in there:
                there.remove(key)
                continue
            record = {name: note[name] for name in ("Note_Title", "Note_Content") if note.get(name)}
            outcome = sent(partial(self._create, "Notes", record))
            if _settled(outcome) is Verdict.NOT_DONE:
                lost.append(_("note {name}: {why}").format(name=key[0] or "-", why=outcome.message))
        return lost

    def put_note_files(self, notes: Iterable[Mapping[str, Any]], files: Sequence[Attachment]) -> list[str]:
        """Upload the files of notes that are missing; return what is missing then, in words."""
        wanted: dict[str, list[Attachment]] = {}
        for file in files:
            if file.source.startswith(NOTE_FILES):
                wanted.setdefault(file.source.removeprefix(NOTE_FILES), []).append(replace(file, source=LIST))
        here = [(_note_key(note), id_text(note.get("id"))) for note in self.notes()] if wanted else []
        lost = []
        for note in notes:
            mine = wanted.get(id_text(note.get("id")), [])
            at = next((place for place in here if place[0] == _note_key(note)), None)
            if mine and at is not None:
                # Two notes may say the same: each takes the files of one.
                here.remove(at)
                lost += RelatedItemsWriter(self._client, ContractRef(NOTES, at[1])).put_files(mine, (), look_first=True)
            else:
                lost += [_("file {name}: {why}").format(name=one.name, why=_("its note is not there")) for one in mine]
        return lost

    def _create(self, name: str, record: Mapping[str, object]) -> Any:
        route = "POST /crm/v8/{module}/{id}/" + name
        return self._client.create("POST", f"{self._path}/{name}", route, body=json_bytes({"data": [record]}))

    def put_files(
        self, files: Sequence[Attachment], links: Iterable[Mapping[str, Any]], *, look_first: bool
    ) -> list[str]:
        """Upload the files that are missing; return what was refused, in words.

        Nothing is read back here: the comparison after the restore reads every file once, and says what differs.
        """
        there = self._listed() if look_first else []
        known = {(file.name, _digest(file)) for file in listed_files(self._client, self._ref, there)}
        lost = []
        for file in files:
            if file.source != LIST or (file.name, file.sha256) in known:
                continue
            part = UploadPart("file", file.name, UploadBody.of(file), file.media_type)
            outcome = self._upload(part)
            if _settled(outcome) is Verdict.NOT_DONE:
                lost.append(_("file {name}: {why}").format(name=file.name, why=outcome.message))
        return [*lost, *self._put_links(links, [str(row.get("$link_url")) for row in there])]

    def _upload(self, *parts: UploadPart) -> Outcome:
        route = "POST /crm/v8/{module}/{id}/Attachments"
        return sent(partial(self._client.upload, f"{self._path}/Attachments", route, *parts))

    def _put_links(self, links: Iterable[Mapping[str, Any]], there: Sequence[str]) -> list[str]:
        lost = []
        for row in links:
            url, title = str(row.get("$link_url") or ""), str(row.get("File_Name") or "")
            if not is_link(row) or not url or url in there:
                continue
            fields = {"attachmentUrl": url, "title": title or url}
            parts = [UploadPart(name, "", value.encode(), "") for name, value in fields.items()]
            outcome = self._upload(*parts)
            if _settled(outcome) is Verdict.NOT_DONE:
                lost.append(_("link {name}: {why}").format(name=title or url, why=outcome.message))
        return lost

    def _listed(self) -> list[Mapping[str, Any]]:
        return self._all("Attachments", LIST_FIELDS)

    def _all(self, name: str, fields: str) -> list[Mapping[str, Any]]:
        """Return the rows of a related list through all its pages: what is not on the first is there as well."""
        rows: list[Mapping[str, Any]] = []
        params = {"fields": fields, "per_page": "200"}
        while True:
            answer = self._client.read(f"{self._path}/{name}", "GET /crm/v8/{module}/{id}/" + name, params=params)
            page = list_of(answer, "data")
            rows += page
            token = next_page(answer) if answer is not None and page else ""
            if not token:
                return rows
            params = {**params, "page_token": token}


def upload_for_field(client: ZohoClient, file: Attachment) -> Outcome:
    """Upload a file for a file-upload field; the outcome's id is what the field is given."""
    part = UploadPart("file", file.name, UploadBody.of(file), file.media_type)
    outcome = sent(lambda: client.upload("/crm/v8/files", "POST /crm/v8/files", part))
    _settled(outcome)
    return outcome


_ENDS_IT = frozenset({Reason.RATE_LIMITED, Reason.SIGNED_OUT, Reason.CONNECT, Reason.DNS})


def _settled(outcome: Outcome) -> Verdict:
    """Return done or refused; UnfinishedError when it is not known."""
    if outcome.verdict is Verdict.UNKNOWN or outcome.reason in _ENDS_IT:
        raise UnfinishedError(outcome.message, reason=outcome.reason or "", hint=outcome.hint, vendor_code=outcome.code)
    return outcome.verdict


def _note_key(note: Mapping[str, Any]) -> tuple[str, str]:
    # Zoho may trim what it is given; two notes that differ in blanks alone are told apart by nobody.
    return str(note.get("Note_Title") or "").strip(), str(note.get("Note_Content") or "").strip()


def _digest(file: Attachment) -> str:
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    return found.hexdigest()
