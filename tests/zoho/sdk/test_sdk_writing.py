"""The SDK's samples that write: records, notes, attachments, files, locks."""

from __future__ import annotations

from datetime import date
from typing import Any

from zohocrmsdk.src.com.zoho.crm.api.attachments import (
    ActionWrapper as FileActions,
)
from zohocrmsdk.src.com.zoho.crm.api.attachments import (
    AttachmentsOperations,
    DeleteAttachmentsParam,
    GetAttachmentsParam,
    UploadUrlAttachmentsParam,
)
from zohocrmsdk.src.com.zoho.crm.api.attachments import FileBodyWrapper as AttachmentBody
from zohocrmsdk.src.com.zoho.crm.api.attachments import ResponseWrapper as AttachmentRows
from zohocrmsdk.src.com.zoho.crm.api.field_attachments import FieldAttachmentsOperations
from zohocrmsdk.src.com.zoho.crm.api.files import BodyWrapper as FilesBody
from zohocrmsdk.src.com.zoho.crm.api.files import FilesOperations, GetFileParam
from zohocrmsdk.src.com.zoho.crm.api.modules.minified_module import MinifiedModule
from zohocrmsdk.src.com.zoho.crm.api.notes import ActionWrapper as NoteActions
from zohocrmsdk.src.com.zoho.crm.api.notes import BodyWrapper as NotesBody
from zohocrmsdk.src.com.zoho.crm.api.notes import (
    DeleteNotesParam,
    GetNotesParam,
    Note,
    NotesOperations,
    ParentId,
)
from zohocrmsdk.src.com.zoho.crm.api.record import (
    ActionWrapper,
    APIException,
    BodyWrapper,
    Field,
    FileDetails,
    Record,
    RecordOperations,
)
from zohocrmsdk.src.com.zoho.crm.api.record_locking import BodyWrapper as LockBody
from zohocrmsdk.src.com.zoho.crm.api.record_locking import LockRecord, RecordLockingOperations
from zohocrmsdk.src.com.zoho.crm.api.util import Choice, StreamWrapper

from .conftest import Stream, body, headers, params


def _body(*rows: Any) -> Any:
    made = BodyWrapper()
    made.set_data(list(rows))
    made.set_trigger([])
    return made


def _record(name: str, **values: Any) -> Any:
    made = Record()
    made.add_field_value(Field("Name"), name)
    for key, value in values.items():
        made.add_key_value(key, value)
    return made


def test_created_records_have_the_types_of_their_fields(sdk: Any) -> None:
    account = Record()
    account.set_id(int(sdk.emulator.org.tables["Accounts"].rows.copy().popitem()[0]))
    row = _record(
        "Neu", Account=account, End_Date=date(2027, 1, 31), Contract_Value=1.5, Contract_Status=Choice("Active"),
        Auto_Renewal=True, Seats=4,
    )  # fmt: skip
    done = body(RecordOperations("Contracts").create_records(_body(row), headers({})), 201)
    assert isinstance(done, ActionWrapper)
    new = done.get_data()[0].get_details()["id"]
    stored = sdk.emulator.control("record", {"id": str(new)})["record"]
    assert (stored["End_Date"], stored["Contract_Value"], stored["Seats"]) == ("2027-01-31", 1.5, 4)
    assert stored["Account"]["id"] == str(account.get_id())
    assert [effect.kind for effect in sdk.emulator.ledger()[-1].effects] == ["created"]


def test_a_taken_unique_value_is_told_with_its_holder(sdk: Any) -> None:
    done = body(
        RecordOperations("Contracts").create_records(_body(_record("Twice", External_Id="x-0")), headers({})), 400
    )
    refused = done.get_data()[0]
    assert isinstance(refused, APIException)
    assert refused.get_code().get_value() == "DUPLICATE_DATA"


def test_update_and_upsert(sdk: Any) -> None:
    operations, first = RecordOperations("Contracts"), sdk.ids()[0]
    done = body(operations.update_record(first, _body(_record("Renamed")), headers({})))
    assert done.get_data()[0].get_message().get_value() == "record updated"
    request = _body(_record("Again", External_Id="x-0"), _record("New", External_Id="x-new"))
    request.set_duplicate_check_fields(["External_Id"])
    actions = body(operations.upsert_records(request, headers({}))).get_data()
    assert [one.get_action().get_value() for one in actions] == ["update", "insert"]
    assert sdk.emulator.control("record", {"id": str(first)})["record"]["Name"] == "Again"


def test_notes_are_created_listed_changed_and_deleted(sdk: Any) -> None:
    operations, second = NotesOperations(), sdk.ids()[1]
    note, parent, module = Note(), ParentId(), MinifiedModule()
    module.set_api_name("Contracts")
    module.set_id(int(sdk.emulator.org.modules["Contracts"].id))
    parent.set_id(second)
    parent.set_module(module)
    note.set_parent_id(parent)
    note.set_note_title("Call")
    note.set_note_content("will not renew")
    request = NotesBody()
    request.set_data([note])
    made = body(operations.create_notes(request), 201)
    assert isinstance(made, NoteActions)
    key = made.get_data()[0].get_details()["id"]
    listed = body(operations.get_notes(params({GetNotesParam.fields: "Note_Title,Parent_Id"}), headers({})))
    found = next(one for one in listed.get_data() if one.get_id() == int(key))
    assert (found.get_note_title(), found.get_parent_id().get_id()) == ("Call", second)
    changed = Note()
    changed.set_note_title("Second call")
    request.set_data([changed])
    body(operations.update_note(int(key), request))
    assert body(operations.get_note(int(key))).get_data()[0].get_note_title() == "Second call"
    gone = body(operations.delete_notes(params({DeleteNotesParam.ids: str(key)})))
    assert gone.get_data()[0].get_code().get_value() == "SUCCESS"


def test_attachments_are_uploaded_listed_downloaded_and_deleted(sdk: Any) -> None:
    operations, second = AttachmentsOperations(), sdk.ids()[1]
    request = AttachmentBody()
    request.set_file(StreamWrapper("Vertrag ä.pdf", Stream("Vertrag ä.pdf", b"%PDF signed")))
    made = body(operations.upload_attachments(second, "Contracts", request))
    assert isinstance(made, FileActions)
    key = int(made.get_data()[0].get_details()["id"])
    asked = params({GetAttachmentsParam.fields: "id,File_Name,Size,Parent_Id"})
    listed = body(operations.get_attachments(second, "Contracts", asked))
    assert isinstance(listed, AttachmentRows)
    assert {one.get_id(): one.get_file_name() for one in listed.get_data()}[key] == "Vertrag ä.pdf"
    stream = body(operations.get_attachment(key, second, "Contracts")).get_file()
    assert b"".join(stream.get_stream()) == b"%PDF signed"
    gone = body(operations.delete_attachments(second, "Contracts", params({DeleteAttachmentsParam.ids: str(key)})))
    assert gone.get_data()[0].get_code().get_value() == "SUCCESS"
    assert sdk.place(key) == "gone"


def test_a_link_is_attached(sdk: Any) -> None:
    asked = params(
        {
            UploadUrlAttachmentsParam.attachmenturl: "https://docs.example/a?b=c",
            UploadUrlAttachmentsParam.title: "Scan",
        }
    )
    made = body(AttachmentsOperations().upload_url_attachments(sdk.ids()[1], "Contracts", asked))
    assert made.get_data()[0].get_code().get_value() == "SUCCESS"


def test_files_go_up_and_into_a_file_field(sdk: Any) -> None:
    request = FilesBody()
    request.set_file([StreamWrapper("scan.pdf", Stream("scan.pdf", b"scan"))])
    made = body(FilesOperations().upload_files(request, params({})))
    key = made.get_data()[0].get_details()["id"]
    stream = body(FilesOperations().get_file(params({GetFileParam.id: key}))).get_file()
    assert b"".join(stream.get_stream()) == b"scan"
    file = FileDetails()
    file.set_file_id__s(key)
    row = Record()
    row.add_key_value("Signed_Copy", [file])
    operations, second = RecordOperations("Contracts"), sdk.ids()[1]
    body(operations.update_record(second, _body(row), headers({})))
    kept = body(operations.get_record(second)).get_data()[0].get_key_value("Signed_Copy")[0]
    stored = FieldAttachmentsOperations("Contracts", second, int(kept.get_id())).get_field_attachments()
    assert b"".join(body(stored).get_file().get_stream()) == b"scan"


def test_records_are_locked_and_unlocked(sdk: Any) -> None:
    first = sdk.ids()[0]
    operations = RecordLockingOperations(first, "Contracts")
    request, lock = LockBody(), LockRecord()
    lock.set_locked_reason__s("audit")
    request.set_data([lock])
    made = body(operations.lock_records(request), 201)
    key = int(made.get_data()[0].get_details()["id"])
    assert sdk.emulator.control("record", {"id": str(first)})["record"]["Locked__s"] is True
    body(operations.unlock_record(key))
    assert sdk.emulator.control("record", {"id": str(first)})["record"]["Locked__s"] is False
