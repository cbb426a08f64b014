"""Reading records of any object: path families, queries in keyset pages, get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crm_bridge.errors import MalformedAnswerError
from crm_bridge.i18n import _
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.raw_json import raw_items, raw_value
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


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page of a listing. `total` is what the CRM counted, on the first page only; `last` ends the listing."""

    rows: tuple[Row, ...]
    total: int | None
    last: bool


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
        seen, total, after = 0, None, ""
        while True:
            keyset = [condition("_id", "GT", after)] if after else []
            envelope = self.query(name, [*conditions, *keyset], counted=counted and not after)
            rows = _rows(envelope, raw=raw)
            if after and any(row.id == after for row in rows):
                raise MalformedAnswerError(
                    _("the listing of {name} does not move on").format(name=name), reason="paging_loop"
                )
            if counted and not after:
                total = self._total(envelope)
            seen += len(rows)
            last = not rows or self._is_last(envelope, len(rows), seen, total)
            yield RowPage(rows, total, last)
            if last:
                return
            after = rows[-1].id

    def all(self, name: str, conditions: Sequence[Condition]) -> Iterator[Row]:
        """Yield every row of a listing with its bytes; raises at the end where the CRM's own count says otherwise.

        A copy must not be smaller than what is deleted, and a list is the only thing that tells of its rows.
        """
        came: list[str] = []
        total = None
        for page in self.pages(name, conditions, counted=True, raw=True):
            total = page.total
            came += [row.id for row in page.rows]
            yield from page.rows
        if len(set(came)) != len(came) or (total is not None and total != len(came)):
            raise MalformedAnswerError(
                _("the CRM counts {told} records of {name} and gave {found}").format(
                    told=total if total is not None else "-", name=name, found=len(set(came))
                ),
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
                "limit": limit or self._assumed.max_query_limit,
                "offset": 0,
                "filters": list(conditions),
                "orders": [{"fieldName": "_id", "isAsc": not newest_first}],
                "fieldProjection": list(fields),
            },
        }
        return self._read(name, "query", data, returnTotalNum=1 if counted else 3)

    def rows(self, name: str, conditions: Sequence[Condition], *, limit: int) -> list[Row]:
        """Return one page of rows."""
        return list(_rows(self.query(name, conditions, limit=limit)))

    def by_ids(self, name: str, ids: Sequence[str], *conditions: Condition, raw: bool = False) -> dict[str, Row]:
        """Return the rows of up to 100 ids by id, whatever their life_status; what cannot be seen is missing."""
        if not ids:
            return {}
        envelope = self.query(name, [condition("_id", "IN", *ids), *conditions], limit=LIST_MOST)
        found = _rows(envelope, raw=raw)
        return {row.id: row for row in found if row.id in set(ids)}

    def get(self, name: str, record_id: str) -> Row | None:
        """Return one record by id, None where the CRM says that it is not there."""
        data = {"dataObjectApiName": name, "objectDataId": record_id, "igonreMediaIdConvert": True}
        envelope = self._ask(name, "get", data)
        if envelope.code == 0:
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
        """Say whether a page ends its listing. A short page only counts when the total does not contradict it."""
        if total is not None:
            return seen >= total
        echoed = count_in(envelope, "limit")
        asked = self._assumed.max_query_limit
        return got < (min(asked, echoed) if echoed else asked)


def _rows(envelope: Envelope, *, raw: bool = False) -> tuple[Row, ...]:
    values = rows_of(envelope)
    if not raw:
        return tuple(Row(row_id(one), one) for one in values)
    raws = raw_items(envelope.raw, "data", "dataList")
    if len(raws) != len(values):
        raise MalformedAnswerError(_("the answer lacks {what}").format(what="dataList"), reason="shape")
    return tuple(Row(row_id(one), one, text) for one, text in zip(values, raws, strict=True))
