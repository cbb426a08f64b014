"""Contracts as CSV, Excel and JSON lines: exact, streamed, and harmless to open."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.domain.contract import Contract, ContractRef, RecordState
from crm_bridge.errors import UsageError
from crm_bridge.report.tables import write_table
from crm_bridge.spreadsheets.guards import guarded

CONTRACT = Contract(
    ref=ContractRef("Contracts", "5843129000000417003"),
    number="HT-2024-0183",
    title="年度服务合同",
    customer='Acme, "Ltd"',
    status="已过期",
    amount=Decimal("-12418.10"),
    currency="CNY",
    start=date(2024, 1, 1),
    end=None,
    owner="张三",
    created=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    modified=None,
    state=RecordState.NORMAL,
    digest="0" * 64,
    raw={},
)
NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def written(form: str, *contracts: Contract, language: str = "en") -> bytes:
    """Return the table of some contracts."""
    output = io.BytesIO()
    assert write_table(form, contracts, output, language) == len(contracts)
    return output.getvalue()


def csv_rows(data: bytes) -> list[list[str]]:
    """Read a table as a program does that knows about the byte-order mark."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def xlsx_cells(data: bytes) -> list[tuple[str, str]]:
    """Return (type, text) of every cell, read from the file's XML."""
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    cells = ElementTree.fromstring(sheet).iter(f"{NAMESPACE}c")
    return [(cell.get("t", ""), "".join(cell.itertext())) for cell in cells]


def test_csv_is_utf8_with_a_mark_that_excel_knows() -> None:
    assert written("csv", CONTRACT).startswith(b"\xef\xbb\xbfId,Number,Title")


def test_csv_holds_every_field_as_it_is() -> None:
    assert csv_rows(written("csv", CONTRACT))[1] == [
        "5843129000000417003",
        "HT-2024-0183",
        "年度服务合同",
        'Acme, "Ltd"',
        "已过期",
        "-12418.10",
        "CNY",
        "2024-01-01",
        "",
        "张三",
        "2024-01-02T03:04:05+00:00",
        "",
        "normal",
    ]


def test_csv_of_nothing_is_a_header() -> None:
    assert len(csv_rows(written("csv"))) == 1


@pytest.mark.parametrize("start", [*"=+-@＝＋－＠", "\t", "\r", "\x00", " =", "\u3000＝", "\ufeff+"])
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(start: str) -> None:
    rows = csv_rows(written("csv", replace(CONTRACT, title=start + "cmd|' /C calc'!A0")))
    assert rows[1][2] == "'" + start + "cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["HT-2024", "a=b", "合同+附件", "", " ", "1-2"])
def test_an_ordinary_cell_is_left_as_it_is(text: str) -> None:
    assert guarded(text) == text


@given(st.text())
def test_no_guarded_text_starts_a_formula(text: str) -> None:
    assert guarded(text).lstrip()[:1] not in {*"=+-@＝＋－＠"}


def test_a_line_break_in_a_cell_stays_in_its_cell() -> None:
    rows = csv_rows(written("csv", replace(CONTRACT, title="one\r\n=two"), CONTRACT))
    assert (len(rows), rows[1][2]) == (3, "one\r\n=two")


def test_large_numbers_keep_all_their_digits() -> None:
    contract = replace(CONTRACT, amount=Decimal("1E+21"))
    assert csv_rows(written("csv", contract))[1][5] == "1000000000000000000000"


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_a_lone_surrogate_becomes_a_visible_escape(form: str) -> None:
    data = written(form, replace(CONTRACT, title="bad \ud800 half"))
    text = data.decode("utf-8-sig") if form != "xlsx" else " ".join(text for _kind, text in xlsx_cells(data))
    assert "bad \\ud800 half" in text


def test_json_lines_have_a_schema_and_every_field() -> None:
    [line] = written("jsonl", CONTRACT).splitlines()
    assert json.loads(line) == {
        "schema": "crm-bridge.contract/1",
        "id": "5843129000000417003",
        "number": "HT-2024-0183",
        "title": "年度服务合同",
        "customer": 'Acme, "Ltd"',
        "status": "已过期",
        "amount": "-12418.10",
        "currency": "CNY",
        "start": "2024-01-01",
        "end": None,
        "owner": "张三",
        "created": "2024-01-02T03:04:05+00:00",
        "modified": None,
        "state": "normal",
    }


def test_json_lines_are_readable_chinese() -> None:
    assert "年度服务合同".encode() in written("jsonl", CONTRACT)


def test_excel_cells_are_text_even_when_they_look_like_formulas_links_or_numbers() -> None:
    pytest.importorskip("xlsxwriter")
    hostile = replace(CONTRACT, title="=1+1", customer="https://example.test/", number="12")
    cells = xlsx_cells(written("xlsx", hostile))
    assert {kind for kind, text in cells if text} == {"inlineStr"}
    assert {"=1+1", "https://example.test/", "12", "5843129000000417003"} <= {text for _kind, text in cells}


def test_an_overlong_text_is_cut_visibly_and_not_dropped_in_excel() -> None:
    pytest.importorskip("xlsxwriter")
    texts = [text for _kind, text in xlsx_cells(written("xlsx", replace(CONTRACT, title="长" * 40_000)))]
    assert "长" * 32_766 + "…" in texts


def test_without_xlsxwriter_excel_is_a_usage_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(UsageError, match="need the package xlsxwriter") as caught:
        write_table("xlsx", [], io.BytesIO(), "en")
    assert "pip install xlsxwriter" in caught.value.hint


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="there is no table format 'pdf'") as caught:
        write_table("pdf", [], io.BytesIO(), "en")
    assert caught.value.hint == "choose one of: csv, xlsx, jsonl"


class Counting(io.RawIOBase):
    """Takes bytes and remembers how many, and how many contracts had been asked for by the first of them."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.taken = 0
        self.asked = 0
        self.asked_at_first_drain = 0

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Count."""
        if self.taken > 3 and not self.asked_at_first_drain:
            self.asked_at_first_drain = self.asked
        self.taken += len(data)
        return len(data)


def test_csv_is_written_while_contracts_still_arrive() -> None:
    output = Counting()

    def arriving() -> Iterator[Contract]:
        for number in range(5_000):
            output.asked = number + 1
            yield CONTRACT

    assert write_table("csv", arriving(), output, "en") == 5_000  # type: ignore[arg-type]
    assert 0 < output.asked_at_first_drain < 1_500
