"""Believable, deterministic business records that every emulator seeds itself with."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

STATUSES = ("Draft", "Active", "Expired", "Terminated", "Renewed", "On Hold")
CURRENCIES = ("CNY", "EUR", "USD")
PEOPLE = ("Patricia Boyle", "王伟", "李娜", "Jonas Weber", "张敏", "Aisha Khan")
PRODUCTS = ("云服务年费", "Support, gold", "实施服务", "Licence, 25 users", "培训 (天)", "Hardware lease")

_CHINESE = (
    ("上海", "北京", "深圳", "杭州", "成都"),
    ("精密机械", "国际贸易", "生物科技", "物流", "新能源"),
    ("有限公司", "集团", "股份有限公司"),
)
_WESTERN = (
    ("Acme Tools", "Norwind", "Bluefin Foods", "Kessler & Söhne", "O'Neill"),
    (" Hamburg", " Leeds", " Porto", " Austin", " Gdańsk"),
    (" GmbH", " Ltd", " S.A.", " Inc."),
)
_KINDS = ("年度框架合同", "Service agreement", "采购合同", "Maintenance contract", "租赁合同", "Frame contract")
_NOTES = (
    "客户要求延期付款。",
    "Spoke to purchasing: renewal unlikely.",
    "原件已归档,编号见附件。",
    "Price list 2024 applies.",
)
_EPOCH = datetime(2022, 1, 3, 8, 0, tzinfo=UTC)
RICH = 60
"""Among the first contracts every sixth has a file, later every hundredth: each file costs one call to save."""


@dataclass(frozen=True, slots=True)
class SeedLine:
    """One product line of a contract."""

    product: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class SeedFile:
    """One attachment with its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SeedContract:
    """One contract as a business sees it; an emulator turns it into its vendor's shape."""

    index: int
    number: str
    title: str
    customer: int
    status: str
    amount: Decimal
    currency: str
    start: date
    end: date
    owner: int
    created: datetime
    modified: datetime
    lines: tuple[SeedLine, ...]
    notes: tuple[tuple[str, str], ...]
    files: tuple[SeedFile, ...]
    orders: tuple[Decimal, ...]
    payments: tuple[Decimal, ...]


@lru_cache(maxsize=8)
def customers(count: int = 120, seed: int = 7) -> tuple[str, ...]:
    """Return `count` distinct customer names, Chinese and Western mixed; number 0 is always "Acme Tools Ltd"."""
    chance = random.Random(f"customers-{seed}")  # noqa: S311 - believable data, not secrets
    names = ["Acme Tools Ltd"]
    while len(names) < count:
        name = "".join(chance.choice(words) for words in chance.choice((_CHINESE, _WESTERN)))
        if name not in names:
            names.append(name)
    return tuple(names)


def contracts(count: int = 1200, seed: int = 7, customer_count: int = 120) -> tuple[SeedContract, ...]:
    """Return `count` contracts; the same arguments give the same contracts on every machine."""
    return tuple(_contract(index, seed, customer_count) for index in range(count))


@lru_cache(maxsize=2048)
def _contract(index: int, seed: int, customer_count: int) -> SeedContract:
    chance = random.Random(f"contract-{seed}-{index}")  # noqa: S311
    start = (_EPOCH + timedelta(days=chance.randrange(0, 1500))).date()
    end = start + timedelta(days=chance.choice((90, 180, 365, 730, 1095)))
    created = _EPOCH + timedelta(days=index % 1500, minutes=chance.randrange(0, 540))
    lines = tuple(_line(chance) for _ in range(3))
    amount = sum((line.price * line.quantity for line in lines), Decimal())
    kind, year = chance.choice(_KINDS), start.year
    number = f"HT-{year}-{index + 1:04d}"
    return SeedContract(
        index=index,
        number=number,
        title=f"{kind} {year}",
        customer=chance.randrange(customer_count),
        status=chance.choices(STATUSES, weights=(10, 40, 25, 10, 10, 5))[0],
        amount=amount,
        currency=chance.choices(CURRENCIES, weights=(70, 20, 10))[0],
        start=start,
        end=end,
        owner=chance.randrange(len(PEOPLE)),
        created=created,
        modified=created + timedelta(hours=chance.randrange(1, 4000)),
        lines=lines,
        notes=tuple(("备注" if i % 2 else "Note", chance.choice(_NOTES)) for i in range(int(index % 5 == 0))),
        files=_files(chance, number) if index % (6 if index < RICH else 100) == 0 else (),
        orders=(amount / 2,) if index % 4 == 0 else (),
        payments=(amount / 4, amount / 4) if index % 8 == 0 else (),
    )


def _line(chance: random.Random) -> SeedLine:
    return SeedLine(chance.choice(PRODUCTS), chance.randrange(1, 20), Decimal(chance.randrange(1_000, 900_000)) / 100)


def _files(chance: random.Random, number: str) -> tuple[SeedFile, ...]:
    body = b"%PDF-1.4\n" + chance.randbytes(chance.randrange(400, 6000)) + b"\n%%EOF\n"
    return (SeedFile(f"{number} 合同扫描件.pdf", body),)
