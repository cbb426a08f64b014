# ruff: noqa: E501 - files are laid out for readers
"""Files as CRMs and spreadsheets of seven languages export them: read right, or refused with line and column."""

from __future__ import annotations

import codecs
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.bridge import Bridge
from crm_bridge.domain.contract import Contract, ContractRef, RecordState
from crm_bridge.errors import AmbiguousContractError, UsageError
from crm_bridge.report.tables import write_table
from crm_bridge.sandbox.exports import Export, LoadOptions, read_export
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from crm_bridge.spreadsheets.csv_table import read_table

CHINESE = """合同编号（必填）,合同名称*,客户名称,合同状态,合同金额（元）,币种,开始日期,结束日期,负责人（系统）,部门
HT-1,框架合同,上海宏图机械有限公司,已到期,"￥1,284,500.00",人民币,2023/1/1,2023年12月31日,王伟,华东区
HT-2,"租赁合同, 二期",北京远航有限公司,执行中,9.8万,人民币,2023年5月1日,20240430,李娜,
"""
ENGLISH = """Contract Number,Contract Name*,Account Name,Contract Status,Contract Value,Currency,Start Date,End Date,Owner,Region
HT-1,Frame,Acme Tools Ltd,Expired,"£1,284,500.00",£,01/01/2023,31/12/2023,Jonas Weber,North
HT-2,"Lease, phase 2",Norwind,Active,"98,000.00",GBP,15/05/2023,30/04/2024,Aisha Khan,
"""
GERMAN = """Contract Number;Contract Name;Account Name;Contract Status;Contract Value;Currency;Start Date;End Date;Owner;Gebiet
HT-1;Rahmenvertrag;Müller & Söhne GmbH;Expired;1.284.500,00 €;EUR;01.01.2023;31.12.2023;Jonas Weber;Süd
HT-2;"Miete; Phase 2";Kessler Größe;Active;98.000,00 €;EUR;01.05.2023;30.04.2024;Aisha Khan;
"""
FRENCH = """Contract Number;Contract Name;Account Name;Contract Status;Contract Value;Currency;Start Date;End Date;Owner;Région
HT-1;Cadre;Société Générale d'Été;Expired;1 284 500,00 €;EUR;01/01/2023;31/12/2023;Jonas Weber;Île
HT-2;"Bail; phase 2";Café Noël;Active;98 000,00 €;EUR;1 mai 2023;30 avr. 2024;Aisha Khan;
"""
SWEDISH = """Contract Number;Contract Name;Account Name;Contract Status;Contract Value;Currency;Start Date;End Date;Owner;Område
HT-1;Ram;Björk & Ås AB;Expired;1 284 500:-;SEK;2023-01-01;2023-12-31;Jonas Weber;Syd
HT-2;"Hyra; del 2";Ängsbacken;Active;kr 98 000,00;SEK;1 maj 2023;30 apr. 2024;Aisha Khan;
"""
INDIAN = """Contract Number,Contract Name,Account Name,Contract Status,Contract Value,Currency,Start Date,End Date,Owner,State
HT-1,Frame,Tata & Sons,Expired,"Rs. 12,84,500.00",INR,01-Jan-2023,31-Dec-2023,Jonas Weber,Kerala
HT-2,"Lease, phase 2",Bharat Traders,Active,"₹98,000/-",INR,01-May-2023,30-Apr-2024,Aisha Khan,
"""
JAPANESE = """Contract Number,Contract Name,Account Name,Contract Status,Contract Value,Currency,Start Date,End Date,Owner,地域
HT-1,基本契約,東京物産株式会社,Expired,"1,284,500円",JPY,2023年1月1日,令和5年12月31日,Jonas Weber,関東
HT-2,"賃貸借, 第2期",大阪商事,Active,"98,000円",JPY,2023/05/01,2024/04/30,Aisha Khan,
"""
SHEETS = {"zh": CHINESE, "en": ENGLISH, "de": GERMAN, "fr": FRENCH, "sv": SWEDISH, "in": INDIAN, "jp": JAPANESE}

GUESSED = [(name, encoding) for name in SHEETS for encoding in ("utf-8", "utf-8-sig", "utf-16")]
GUESSED += [("zh", "gbk"), ("zh", "gb18030"), ("jp", "utf-16-le-mark"), ("zh", "utf-16-be-mark"), ("en", "ascii-pound")]
TOLD = [
    ("de", "cp1252"),
    ("fr", "cp1252"),
    ("sv", "iso-8859-15"),
    ("en", "cp1252"),
    ("zh", "gbk"),
    ("zh", "gb18030"),
    ("zh", "cp936"),
]
LINE_ENDS = ["\n", "\r\n"]


def _bytes(text: str, encoding: str) -> bytes:
    if encoding == "utf-16-le-mark":
        return codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    if encoding == "utf-16-be-mark":
        return codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    if encoding == "ascii-pound":
        return text.replace("£1", "GBP 1").replace("£", "GBP").encode("ascii")
    return text.encode("gbk" if encoding == "cp936" else encoding)


def _is_right(export: Export, name: str) -> None:
    first, second = export.contracts
    assert (first.values["number"], second.values["number"]) == ("HT-1", "HT-2")
    assert (first.values["amount"], second.values["amount"]) == (Decimal(1_284_500), Decimal(98_000))
    assert (first.values["start"], first.values["end"]) == (date(2023, 1, 1), date(2023, 12, 31))
    assert (second.values["start"], second.values["end"]) == (
        date(2023, 5, 15 if name == "en" else 1),
        date(2024, 4, 30),
    )
    assert first.values["currency"] == {"zh": "CNY", "en": "GBP", "sv": "SEK", "in": "INR", "jp": "JPY"}.get(
        name, "EUR"
    )
    assert second.text("title").endswith(("二期", "phase 2", "Phase 2", "del 2", "第2期"))
    assert set(first.values) == {"number", "title", "customer", "status", "amount", "currency", "start", "end", "owner"}
    assert len(first.extra) == 1
    assert not second.extra
    assert not export.unread


@pytest.mark.parametrize("end", LINE_ENDS)
@pytest.mark.parametrize(("name", "encoding"), GUESSED)
def test_an_export_is_read_in_the_encoding_that_its_bytes_tell(
    tmp_path: Path, name: str, encoding: str, end: str
) -> None:
    path = tmp_path / "导出.csv"
    path.write_bytes(_bytes(SHEETS[name].replace("\n", end), encoding))
    _is_right(read_export(path), name)


@pytest.mark.parametrize("end", LINE_ENDS)
@pytest.mark.parametrize(("name", "encoding"), TOLD)
def test_an_export_is_read_in_the_encoding_that_the_user_names(
    tmp_path: Path, name: str, encoding: str, end: str
) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(_bytes(SHEETS[name].replace("\n", end), encoding))
    _is_right(read_export(path, LoadOptions(encoding=encoding)), name)


@pytest.mark.parametrize("name", ["de", "fr", "sv"])
def test_a_western_file_is_never_read_as_chinese(tmp_path: Path, name: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(SHEETS[name].encode("cp1252"))
    with pytest.raises(UsageError) as caught:
        read_export(path)
    assert "--encoding" in (caught.value.hint or "")


def test_the_euro_sign_of_a_chinese_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes("合同编号,合同金额\nHT-9,@750.5\n".encode("gbk").replace(b"@", b"\x80"))
    assert read_export(path).contracts[0].values["amount"] == Decimal("750.5")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("sep=;\nnumber;title\nHT-1;a,b\n", [{"number": "HT-1", "title": "a,b"}]),
        ('"sep=,"\r\nnumber,title\r\nHT-1,x\r\n', [{"number": "HT-1", "title": "x"}]),
        ("number\ttitle\nHT-1\ta;b,c\n", [{"number": "HT-1", "title": "a;b,c"}]),
        ("number|title\nHT-1|x\n", [{"number": "HT-1", "title": "x"}]),
        ('number,title\nHT-1,"two\nlines"\n', [{"number": "HT-1", "title": "two\nlines"}]),
        ("number,title\nHT-1,a\u2028b\x0bc\x85d\x1ce\n", [{"number": "HT-1", "title": "a\u2028b\x0bc\x85d\x1ce"}]),
        ('number,title\nHT-1,"she said ""no"""\n', [{"number": "HT-1", "title": 'she said "no"'}]),
        ("number,note,note\nHT-1,a,b\n", [{"number": "HT-1", "note": "a", "note (2)": "b"}]),
        ("number,title\nHT-1,x,,\n", [{"number": "HT-1", "title": "x"}]),
        ("number,title\n,\nHT-1,x\n", [{"number": "HT-1", "title": "x"}]),
        ("number,title\nHT-1\n", [{"number": "HT-1", "title": ""}]),
        ("number,title\rHT-1,x\r", [{"number": "HT-1", "title": "x"}]),
        ("number,terms\nHT-1," + "x" * 200_000 + "\n", [{"number": "HT-1", "terms": "x" * 200_000}]),
    ],
)
def test_a_csv_is_split_where_csv_is_split(tmp_path: Path, text: str, rows: list[dict[str, str]]) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode())
    assert [dict(row.cells) for row in read_table(path).rows] == rows


@pytest.mark.parametrize(
    ("header", "cell", "values"),
    [
        ("合同金额（万元）", "12.5", {"amount": Decimal(125_000)}),
        ("合同金额(元)", "12.5", {"amount": Decimal("12.5")}),
        ("Amount (in thousands)", "12.5", {"amount": Decimal(12_500)}),
        ("【金额】", "12.5", {}),
        ("结束日期*", "2024-12-31", {"end": date(2024, 12, 31)}),
        ("到期日期：", "2024-12-31", {"end": date(2024, 12, 31)}),
        ("CONTRACT_STATUS", "Active", {"status": "Active"}),
        ("合同编号 ", "'00123", {"number": "00123"}),
        ("Record ID", '="554023000000398001"', {"id": "554023000000398001"}),
    ],
)
def test_a_column_is_known_by_what_stands_before_its_mark(
    tmp_path: Path, header: str, cell: str, values: dict[str, object]
) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f"title,{header}\nx,{cell}\n", "utf-8")
    (contract,) = read_export(path).contracts
    assert dict(contract.values) == {"title": "x", **values}


def test_what_cannot_be_read_is_refused_with_column_and_line(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("number,amount,end\nHT-1,1.234,2024-02-30\nHT-2,abc,1/5/2024\nHT-3,-,2024-05-01\n")
    with pytest.raises(UsageError, match="cannot be read for certain") as caught:
        read_export(path)
    for words in ("amount: 2 cells", "line 2: 1.234", "line 3: abc", "end: 2 cells", "2024-02-30", "1/5/2024"):
        assert words in (caught.value.hint or "")
    export = read_export(path, LoadOptions(leave_empty=True))
    assert [set(contract.values) for contract in export.contracts] == [{"number"}, {"number"}, {"number", "end"}]
    assert [(column.column, len(column.cells)) for column in export.unread] == [("amount", 2), ("end", 2)]
    assert export.blank == {"amount": 1}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holds no rows"),
        (b"number,title\n", "holds no rows"),
        (b"number,title\n,\n", "holds no rows"),
        (b"colour,size\nred,4\n", "no column that names contracts"),
        (b"number\nHT-1,too many\n", "line 2: 2 cells"),
        (b'number\n"open\n', "not CSV"),
        (b"id,number\n7,HT-1\n7,HT-2\n", "line 3: the id 7 stands in line 2"),
        (bytes(range(256)) * 8, "neither UTF-8"),
        (b"number\n\x00\x00\n", "neither UTF-8"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_a_reason(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=says) as caught:
        read_export(path)
    assert caught.value.hint


def test_a_file_or_an_encoding_that_is_not_there_is_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    with pytest.raises(UsageError, match="cannot be read"):
        read_export(path)
    path.write_text("number\nHT-1\n")
    with pytest.raises(UsageError, match="no encoding") as caught:
        read_export(path, LoadOptions(encoding="klingon"))
    assert "cp1252" in (caught.value.hint or "")
    path.write_bytes(b"number\n\xff\n")
    with pytest.raises(UsageError, match="is not utf-8 text"):
        read_export(path, LoadOptions(encoding="utf-8"))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
CONTRACTS = st.builds(
    lambda key, number, title, amount, day, moment: Contract(
        ContractRef("Contracts", key), number, title, "客户", "Active", amount, "CNY", day, day, "王伟", moment, moment,
        RecordState.NORMAL, "", {},
    ),
    st.from_regex(r"[0-9a-f]{24}", fullmatch=True),
    st.none() | st.from_regex(r"[A-Z]{2}-[0-9]{4}", fullmatch=True),
    TEXTS,
    st.none() | st.decimals(-(10**9), 10**9, places=2) | st.decimals(-(10**4), 10**4, places=3),
    st.none() | st.dates(date(1000, 1, 1)),
    st.none() | st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC)),
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@given(st.lists(CONTRACTS, min_size=1, max_size=4, unique_by=lambda one: one.id))
def test_what_our_own_export_writes_is_read_back_equal(
    tmp_path_factory: pytest.TempPathFactory, language: str, contracts: list[Contract]
) -> None:
    output = io.BytesIO()
    write_table("csv", contracts, output, language)
    path = tmp_path_factory.mktemp("own") / "contracts.csv"
    path.write_bytes(output.getvalue())
    table, export = read_table(path), read_export(path)
    for contract, row, loaded in zip(contracts, table.rows, export.contracts, strict=True):
        assert list(row.cells.values())[2] == contract.title
        names = ("number", "amount", "currency", "start", "end", "owner", "created", "modified")
        assert {name: loaded.values.get(name) for name in names} == {name: getattr(contract, name) for name in names}
        assert loaded.values["id"] == contract.id


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_an_export_can_be_rehearsed_on(tmp_path: Path, name: str) -> None:
    path, home = tmp_path / "合同导出.csv", tmp_path / "home"
    path.write_bytes(CHINESE.replace("王伟", "赵新人").encode("gbk"))
    with (
        sandbox(SandboxOptions(home=home, load=path, only=(name,))) as running,
        Bridge.open(home, environ={}) as bridge,
    ):
        assert running.loaded == {name: []}
        crm = bridge.connect(f"{name}-sandbox")
        found = {one.number: one for one in crm.find('customer ~ "有限公司"')}
        assert set(found) == {"HT-1", "HT-2"}
        first = found["HT-1"]
        assert (first.amount, first.currency, first.start) == (Decimal(1_284_500), "CNY", date(2023, 1, 1))
        assert first.owner == "赵新人"
        assert "华东区" in crm.show(first.id).snapshot.record.decode()
        plan = crm.plan('status = "已到期"')
        assert crm.apply(plan, confirm=plan.digest).exit_code == 0


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_contracts_with_one_number_can_be_deleted_and_brought_back(tmp_path: Path, name: str) -> None:
    path, home = tmp_path / "export.csv", tmp_path / "home"
    path.write_text("number,title,amount\nHT-1,a,1\nHT-1,b,2\nHT-2,c,\n")
    with (
        sandbox(SandboxOptions(home=home, load=path, only=(name,))) as running,
        Bridge.open(home, environ={}) as bridge,
    ):
        assert bool(running.loaded[name]) is (name == "zoho")
        crm = bridge.connect(f"{name}-sandbox")
        assert [one.currency for one in crm.find('number = "HT-2"')] == [None]
        with pytest.raises(AmbiguousContractError) as caught:
            crm.plan(numbers=["HT-2", "HT-1", "HT-3"])
        assert (len(caught.value.candidates), "HT-1" in (caught.value.hint or "")) == (2, True)
        assert crm.plan(numbers=["HT-2", "HT-3"]).notes.missing == ("HT-3",)
        plan = crm.plan('number = "HT-1"')
        run = crm.apply(plan, confirm=plan.digest)
        assert run.exit_code == 0
        assert {step.reason for step in crm.restore(last=True)} == {None}
        assert len([*crm.find('number = "HT-1"')]) == 2
