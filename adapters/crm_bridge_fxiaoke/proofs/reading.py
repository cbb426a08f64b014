"""Questions that need nothing of our own: they are put to what is there, and to ids that nobody has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from crm_bridge.domain.planning.facts import Observed
from crm_bridge.i18n import N_
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.discovery import DESCRIBE_PATH, Discovery
from crm_bridge_fxiaoke.mapping import FieldMap
from crm_bridge_fxiaoke.module.people import OPEN_ID
from crm_bridge_fxiaoke.proofs.wire import NOBODY, REFUSED, Wire
from crm_bridge_fxiaoke.reading.records import CUSTOM, PRESET, Records, condition
from crm_bridge_fxiaoke.wire import count_in, row_id, rows_of

_PAGES = (1000, 500, 200, 100, 50, 20, 10)
_ABSENT = "50009:absent"
_NEW_STYLE = N_("the newer style never converts persons, whatever the default is")
_NOTHING_THERE = N_("the module has no contracts to look at")
_NO_OTHER = N_("the tenant has no object of the other kind to ask for")
_NO_DETAILS = N_("nothing of this tenant's contracts has lines")


class ReadingProofs:
    """The questions of the reading part."""

    def __init__(self, client: Client, records: Records, discovery: Discovery, fields: FieldMap) -> None:
        """`fields` are those of the contract object."""
        self._client = client
        self._records = records
        self._discovery = discovery
        self._fields = fields
        self._wire = Wire(client, records, fields.object.name)

    def questions(self) -> Iterator[Callable[[], Iterator[Observed]]]:
        """Yield the questions in the order in which they help each other."""
        yield from (self._page, self._total, self._by_default, self._absent, self._operator, self._families)
        yield from (self._described_details, self._names)

    def _page(self) -> Iterator[Observed]:
        """A-01: a larger page is cut, and the limit told, or refused."""
        for size in _PAGES:
            answer = self._wire.query(limit=size)
            if answer.code:
                continue
            if size < _PAGES[0]:
                yield self._wire.saw("A-01", f"refused above {size}", max_query_limit=min(size, 100))
            elif (told := count_in(answer, "limit")) and told < size:
                yield self._wire.saw("A-01", f"cut to {told}", max_query_limit=min(told, 100))
            else:
                yield self._wire.saw("A-01", f"{size} or more", max_query_limit=100)
            return
        yield self._wire.missed("A-01", REFUSED)

    def _total(self) -> Iterator[Observed]:
        """A-02: what a query counts that asks for a total, and one that does not say."""
        rows = rows_of(self._wire.query(limit=3))
        ids = [row_id(row) for row in rows if isinstance(row, dict)]
        if not ids:
            yield self._wire.missed("A-02", _NOTHING_THERE)
            return
        some = condition("_id", "IN", *ids)
        asked = self._wire.query(some, limit=10, counted=True)
        silent = self._wire.query(some, limit=10)
        if asked.code or silent.code:
            yield self._wire.missed("A-02", REFUSED)
            return
        words = [self._counted(count_in(answer, "total"), len(ids)) for answer in (silent, asked)]
        yield self._wire.saw("A-02", f"{words[0]}; {words[1]} when asked", query_total=words[1])

    @staticmethod
    def _counted(total: int | None, rows: int) -> str:
        return "exact" if total == rows else "estimate" if total else "none"

    def _by_default(self) -> Iterator[Observed]:
        """A-19, A-05, A-04: a call that names no user, one without a trace id, and one that states no conversion."""
        bare, traced = self._client.bare(traced=False), False
        wire = Wire(bare, self._records, self._wire.name)
        answer = wire.query()
        if answer.code == 10001:
            yield wire.saw("A-05", "required")
            bare, traced = self._client.bare(traced=True), True
            wire = Wire(bare, self._records, self._wire.name)
            answer = wire.query()
        if answer.code in (20017, 10010):
            yield wire.saw("A-19", str(answer.code), missing_user_code=answer.code)
        else:
            yield wire.missed("A-19", REFUSED)
        bare.user = self._client.user
        answer = wire.query(fields=("_id", "owner"))
        if answer.code == 0 and not traced:
            yield wire.saw("A-05", "not required")
        if self._client.settings.auth != "corp_token":
            yield wire.missed("A-04", _NEW_STYLE)
            return
        rows = [row for row in rows_of(answer) if isinstance(row, dict) and row.get("owner")]
        if not rows:
            yield wire.missed("A-04", REFUSED if answer.code else _NOTHING_THERE)
            return
        owner = rows[0]["owner"]
        first = str(owner[0] if isinstance(owner, list) else owner)
        yield wire.saw("A-04", "by style" if first.startswith(OPEN_ID) else "never")

    def _absent(self) -> Iterator[Observed]:
        """A-09: how a record is told that is not there."""
        answer = self._wire.get(NOBODY)
        if answer.code == 0 and not answer.data:
            yield self._wire.saw("A-09", "no data")
        elif answer.code and self._client.judge.row(answer).code == _ABSENT:
            yield self._wire.saw("A-09", f"error {answer.code}")
        else:
            yield self._wire.missed("A-09", REFUSED)

    def _operator(self) -> Iterator[Observed]:
        """A-15: an operator that no object knows."""
        answer = self._wire.query({"field_name": "_id", "operator": "CBPROVE", "field_values": [NOBODY]})
        if answer.code:
            yield self._wire.saw("A-15", "error", unknown_operator="error")
        elif rows_of(answer):
            yield self._wire.saw("A-15", "ignored", unknown_operator="ignored")
        else:
            yield self._wire.missed("A-15", _NOTHING_THERE)

    def _families(self) -> Iterator[Observed]:
        """A-16: whether a preset object is served on the custom paths, and a custom one on those of presets."""
        objects = self._discovery.objects()
        preset = next((one.name for one in objects if not one.custom), "")
        custom = next((one.name for one in objects if one.custom), "")
        if not preset or not custom:
            yield self._wire.missed("A-16", _NO_OTHER)
            return
        lent = self._wire.query(name=preset, path=f"{CUSTOM}/query").code
        back = self._wire.query(name=custom, path=f"{PRESET}/query").code
        words: Mapping[tuple[bool, bool], str] = {
            (False, False): "strict",
            (True, False): "preset anywhere",
            (True, True): "any",
        }
        if {lent, back} - {0, 10006} or (not lent, not back) not in words:
            yield self._wire.missed("A-16", REFUSED)
        else:
            yield self._wire.saw("A-16", words[not lent, not back])

    def _described_details(self) -> Iterator[Observed]:
        """A-17: whether the description of the contract object brings those of its lines."""
        if not any(one.detail for one in self._discovery.relations()):
            yield self._wire.missed("A-17", _NO_DETAILS)
            return
        answer = self._wire.ask(DESCRIBE_PATH, {"apiName": self._wire.name}, includeDetail=True)
        data = answer.data if isinstance(answer.data, Mapping) else {}
        brings = bool(data.get("detailDescribe"))
        yield self._wire.saw("A-17", "brings them" if brings else "does not", describe_details=brings)

    def _names(self) -> Iterator[Observed]:
        """A-18: how many meanings were recognised among the tenant's own names."""
        yield self._wire.saw("A-18", f"{len(self._fields.names)} recognised")
