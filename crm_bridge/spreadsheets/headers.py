"""Headers of exports: which column means what, whatever marks an import template adds to its name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

MEANINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "record id", "contract id", "记录id", "数据id", "合同id", "唯一性id"),
    "number": ("number", "contract number", "contract no", "contract no.", "合同编号", "编号", "合同号", "合同编码"),
    "title": ("title", "name", "contract name", "subject", "标题", "名称", "合同名称", "主题", "合同标题"),
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
"""Names of columns by meaning, compared without case, underscores, surrounding blanks and marks."""

SCALES: Mapping[str, Decimal] = {
    "千元": Decimal(1_000),
    "千": Decimal(1_000),
    "万元": Decimal(10_000),
    "万": Decimal(10_000),
    "百万元": Decimal(1_000_000),
    "百万": Decimal(1_000_000),
    "亿元": Decimal(100_000_000),
    "亿": Decimal(100_000_000),
    "teur": Decimal(1_000),
    "k€": Decimal(1_000),
    "t€": Decimal(1_000),
    "keur": Decimal(1_000),
    "kusd": Decimal(1_000),
    "in thousands": Decimal(1_000),
    "thousands": Decimal(1_000),
    "in millions": Decimal(1_000_000),
    "mio. eur": Decimal(1_000_000),
    "mio eur": Decimal(1_000_000),
    "mio €": Decimal(1_000_000),
    "crore": Decimal(10_000_000),
    "in crore": Decimal(10_000_000),
    "lakh": Decimal(100_000),
    "lakhs": Decimal(100_000),
    "in lakhs": Decimal(100_000),
}
"""What a mark in the header of an amount says about the unit of its cells."""

_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】|<([^<>]*)>")


def map_header(header: Sequence[str]) -> dict[str, str]:
    """Return column -> meaning for the columns that are understood; each meaning is given once, plain names first."""
    names = {alias: meaning for meaning, aliases in MEANINGS.items() for alias in aliases}
    meant: dict[str, str] = {}
    for form in (_plain, _unmarked):
        for column in header:
            meaning = names.get(form(column))
            if meaning and column not in meant and meaning not in meant.values():
                meant[column] = meaning
    return {column: meant[column] for column in header if column in meant}


def scale_of(column: str) -> Decimal:
    """Return the unit of an amount column: 10,000 for `合同金额（万元）`, 1 where its name says nothing of it."""
    return next((SCALES[mark] for mark in marks_of(column) if mark in SCALES), Decimal(1))


def marks_of(column: str) -> Iterator[str]:
    """Yield what stands in brackets in the name of a column, in lower case."""
    for match in _BRACKETS.finditer(_folded(column)):
        yield next(part for part in match.groups() if part is not None).strip()


def _folded(column: str) -> str:
    return unicodedata.normalize("NFKC", column).replace("\ufeff", "").lower()


def _plain(column: str) -> str:
    return re.sub(r"[\s_]+", " ", _folded(column)).strip()


def _unmarked(column: str) -> str:
    bare = _BRACKETS.sub(" ", _folded(column))
    return re.sub(r"[\s_*:]+", " ", bare).strip()
