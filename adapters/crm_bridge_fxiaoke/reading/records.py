"""Reading records of any object: path families, queries in keyset pages, get."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge.transport import UnreadableRow, raw_items, raw_value
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.wire import Envelope, count_in, row_id, rows_of

PRESET, CUSTOM, OLD_CUSTOM = "/cgi/crm/v2/data", "/cgi/crm/custom/v2/data", "/cgi/crm/custom/data"
LIST_MOST = 100
Condition = Mapping[str, object]


def condition(name: str, operator: str, *values: str) -> Condition:
    """Return one filter of `search_query_info`; values travel as text."""
    return {"field_name": name, "operator": operator, "field_values": list(values)}


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it came: parsed for rules and digests, and its bytes for the backup."""

    id: str
    values: Mapping[str, object] = field(repr=False)
    raw: bytes = field(default=b"", repr=False)


class Rows(dict[str, Row]):
    """Records by id. `unreadable` are there too, but hold a value that cannot be read."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.unreadable: dict[str, UnreadableRow] = {}


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page of a listing. `total` is what the CRM counted, on the first page only; `last` ends the listing."""

    rows: tuple[Row, ...]
    total: int | None = None
    last: bool = True
    unreadable: tuple[UnreadableRow, ...] = ()
    end: str = ""
    """Id of the last row that has one: where the next page begins."""

    def fresh(self, seen: set[str]) -> RowPage:
        """Return the page without what was seen before, each row once, and add it to what was seen."""
        rows = {row.id: row for row in self.rows if row.id not in seen}
        bad = {unreadable_id(row) or hashlib.sha256(row.raw).hexdigest(): row for row in self.unreadable}
        bad = {key: row for key, row in bad.items() if key not in seen}
        seen.update(rows, bad)
        return RowPage(tuple(rows.values()), self.total, self.last, tuple(bad.values()), self.end)


def unreadable_id(row: UnreadableRow) -> str:
    """Return the id of a row that cannot be read, nothing where the id cannot be read either."""
    return row_id({"_id": row.value("_id")})


class Records:
    """Reads of one tenant's records, all fields, in one shape whoever asks: digests must agree."""

    def __init__(self, client: Client) -> None:
        """Remember per object which path family serves it."""
        self._client = client
        self._assumed = client.settings.assumptions
        self._other_family: set[str] = set()

    def path(self, name: str, verb: str) -> str:
        """Return the path of a verb for an object: custom objects end in `__c` and have paths of their own."""
        rule = self._assumed.path_families
        custom = name.endswith("__c") if rule == "by_name" else rule == "custom"
        if name in self._other_family:
            custom = not custom
        return f"{CUSTOM if custom else PRESET}/{verb}"

    def pages(
        self, name: str, conditions: Sequence[Condition], *, counted: bool = False, raw: bool = False
    ) -> Iterator[RowPage]:
        """Yield everything that fits, by id: keyset paging has no limit of 10,000 and does not shift while we delete.

        `raw` keeps the bytes of every row.
        """
        seen, total, after = set[str](), None, ""
        while True:
            keyset = [condition("_id", "GT", after)] if after else []
            envelope = self.query(name, [*conditions, *keyset], counted=counted and not after)
            page = _rows(envelope, raw=raw)
            if after and any(row.id == after for row in page.rows):
                raise MalformedAnswerError(
                    _("the listing of {name} does not move on").format(name=name), reason="paging_loop"
                )
            if counted and not after:
                total = self._total(envelope)
            got = len(rows_of(envelope))
            page = page.fresh(seen)
            last = not got or page.end in ("", after) or self._is_last(envelope, got, len(seen), total)
            yield replace(page, total=total, last=last)
            if last:
                return
            after = page.end

    def all(self, name: str, conditions: Sequence[Condition]) -> Iterator[Row]:
        """Yield every row of a listing with its bytes; raises where one cannot be read or the CRM counts otherwise.

        A copy must not be smaller than what is deleted, and a list is the only thing that tells of its rows.
        """
        for row in self.everything(name, conditions):
            if isinstance(row, UnreadableRow):
                raise MalformedAnswerError(unreadable_text(name), reason="unreadable")
            yield row

    def everything(self, name: str, conditions: Sequence[Condition]) -> Iterator[Row | UnreadableRow]:
        """Yield every row of a listing with its bytes, those too that cannot be read; raises for a wrong count."""
        came, total = 0, None
        for page in self.pages(name, conditions, counted=True, raw=True):
            total = page.total
            came += len(page.rows) + len(page.unreadable)
            yield from page.rows
            yield from page.unreadable
        if total is not None and total != came:
            raise MalformedAnswerError(
                _("the CRM counts {told} records of {name} and gave {found}").format(told=total, name=name, found=came),
                reason="count",
            )

    def query(
        self,
        name: str,
        conditions: Sequence[Condition],
        *,
        limit: int | None = None,
        counted: bool = False,
        newest_first: bool = False,
        fields: Sequence[str] = (),
    ) -> Envelope:
        """Ask for one page in the order of ids; a total only where one is wanted. No `fields` means all of them."""
        data = {
            "dataObjectApiName": name,
            "igonreMediaIdConvert": True,
            "find_explicit_total_num": counted,
            "search_query_info": {
                "limit": min(limit or LIST_MOST * LIST_MOST, self._assumed.max_query_limit),
                "offset": 0,
                "filters": list(conditions),
                "orders": [{"fieldName": "_id", "isAsc": not newest_first}],
                "fieldProjection": list(fields),
            },
        }
        return self._read(name, "query", data, returnTotalNum=1 if counted else 3)

    def count(self, name: str, conditions: Sequence[Condition]) -> int | None:
        """Return how many records fit as the CRM counts them; None where it does not tell."""
        return self._total(self.query(name, conditions, limit=1, counted=True))

    def rows(self, name: str, conditions: Sequence[Condition], *, limit: int) -> list[Row]:
        """Return one page of rows; MalformedAnswerError where one of them cannot be read."""
        page = _rows(self.query(name, conditions, limit=limit))
        if page.unreadable:
            raise MalformedAnswerError(unreadable_text(name), reason="unreadable")
        return list(page.rows)

    def newest(self, name: str, conditions: Sequence[Condition], *, limit: int) -> tuple[Row, ...]:
        """Return the newest rows that can be read, one page at most."""
        return _rows(self.query(name, conditions, limit=limit, newest_first=True)).rows

    def by_ids(self, name: str, ids: Sequence[str], *conditions: Condition, raw: bool = False) -> Rows:
        """Return the rows of up to 100 ids by id, whatever their life_status; what cannot be seen is missing."""
        found, size = Rows(), min(LIST_MOST, self._assumed.max_query_limit)
        for start in range(0, len(ids), size):
            self._take(found, name, ids[start : start + size], conditions, raw=raw)
        return found

    def _take(self, found: Rows, name: str, ids: Sequence[str], conditions: Sequence[Condition], *, raw: bool) -> None:
        """Add the rows of as many ids as one page holds."""
        wanted = set(ids)
        page = _rows(self.query(name, [condition("_id", "IN", *ids), *conditions], limit=LIST_MOST), raw=raw)
        found.update((row.id, row) for row in page.rows if row.id in wanted)
        named = {unreadable_id(row): row for row in page.unreadable}
        found.unreadable |= {key: row for key, row in named.items() if key in wanted}
        if "" in named:
            # A row without a readable id may be any of those that did not come.
            missing = [one for one in ids if one not in found and one not in named]
            found.unreadable |= dict.fromkeys(missing, named[""])

    def get(self, name: str, record_id: str) -> Row | None:
        """Return one record by id, None where the CRM says that it is not there."""
        data = {"dataObjectApiName": name, "objectDataId": record_id, "igonreMediaIdConvert": True}
        envelope = self._ask(name, "get", data)
        if envelope.code == 0:
            if isinstance(envelope.data, UnreadableRow):
                raise MalformedAnswerError(unreadable_text(name), reason="unreadable", request_id=envelope.trace_id)
            if isinstance(envelope.data, Mapping) and row_id(envelope.data) == record_id:
                return Row(record_id, envelope.data, raw_value(envelope.raw, "data"))
            if not envelope.data and self._assumed.absent_record != "error":
                return None
            raise MalformedAnswerError(
                _("the answer lacks {what}").format(what="data"), reason="shape", request_id=envelope.trace_id
            )
        if self._client.judge.row(envelope).code == "50009:absent" and self._assumed.absent_record != "empty":
            return None
        raise self._client.judge.error(envelope)

    def _read(self, name: str, verb: str, data: object, **top: object) -> Envelope:
        envelope = self._ask(name, verb, data, **top)
        if envelope.code != 0:
            raise self._client.judge.error(envelope)
        return envelope

    def _ask(self, name: str, verb: str, data: object, **top: object) -> Envelope:
        envelope = self._client.ask(self.path(name, verb), data, **top)
        if envelope.code == 10006 and name not in self._other_family:
            self._other_family.add(name)
            again = self._client.ask(self.path(name, verb), data, **top)
            if again.code != 10006:
                return again
            self._other_family.discard(name)
        return envelope

    def _total(self, envelope: Envelope) -> int | None:
        if self._assumed.query_total != "exact":
            return None
        total = count_in(envelope, "total")
        # 0 is also what a CRM says that does not count.
        return total if total or not rows_of(envelope) else None

    def _is_last(self, envelope: Envelope, got: int, seen: int, total: int | None) -> bool:
        """Return whether a page ends its listing. A short page only counts when the total does not contradict it."""
        if total is not None:
            return seen >= total
        echoed = count_in(envelope, "limit")
        asked = self._assumed.max_query_limit
        return got < (min(asked, echoed) if echoed else asked)


def unreadable_text(name: str) -> str:
    """Return in words that a record of an object cannot be read."""
    return _("a record of {name} holds a value that cannot be read").format(name=name)


def _rows(envelope: Envelope, *, raw: bool = False) -> RowPage:
    """Return the rows of one answer; those with one id and different content are unreadable."""
    values = rows_of(envelope)
    doubled = len({row_id(one) for one in values if isinstance(one, dict)}) < len(values)
    pieces = raw_items(envelope.raw, "data", "dataList") if raw or doubled else [b""] * len(values)
    if len(pieces) != len(values):
        raise MalformedAnswerError(_("the answer lacks {what}").format(what="dataList"), reason="shape")
    rows: dict[str, Row] = {}
    unreadable: list[UnreadableRow] = []
    end = ""
    for position, (value, piece) in enumerate(zip(values, pieces, strict=True), start=1):
        if isinstance(value, UnreadableRow):
            unreadable.append(value)
            end = unreadable_id(value) or end
            continue
        end = row_id(value)
        if rows.setdefault(end, Row(end, value, piece)).values != value:
            unreadable.append(UnreadableRow("contradiction", piece, position))
    bad = {unreadable_id(row) for row in unreadable}
    return RowPage(tuple(row for row in rows.values() if row.id not in bad), unreadable=tuple(unreadable), end=end)
