"""CSV exports of a real CRM: which column means what, and how its cells are read."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from pathlib import Path

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _

MEANINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "record id", "contract id", "_id", "记录id", "数据id", "合同id"),
    "number": ("number", "contract number", "contract no", "contract no.", "合同编号", "编号", "合同号"),
    "title": ("title", "name", "contract name", "subject", "标题", "名称", "合同名称", "主题"),
    "customer": ("customer", "account", "account name", "customer name", "company", "客户", "客户名称", "公司"),
    "status": ("status", "contract status", "stage", "状态", "合同状态"),
    "amount": ("amount", "contract value", "contract amount", "value", "total", "金额", "合同金额", "总金额"),
    "currency": ("currency", "币种", "货币"),
    "start": ("start", "start date", "begin", "from", "valid from", "开始日期", "生效日期", "起始日期"),
    "end": ("end", "end date", "expiry", "expiry date", "expires", "valid to", "结束日期", "到期日期", "截止日期"),
    "owner": ("owner", "contract owner", "sales rep", "负责人", "所有者"),
    "created": ("created", "created time", "created at", "创建时间"),
    "modified": ("modified", "modified time", "last modified time", "最后修改时间", "修改时间"),
}
"""Header texts by meaning, compared without case, underscores and surrounding blanks."""


def map_header(header: Sequence[str]) -> dict[str, str]:
    """Return column -> meaning for the columns that are understood; each meaning is given once, leftmost first."""
    names = {alias: meaning for meaning, aliases in MEANINGS.items() for alias in aliases}
    found: dict[str, str] = {}
    for column in header:
        meaning = names.get(re.sub(r"[\s_]+", " ", column.strip().lower()).strip()) or names.get(column.strip().lower())
        if meaning and meaning not in found.values():
            found[column] = meaning
    return found


NAMING = frozenset({"id", "number", "title"})
"""Meanings of which a file needs one: a row without any of them is no contract."""

CURRENCIES: Mapping[str, str] = {
    name: code
    for code, names in {
        "CNY": ("人民币", "人民币元", "rmb", "¥", "￥", "元"),
        "USD": ("美元", "us dollar", "$", "us$"),
        "EUR": ("欧元", "euro", "€"),
        "HKD": ("港币", "港元", "hk$"),
        "JPY": ("日元", "日圆"),
        "GBP": ("英镑", "£"),
    }.items()
    for name in names
}
"""What exports write instead of a currency's code."""


@dataclass(frozen=True, slots=True)
class Export:
    """A CSV as it was read: `header` and `rows` go to the emulators, the rest is said to the user."""

    header: list[str]
    rows: list[dict[str, str]]
    encoding: str
    meanings: Mapping[str, str]
    """Column -> meaning; the other columns are kept under their own names."""


def read_csv(path: Path) -> Export:
    """Read a CSV with a header line, its cells between commas, semicolons or tabs.

    UTF-8 (with or without mark), UTF-16 with mark, or GB18030, which holds GBK and GB2312. Raises UsageError, naming
    the line where there is one; a file without any column that names contracts is one of them.
    """
    text, encoding = _decoded(path)
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines, strict=True, delimiter=_delimiter(lines[0] if lines else ""))
    try:
        header = _header(next(reader, []))
        rows = [row for cells in reader if any(row := _row(path, reader.line_num, header, cells))]
    except csv.Error as broken:
        raise UsageError(_("{file}, line {line}: not CSV").format(file=path.name, line=reader.line_num)) from broken
    if not header or not rows:
        raise UsageError(_("{file} holds no rows").format(file=path.name), hint=_("export with a header line"))
    meanings = map_header(header)
    if not NAMING & set(meanings.values()):
        raise UsageError(
            _("{file} has no column that names contracts").format(file=path.name),
            hint=_("its header needs one of: {names}").format(
                names=", ".join(name for meaning in sorted(NAMING) for name in MEANINGS[meaning])
            ),
        )
    return Export(header, rows, encoding, meanings)


def _decoded(path: Path) -> tuple[str, str]:
    try:
        data = path.read_bytes()
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise UsageError(
            _("{path} cannot be read: {why}").format(path=path, why=why), hint=_("name a CSV that a CRM exported")
        ) from None
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding.removesuffix("-sig")
    raise UsageError(
        _("{file} is neither UTF-8, UTF-16 nor GBK text").format(file=path.name),
        hint=_("save it as CSV in UTF-8"),
    )


def _delimiter(line: str) -> str:
    """Return what stands between the cells: what makes most columns of the header understood."""
    known = {mark: len(map_header(next(csv.reader([line], delimiter=mark), []))) for mark in ",;\t"}
    return max(known, key=lambda mark: (known[mark], line.count(mark)))


def _header(cells: list[str]) -> list[str]:
    """Return the names of the columns; a name that comes again gets a number, so that no column is lost."""
    names: list[str] = []
    for cell in cells:
        again = sum(name.strip() == cell.strip() for name in cells[: len(names)])
        names.append(f"{cell} ({again + 1})" if again and cell.strip() else cell)
    return names


def _row(path: Path, line: int, header: list[str], cells: list[str]) -> dict[str, str]:
    """Return one row; empty where every cell is. Raises UsageError for more cells than the header has."""
    if len(cells) > len(header):
        raise UsageError(
            _("{file}, line {line}: {count} cells, but the header has {expected}").format(
                file=path.name, line=line, count=len(cells), expected=len(header)
            )
        )
    if not any(cell.strip() for cell in cells):
        return {}
    row = dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True))
    for column, meaning in map_header(header).items():
        if meaning == "currency":
            row[column] = CURRENCIES.get(row[column].strip().lower(), row[column])
    return row


def read_amount(cell: str) -> Decimal | None:
    """Read an amount such as `¥12,418.50`, `1.234,56 €` or `(300)`; None where there is no number."""
    text = re.sub(r"[^\d,.()\-]", "", cell)
    negative = text.startswith(("(", "-"))
    text = text.strip("()-")
    if re.search(r",\d{1,2}$", text):
        text = text.replace(".", "").replace(",", ".")
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return -value if negative else value


def read_date(cell: str) -> date | None:
    """Read a date in ISO, `2024/1/31`, `31.01.2024` or `2024年1月31日` form, with or without a time; None otherwise."""
    text = cell.strip()
    if match := re.match(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})", text):
        parts = [int(part) for part in match.groups()]
    elif match := re.match(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        parts = [int(part) for part in reversed(match.groups())]
    else:
        return None
    try:
        return date(*parts)
    except ValueError:
        return None


def read_moment(cell: str) -> datetime | None:
    """Read a date with a time of day; one without an offset is taken as UTC. None for anything else."""
    day = read_date(cell)
    match = re.search(r"[T ](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?$", cell.strip())
    if day is None or match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.group(1, 2, 3))
    offset = match[4] or "Z"
    try:
        return datetime.combine(day, time(hour, minute, second, tzinfo=_zone(offset)))
    except ValueError:
        return None


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-ahead if offset[0] == "-" else ahead)
