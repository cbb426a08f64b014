"""What Zoho refuses on the way back: inserts, restores from the bin and uploads, with the words people read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.i18n import _, use_language
from crm_bridge.spi.adapter import RemoveOptions, Restored, RestoreItem, Verdict
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_zoho.error_table import BY_CODE
from crm_bridge_zoho.reading.files import LIST
from tests.zoho.adapter.catalogue import ROWS, wire

MODULE = "Contracts"
INSERTS = (
    "DUPLICATE_DATA",
    "MANDATORY_NOT_FOUND",
    "INVALID_DATA",
    "MULTIPLE_OR_MULTI_ERRORS",
    "ALREADY_USED",
    "MAPPING_MISMATCH",
    "DATA_MISMATCH",
    "DEPENDENT_MISMATCH",
    "DEPENDENT_FIELD_MISSING",
    "TERRITORY_NOT_ENABLED",
    "STORAGE_SPACE_EXCEEDED",
    "NO_PERMISSION",
    "NOT_SUPPORTED",
)
UPLOADS = ("BODY_SIZE_REACHED", "FILE_SIZE_MORE_THAN_ALLOWED_SIZE", "STORAGE_SPACE_EXCEEDED")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    yield
    use_language("en")


def refuse(zoho: Any, method: str, path: str, code: str, record: str = "") -> None:
    """Refuse every call whose path ends so."""
    pattern = re.compile(path)

    def intercept(request: WireRequest) -> WireResponse | None:
        key = "recycle_bin" if "recycle_bin" in request.path else "data"
        return (
            wire(code, ROWS[code], record, key) if request.method == method and pattern.search(request.path) else None
        )

    zoho.intercept = intercept


def kept(copy: Snapshot) -> Snapshot:
    """Read the files now: afterwards they are gone."""

    def read(file: Attachment) -> Attachment:
        content = b"".join(file.chunks())
        return replace(file, chunks=lambda: iter([content]))

    return replace(copy, attachments=tuple(map(read, copy.attachments)))


def gone_with_copy(zoho: Any, *, files: bool = False) -> tuple[Any, RestoreItem]:
    """Delete and purge a contract of which there is a copy."""
    adapter = zoho.connect()
    copies = (one for one in adapter.snapshot([ContractRef(MODULE, key) for key in zoho.ids()]))
    copy = kept(
        next(one for one in copies if isinstance(one, Snapshot) and any(map(_listed, one.attachments)) >= files)
    )
    adapter.remove(Step.TRASH, [copy.ref], options=RemoveOptions())
    adapter.remove(Step.PURGE, [copy.ref], options=RemoveOptions())
    return adapter, RestoreItem(copy.ref, "crm-bridge-mark-1", copy)


def _listed(file: Attachment) -> bool:
    return file.source == LIST


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("code", INSERTS)
def test_an_insert_that_is_refused_says_why_and_makes_nothing(zoho: Any, code: str, language: str) -> None:
    adapter, item = gone_with_copy(zoho)
    before = zoho.ids()
    refuse(zoho, "POST", r"/Contracts$", code)
    use_language(language)
    [told] = adapter.bring_back(Route.RECREATE, [item])
    assert (told.verdict, told.code) == (Verdict.NOT_DONE, code)
    assert _(BY_CODE[code].meaning) in told.message
    assert told.hint == _(BY_CODE[code].advice)
    assert zoho.ids() == before


@pytest.mark.parametrize("code", ["INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "DEPENDENT_SERVICE_ERROR"])
def test_an_insert_that_fails_leaves_open_whether_there_is_a_copy(zoho: Any, code: str) -> None:
    adapter, item = gone_with_copy(zoho)
    refuse(zoho, "POST", r"/Contracts$", code)
    [told] = adapter.bring_back(Route.RECREATE, [item])
    assert told.verdict is Verdict.UNKNOWN
    assert "earlier copy" in told.hint


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("code", UPLOADS)
def test_a_file_that_is_refused_is_named_and_the_contract_comes_back(zoho: Any, code: str, language: str) -> None:
    adapter, item = gone_with_copy(zoho, files=True)
    refuse(zoho, "POST", r"/Attachments$", code)
    use_language(language)
    [told] = adapter.bring_back(Route.RECREATE, [item])
    assert told.verdict is Verdict.DONE
    assert item.snapshot is not None
    names = [file.name for file in item.snapshot.attachments if _listed(file)]
    said = [one for one in told.lost if _(BY_CODE[code].meaning) in one]
    assert [name for name in names if not any(name in one for one in said)] == []


@pytest.mark.parametrize("code", ["CANNOT_RESTORE_WITHOUT_PARENT", "DUPLICATE_DATA", "INVALID_DATA", "NO_PERMISSION"])
def test_a_restore_from_the_bin_that_is_refused_says_what_to_do(zoho: Any, code: str) -> None:
    adapter = zoho.connect()
    ref = ContractRef(MODULE, zoho.ids()[0])
    adapter.remove(Step.TRASH, [ref], options=RemoveOptions())
    refuse(zoho, "POST", r"/actions/restore$", code, ref.id)
    [told] = adapter.bring_back(Route.UNTRASH, [RestoreItem(ref, "mark")])
    assert told.verdict is (Verdict.UNKNOWN if code == "INVALID_DATA" else Verdict.NOT_DONE)
    assert (told.code, bool(told.hint)) == (code, True)
    assert zoho.control("record", id=ref.id)["place"] == "bin"


def restored(zoho: Any, count: int, **settings: Any) -> list[Restored]:
    adapter = zoho.connect(**settings)
    refs = [ContractRef(MODULE, key) for key in zoho.ids()[:count]]
    for at in range(0, count, 100):
        adapter.remove(Step.TRASH, refs[at : at + 100], options=RemoveOptions())
    return list(adapter.bring_back(Route.UNTRASH, [RestoreItem(ref, "mark") for ref in refs]))


@pytest.mark.parametrize(("delay", "verdict"), [(5.0, Verdict.DONE), (10_000.0, Verdict.UNKNOWN)])
def test_a_restore_that_is_only_scheduled_is_looked_for_until_it_has_happened_or_time_is_over(
    make_zoho: Any, delay: float, verdict: Verdict
) -> None:
    zoho = make_zoho(count=80)
    zoho.emulator.switches.job_delay = delay
    adapter = zoho.connect(bin_settle_seconds=60)
    refs = [ContractRef(MODULE, key) for key in zoho.ids()[:60]]
    adapter.remove(Step.TRASH, refs, options=RemoveOptions())
    at_once = WireResponse.of_json({"recycle_bin": [{"code": "SCHEDULED", "details": {}, "message": "scheduled",
                                                     "status": "success"}]}, 202)  # fmt: skip
    org = zoho.emulator.org

    def schedule(request: WireRequest) -> WireResponse | None:
        if not request.path.endswith("/actions/restore"):
            return None
        from crm_bridge_zoho.emulator.control.lifecycle import restore

        org.schedule("restore", lambda: [restore(org, ref.id, org.me) for ref in refs])
        return at_once

    zoho.intercept = schedule
    told = adapter.bring_back(Route.UNTRASH, [RestoreItem(ref, "mark") for ref in refs])
    assert {one.verdict for one in told} == {verdict}
    assert all("background" in one.hint for one in told if one.verdict is Verdict.UNKNOWN)


def test_two_hundred_records_are_restored_in_one_call(make_zoho: Any) -> None:
    zoho = make_zoho(count=260, plain=True)
    told = restored(zoho, 250)
    assert {one.verdict for one in told} == {Verdict.DONE}
    assert sum(line.path.endswith("/actions/restore") for line in zoho.calls()) == 2
