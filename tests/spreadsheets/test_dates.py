# ruff: noqa: E501 - tables are laid out for readers
"""Dates as exports write them: read right, or named; never another day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.spreadsheets.amounts import Unread
from crm_bridge.spreadsheets.dates import DAY_OR_MONTH, NO_SUCH_DAY, WHICH_CENTURY, read_dates, read_moments

FORMS = [
    "2024-01-31", "2024/01/31", "2024/1/31", "2024.01.31", "2024.1.31", "2024年1月31日", "2024年01月31日", "2024 年 1 月 31 日",
    "2024-1-31", "20240131", "2024-01-31T09:15:00Z", "2024-01-31T09:15:00+08:00", "2024-01-31 09:15", "2024/1/31 9:15:30",
    "2024年1月31日 09:15", "2024-01-31T09:15:00.250Z", "31.01.2024", "31.1.2024", "31.01.2024 09:15", "31.01.24", "31.1.24",
    "31/01/2024", "31-01-2024", "01/31/2024", "1/31/2024", "1-31-2024", "31/1/2024", "1/31/2024 9:15 AM", "01/31/2024 21:15",
    "31 Jan 2024", "31-Jan-2024", "31 January 2024", "31st January 2024", "Jan 31, 2024", "January 31 2024", "January 31st, 2024",
    "31-Jan-24", "31. Januar 2024", "31 janvier 2024", "31 janv. 2024", "31 januari 2024", "31 jan 2024", "2024 Jan 31",
    "Wed, 31 Jan 2024", "Wednesday 31 January 2024", "2024年1月31日 星期三", "2024年1月31日（周三）",
    "令和6年1月31日", "民国113年1月31日", "民國113年01月31日", "45322", "45322.5", "45322,25", "２０２４年１月３１日", "２０２４/０１/３１",
    "2024年1月31号", "2024-Jan-31", "31 JAN 2024", "31 jan. 2024", "31.01.2024 21:15:00", "2024-01-31 下午 9:15",
]  # fmt: skip

OTHERS = {
    "1. März 2024": (2024, 3, 1), "1 mars 2024": (2024, 3, 1), "1er mars 2024": (2024, 3, 1), "15 août 2023": (2023, 8, 15),
    "15 févr. 2023": (2023, 2, 15), "24 décembre 2022": (2022, 12, 24), "1 maj 2024": (2024, 5, 1), "3 juni 2024": (2024, 6, 3),
    "1. Mai 2024": (2024, 5, 1), "9. Dezember 2021": (2021, 12, 9), "5. Okt. 2021": (2021, 10, 5), "30 Sept 2021": (2021, 9, 30),
    "4 July 2026": (2026, 7, 4), "July 4, 2026": (2026, 7, 4), "17 juillet 2026": (2026, 7, 17), "8 augusti 2025": (2025, 8, 8),
    "平成31年4月30日": (2019, 4, 30), "令和元年5月1日": (2019, 5, 1), "昭和64年1月7日": (1989, 1, 7), "民国99年10月10日": (2010, 10, 10),
    "5/5/2024": (2024, 5, 5), "12/12/2024": (2024, 12, 12), "01.02.2024": (2024, 2, 1), "1.2.2024": (2024, 2, 1),
    "2000-02-29": (2000, 2, 29), "29.02.2024": (2024, 2, 29), "20251231": (2025, 12, 31), "46022": (2025, 12, 31),
    "43831": (2020, 1, 1), "1999/12/31": (1999, 12, 31), "2099-12-31": (2099, 12, 31), "9999-12-31": (9999, 12, 31),
    "31.12.29": (2029, 12, 31), "31-Dec-05": (2005, 12, 31), "2024年12月1日": (2024, 12, 1), "1970-01-01": (1970, 1, 1),
    "20000229": (2000, 2, 29), "36526": (2000, 1, 1), "Feb 29, 2024": (2024, 2, 29), "2.Feb 2024": (2024, 2, 2),
}  # fmt: skip

NAMED = [
    "abc", "yesterday", "2024", "2024-01", "2024年1月", "31.01", "2024-13-01", "2024-02-30", "2024/2/30", "30.02.2024", "0000-00-00",
    "1/5/2024", "05/06/2023", "1-2-2024", "13/13/2024", "31 Foo 2024", "31.01.54", "31-Jan-99", "1704067200", "1704067200000", "123",
    "12345", "99999", "12345678", "18991231", "20241301", "2024-01-31/2025-01-31", "2024-01-31 bis 2025-01-31", "Q1 2024", "KW 5 2024",
    "FY24", "24/1/31", "ASAP", "tbd", "无限期", "长期", "永久", "2024-1", "31/01", "2024年13月1日", "令和6年13月1日", "#####", "45322abc", "1.5",
    "-45322", "01/31", "Jan 2024", "2024/1/31-2025/1/31", "31,01,2024", "2024 01 31 12", "32.01.2024", "29.02.2023", "2023-02-29",
    "2024/13/1", "2024.2.30", "20240230", "30 Feb 2024", "Feb 30, 2024", "31 Nov 2024", "32 Jan 2024", "0 Jan 2024", "00.01.2024",
    "31.00.2024", "1/0/2024", "0/1/2024", "2024-00-10", "2024-10-00", "民国113年2月30日", "平成40年13月1日", "31. Januar", "Januar 2024",
    "H1 2024", "2024H2", "2024-W05", "2024-W05-3", "2024-031", "next year", "à définir", "未定", "待定", "2024年", "24年1月31日", "１２３",
    "44444444", "2024-06-31", "31.04.2024", "4/31/2024", "31/4/2024", "0", "1", "1900",
]  # fmt: skip


@pytest.mark.parametrize("cell", FORMS)
def test_a_day_is_read_in_the_forms_that_people_write(cell: str) -> None:
    assert read_dates([cell]) == [date(2024, 1, 31)]


@pytest.mark.parametrize(("cell", "day"), OTHERS.items())
def test_other_days_are_read_too(cell: str, day: tuple[int, int, int]) -> None:
    assert read_dates([cell]) == [date(*day)]


@pytest.mark.parametrize("cell", NAMED)
def test_what_is_no_certain_day_is_named(cell: str) -> None:
    (read,) = read_dates([cell])
    assert isinstance(read, Unread)
    assert read.cell == cell


@pytest.mark.parametrize("cell", ["", " ", "-", "—", "n/a", "无"])
def test_signs_for_no_value_are_no_date(cell: str) -> None:
    assert read_dates([cell]) == [None]


COLUMNS = [
    (["1/5/2024", "31/12/2024"], ["2024-05-01", "2024-12-31"]),
    (["1/5/2024", "12/31/2024"], ["2024-01-05", "2024-12-31"]),
    (["05-06-2023", "25-06-2023"], ["2023-06-05", "2023-06-25"]),
    (["05-06-2023", "06-25-2023"], ["2023-05-06", "2023-06-25"]),
    (["1/5/24", "31/12/24"], ["2024-05-01", "2024-12-31"]),
    (["1/5/2024", "2024-12-31", "13/2/2024"], ["2024-05-01", "2024-12-31", "2024-02-13"]),
]


@pytest.mark.parametrize(("cells", "days"), COLUMNS)
def test_a_column_tells_the_day_from_the_month(cells: list[str], days: list[str]) -> None:
    assert read_dates(cells) == [date.fromisoformat(day) for day in days]


def test_a_column_that_contradicts_itself_leaves_its_doubtful_cells_unread() -> None:
    assert read_dates(["1/5/2024", "13/1/2024", "1/13/2024"]) == [
        Unread("1/5/2024", DAY_OR_MONTH), date(2024, 1, 13), date(2024, 1, 13),
    ]  # fmt: skip


@pytest.mark.parametrize(("order", "day"), [("dmy", date(2024, 5, 1)), ("mdy", date(2024, 1, 5))])
def test_the_user_can_say_what_comes_first(order: str, day: date) -> None:
    assert read_dates(["1/5/2024"], order=order) == [day]


def test_the_reason_is_said() -> None:
    cells = ["1/5/2024", "30.02.2024", "31.12.67"]
    assert read_dates(cells) == [
        Unread(c, w) for c, w in zip(cells, (DAY_OR_MONTH, NO_SUCH_DAY, WHICH_CENTURY), strict=True)
    ]


EAST = timezone(timedelta(hours=8))
MOMENTS = {
    "2024-01-31T09:15:00+08:00": datetime(2024, 1, 31, 9, 15, tzinfo=EAST),
    "2024-01-31T09:15:00.250Z": datetime(2024, 1, 31, 9, 15, 0, 250_000, tzinfo=UTC),
    "2024-01-31T09:15:00.000001+0800": datetime(2024, 1, 31, 9, 15, 0, 1, tzinfo=EAST),
    "2024/1/31 9:15": datetime(2024, 1, 31, 9, 15, tzinfo=UTC),
    "2024年1月31日 09:15:30": datetime(2024, 1, 31, 9, 15, 30, tzinfo=UTC),
    "01/31/2024 9:15 PM": datetime(2024, 1, 31, 21, 15, tzinfo=UTC),
    "01/31/2024 12:05 AM": datetime(2024, 1, 31, 0, 5, tzinfo=UTC),
    "2024-01-31 下午 1:05": datetime(2024, 1, 31, 13, 5, tzinfo=UTC),
    "31.01.2024 23:59:59": datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC),
    "2024-01-31": datetime(2024, 1, 31, tzinfo=UTC),
    "45322.5": datetime(2024, 1, 31, 12, tzinfo=UTC),
    "2024-01-31T09:15:00-05:30": datetime(2024, 1, 31, 9, 15, tzinfo=timezone(-timedelta(hours=5, minutes=30))),
}


@pytest.mark.parametrize(("cell", "moment"), MOMENTS.items())
def test_times_are_read_and_those_without_an_offset_are_utc(cell: str, moment: datetime) -> None:
    assert read_moments([cell]) == [moment]


@pytest.mark.parametrize("cell", ["2024-01-31 25:00", "2024-01-31 09:61", "2024-01-31 13:00 PM", "yesterday 09:15"])
def test_a_time_that_is_none_is_named(cell: str) -> None:
    assert isinstance(read_moments([cell])[0], Unread)


@given(
    st.lists(st.dates(date(1900, 1, 1), date(2199, 12, 31)), min_size=1),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%Y年%m月%d日"]),
)
def test_a_written_day_is_read_back(days: list[date], form: str) -> None:
    assert read_dates([day.strftime(form) for day in days]) == days


@given(st.text(max_size=14))
def test_any_text_is_a_day_or_named_or_nothing(text: str) -> None:
    (read,) = read_dates([text])
    assert read is None or isinstance(read, date | Unread)
