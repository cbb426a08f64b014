"""What CRMs export: encodings, separators, Chinese headers, amounts, dates and times as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.errors import UsageError
from crm_bridge.sandbox.rows import read_amount, read_csv, read_date, read_moment
from crm_bridge.sandbox.serve import SandboxOptions, sandbox

EXPORT = """合同编号,合同名称,客户名称,合同状态,合同金额,币种,开始日期,创建时间,部门,备注
HT-2023-0001,框架合同,上海宏图机械有限公司,已到期,"￥1,284,500.00",CNY,2023/1/1,2022-12-20 09:15:00,华东区,
HT-2023-0002,租赁合同,北京远航有限公司,执行中,"98,000.5",人民币,2023年5月1日,2023/4/28 14:00,,"附件, 两份"
HT-2022-0077,维护合同,深圳市星河科技股份有限公司,已到期,36000,￥,2022-03-01,2022-02-20,华南区,"两行
备注"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the export is."""
    return tmp_path / "合同导出.csv"


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("gbk", "gb18030"), ("gb18030", "gb18030")],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_export_is_read_in_the_encodings_that_crms_write(path: Path, encoding: str, told: str, end: str) -> None:
    path.write_bytes(EXPORT.replace("\n", end).encode(encoding))
    export = read_csv(path)
    assert export.encoding == told
    assert [row["合同编号"] for row in export.rows] == ["HT-2023-0001", "HT-2023-0002", "HT-2022-0077"]
    assert export.rows[1]["备注"] == "附件, 两份"
    assert [row["币种"] for row in export.rows] == ["CNY", "CNY", "CNY"]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_separator_is_the_one_that_the_header_is_understood_with(path: Path, mark: str) -> None:
    path.write_text(f"Contract Number{mark}Account Name{mark}Amount, net\nHT-1{mark}Acme{mark}5\n".replace(", n", " n"))
    (row,) = read_csv(path).rows
    assert row["Account Name"] == "Acme"


def test_a_column_that_comes_twice_is_kept_twice(path: Path) -> None:
    path.write_text("number,note,note\nHT-1,a,b\n")
    assert read_csv(path).rows == [{"number": "HT-1", "note": "a", "note (2)": "b"}]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holds no rows"),
        (b"number,title\n", "holds no rows"),
        (b"number,title\n,\n", "holds no rows"),
        (b"colour,size\nred,4\n", "no column that names contracts"),
        (b"number\nHT-1,too many\n", "line 2: 2 cells"),
        (b'number\n"open\n', "not CSV"),
        (bytes(range(256)) * 8, "neither UTF-8"),
        (b"number\n\x00\x00\n", "neither UTF-8"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_a_reason(path: Path, data: bytes, says: str) -> None:
    path.write_bytes(data)
    with pytest.raises(UsageError, match=says):
        read_csv(path)


def test_a_file_that_is_not_there_is_refused_with_a_hint(path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read_csv(path)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("cell", "value"),
    [("¥12,418.50", "12418.50"), ("1.234,56 €", "1234.56"), ("(300)", "-300"), ("98,000.5", "98000.5"), ("-", None)],
)
def test_amounts_are_read_as_people_write_them(cell: str, value: str | None) -> None:
    assert read_amount(cell) == (None if value is None else Decimal(value))


@pytest.mark.parametrize("cell", ["2024-01-31", "2024/1/31", "31.01.2024", "2024年1月31日", "2024-01-31 09:15"])
def test_dates_are_read_as_people_write_them(cell: str) -> None:
    assert read_date(cell) == date(2024, 1, 31)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-01-31T09:15:00+08:00", datetime(2024, 1, 31, 1, 15, tzinfo=UTC)),
        ("2024-01-31T09:15:00.250Z", datetime(2024, 1, 31, 9, 15, tzinfo=UTC)),
        ("2024/1/31 9:15", datetime(2024, 1, 31, 9, 15, tzinfo=UTC)),
        ("2024年1月31日 09:15:30", datetime(2024, 1, 31, 9, 15, 30, tzinfo=UTC)),
        ("2024-01-31 25:00", None),
        ("2024-01-31", None),
        ("yesterday", None),
    ],
)
def test_times_without_an_offset_are_utc(cell: str, moment: datetime | None) -> None:
    assert read_moment(cell) == moment


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_an_export_can_be_rehearsed_on(path: Path, tmp_path: Path, name: str) -> None:
    path.write_bytes(EXPORT.encode("gbk"))
    home = tmp_path / "home"
    with (
        sandbox(SandboxOptions(home=home, load=path, only=(name,))) as running,
        Bridge.open(home, environ={}) as bridge,
    ):
        assert running.loaded == {name: 3}
        crm = bridge.connect(f"{name}-sandbox")
        found = {one.number: one for one in crm.find('status = "已到期" and customer ~ "有限公司"')}
        assert set(found) == {"HT-2022-0077", "HT-2023-0001"}
        first = found["HT-2023-0001"]
        assert (first.amount, first.currency, first.start) == (Decimal(1284500), "CNY", date(2023, 1, 1))
        assert first.created == datetime(2022, 12, 20, 9, 15, tzinfo=UTC)
        assert "华东区" in crm.show(first.id).snapshot.record.decode()
        plan = crm.plan('status = "已到期"')
        assert crm.apply(plan, confirm=plan.digest).exit_code == 0
