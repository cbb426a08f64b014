"""Lists of ids and numbers as people have them: read, or refused line by line; nothing is guessed."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from crm_bridge.errors import UsageError
from crm_bridge.spreadsheets.lists import read_ids, read_numbers

ZOHO = ["554023000000398001", "554023000000398012"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_id_a_line_is_a_list(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "ids"
    path.write_bytes(end.join(["# 合同", *ZOHO, "", ZOHO[0], " "]).encode(encoding))
    assert read_ids(path) == ZOHO


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("Record Id\n{a}\n{b}\n", None),
        ("数据ID,合同名称\n{a},甲\n{b},乙\n", None),
        ("名称;记录\n甲;{a}\n乙;{b}\n", "记录"),
        ("sep=;\nname;id\nx;{a}\ny;{b}\n", None),
        ("id\tname\n{a}\tx\n{b}\ty\n", "id"),
        ("'{a}\n'{b}\n", None),
        ('"=""{a}"""\n="{b}"\n', None),
        ("\ufeffid\n\u200b{a}\n{b}\u00a0\n", None),
    ],
)
def test_a_column_of_a_csv_is_a_list(tmp_path: Path, text: str, column: str | None) -> None:
    path = tmp_path / "ids.csv"
    path.write_text(text.format(a=ZOHO[0], b=ZOHO[1]), "utf-8")
    assert read_ids(path, column=column) == ZOHO


def test_ids_as_zoho_exports_them_keep_their_prefix_for_the_adapter(tmp_path: Path) -> None:
    path = tmp_path / "ids"
    path.write_text("zcrm_4150868000001944196\n")
    assert read_ids(path) == ["zcrm_4150868000001944196"]


def test_ids_of_letters_and_digits_are_ids_even_where_they_look_like_an_exponent(tmp_path: Path) -> None:
    path = tmp_path / "ids"
    path.write_text("5f0c5f0c5f0c5f0c5f0c5f0c\n12345678901234567890123e\n1e2345678901234567890123\n")
    assert len(read_ids(path)) == 3


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["5.54023E+17"], "line 1: 5.54023E+17 (rounded by a spreadsheet"),
        ([ZOHO[0], '"5,54E+17"'], "line 2: 5,54E+17 (rounded"),
        (["554023000000398000", "554023000000399000"], "line 2: 554023000000399000 (rounded"),
        ([ZOHO[0], "a b"], "line 2: a b (not an id)"),
        (["../../etc/passwd"], "not an id"),
        ([f"bad {i}" for i in range(30)], "... and 20 more"),
    ],
)
def test_what_is_no_id_is_named_with_its_line(tmp_path: Path, lines: list[str], says: str) -> None:
    path = tmp_path / "ids"
    path.write_text("\n".join(lines))
    with pytest.raises(UsageError) as caught:
        read_ids(path)
    assert says in f"{caught.value.message}\n{caught.value.hint}"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("HT-2025-0001\nHT-2025-0002\n", ["HT-2025-0001", "HT-2025-0002"]),
        ("合同编号\n采购-1\n采购-1\n销售/2\n", ["采购-1", "销售/2"]),
        ("合同编号（必填）,名称\nHT-1,甲\nHT-2,乙\n", ["HT-1", "HT-2"]),
        ('\'00123\n="00124"\n', ["00123", "00124"]),
        ('"HT, 1"\n"HT, 2"\n', ["HT, 1", "HT, 2"]),
        ("Cafe\u0301-1\n", ["Café-1"]),
    ],
)
def test_numbers_are_read_as_they_are_written(tmp_path: Path, text: str, numbers: list[str]) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text(text, "utf-8")
    assert read_numbers(path) == numbers


def test_numbers_in_a_western_encoding_are_read_when_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes("Köln-1\nMünchen-2\n".encode("cp1252"))
    with pytest.raises(UsageError, match=r"GBK or a Western encoding|neither UTF-8"):
        read_numbers(path)
    assert read_numbers(path, encoding="cp1252") == ["Köln-1", "München-2"]


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", None, "holds no"),
        ("# only words\n\n", None, "holds no"),
        ("number,title\n", None, "holds no"),
        ("a,b\n1,2\n", None, "several columns"),
        ("a,b\n1,2\n", "c", "no column c"),
        ("a,a\n1,2\n", "a", "2 columns a"),
        ("1.2E+5\n", None, "cannot be used"),
    ],
)
def test_a_file_without_numbers_is_refused(tmp_path: Path, text: str, column: str | None, says: str) -> None:
    path = tmp_path / "numbers"
    path.write_text(text)
    with pytest.raises(UsageError, match=says):
        read_numbers(path, column=column)


def test_a_list_can_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"HT-1\nHT-2\n")))
    assert read_numbers(Path("-")) == ["HT-1", "HT-2"]
