"""Customers by id and by name: contracts hold ids, people speak of names."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from crm_bridge.domain.filters.tree import Op
from crm_bridge.errors import MalformedAnswerError, PermissionDeniedError, RequestRefusedError
from crm_bridge_fxiaoke.reading.records import LIST_MOST, Records, condition
from crm_bridge_fxiaoke.wire import row_id

ACCOUNT = "AccountObj"
_OPERATORS = {Op.EQ: "EQ", Op.IN: "IN", Op.CONTAINS: "LIKE", Op.STARTS_WITH: "STARTWITH"}
_REMEMBERED = 5000


class Customers:
    """Names of customers, looked up a hundred at a time and remembered up to a bound."""

    def __init__(self, records: Records, object_name: str = ACCOUNT) -> None:
        """`object_name` is what the contract's customer field refers to."""
        self._records = records
        self._object = object_name
        self._lock = threading.Lock()
        self._names: dict[str, str | None] = {}

    def name(self, customer_id: str) -> str | None:
        """Return a name that was learned before, None where nobody told it."""
        return self._names.get(customer_id)

    def learn(self, ids: Iterable[str]) -> None:
        """Look up the names of ids that are not known yet. A customer that may not be seen stays without a name."""
        with self._lock:
            missing = [one for one in dict.fromkeys(ids) if one not in self._names]
            if len(self._names) + len(missing) > _REMEMBERED:
                self._names.clear()
            for start in range(0, len(missing), LIST_MOST):
                part = missing[start : start + LIST_MOST]
                self._names.update(dict.fromkeys(part) | self._ask(part))

    def ids(self, op: Op, names: tuple[str, ...]) -> Sequence[str] | None:
        """Return the ids of the customers with such names; None when there are too many for one list."""
        if op not in _OPERATORS:
            return None
        asked = condition("name", _OPERATORS[op], *names)
        try:
            found = self._records.rows(self._object, [asked], limit=LIST_MOST)
        except (MalformedAnswerError, PermissionDeniedError, RequestRefusedError):
            return None
        return None if len(found) >= LIST_MOST else [row.id for row in found]

    def _ask(self, ids: Sequence[str]) -> dict[str, str | None]:
        try:
            rows = self._records.by_ids(self._object, ids)
        except (MalformedAnswerError, PermissionDeniedError, RequestRefusedError):
            return {}
        return {row_id(row.values): str(row.values.get("name") or "") or None for row in rows.values()}
