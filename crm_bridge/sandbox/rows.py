"""CSV exports of a real CRM: which column means what, and how its cells are read."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
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


def read_csv(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read header and rows of a CSV in UTF-8 (with or without mark) or GB18030. Errors name the line."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", errors="replace")
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = next(reader, [])
        rows = []
        for cells in reader:
            if len(cells) > len(header):
                raise UsageError(
                    _("{file}, line {line}: {count} cells, but the header has {expected}").format(
                        file=path.name, line=reader.line_num, count=len(cells), expected=len(header)
                    )
                )
            if any(cell.strip() for cell in cells):
                rows.append(dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True)))
    except csv.Error as broken:
        raise UsageError(_("{file}, line {line}: not CSV").format(file=path.name, line=reader.line_num)) from broken
    if not header or not rows:
        raise UsageError(_("{file} holds no rows").format(file=path.name), hint=_("export with a header line"))
    return header, rows


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
    """Read an ISO date-time with an offset; None otherwise."""
    try:
        moment = datetime.fromisoformat(cell.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else None
