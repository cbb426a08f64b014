"""Calls whose refusals are answers: what was asked, and what code came."""

from __future__ import annotations

from collections.abc import Sequence

from crm_bridge.domain.planning.facts import Observed, Setting
from crm_bridge.i18n import N_
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.reading.records import Condition, Records
from crm_bridge_fxiaoke.wire import Envelope

NOBODY = "000000000000000000000001"
"""An id that looks right and belongs to no record: the first four bytes of a real one are its time."""
REFUSED = N_("the CRM refused the question; the codes are in the evidence")


class Wire:
    """Calls of one question, with their routes and codes as evidence."""

    def __init__(self, client: Client, records: Records, name: str) -> None:
        """`name` is the contract object."""
        self._client = client
        self._records = records
        self.name = name
        self._calls: list[str] = []
        self._told = False

    def ask(self, path: str, data: object = None, **top: object) -> Envelope:
        """Return the envelope of a call that changes nothing, refused or not."""
        return self._noted(path, self._client.ask(path, data, **top))

    def change(self, path: str, data: object) -> Envelope:
        """Return the envelope of a call about records of our own, or of nobody; sent once."""
        return self._noted(path, self._client.change(path, data))

    def _noted(self, path: str, envelope: Envelope) -> Envelope:
        if self._told:
            self._calls, self._told = [], False
        self._calls.append(f"POST {path}: {envelope.code}")
        return envelope

    def query(
        self,
        *filters: Condition,
        limit: int = 1,
        name: str = "",
        path: str = "",
        fields: Sequence[str] = ("_id",),
        counted: bool = False,
    ) -> Envelope:
        """Return the answer to a query; where it is not to be `counted`, nothing is said about a total."""
        about = name or self.name
        data = {
            "dataObjectApiName": about,
            "igonreMediaIdConvert": True,
            "search_query_info": {
                "limit": limit,
                "offset": 0,
                "filters": list(filters),
                "orders": [{"fieldName": "_id", "isAsc": True}],
                "fieldProjection": list(fields),
            },
        }
        wanted: dict[str, object] = {"returnTotalNum": 1} if counted else {}
        asked = {**data, "find_explicit_total_num": True} if counted else data
        return self.ask(path or self._records.path(about, "query"), asked, **wanted)

    def path(self, verb: str, name: str = "") -> str:
        """Return the path of a verb, for contracts or for another object."""
        return self._records.path(name or self.name, verb)

    def get(self, record_id: str) -> Envelope:
        """Return the answer to a read by id."""
        data = {"dataObjectApiName": self.name, "objectDataId": record_id, "igonreMediaIdConvert": True}
        return self.ask(self._records.path(self.name, "get"), data)

    def batch(self, verb: str, ids: Sequence[str]) -> Envelope:
        """Return the answer to a verb that takes many ids."""
        return self.change(self._records.path(self.name, verb), {"dataObjectApiName": self.name, "idList": list(ids)})

    def saw(self, question: str, value: str, **settings: Setting) -> Observed:
        """Return an observation with the calls since the last one; settings are switches among the assumptions."""
        named = {f"assumptions.{key}": one for key, one in settings.items()}
        return Observed(question, value, named, self._evidence())

    def missed(self, question: str, why: str) -> Observed:
        """Return that a question could not be answered."""
        return Observed(question, calls=self._evidence(), why=why)

    def _evidence(self) -> tuple[str, ...]:
        self._told = True
        return tuple(dict.fromkeys(self._calls))
