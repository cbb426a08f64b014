"""What this user is shown: the gateway leaves out empty fields and hidden ones alike, and never says which."""

from __future__ import annotations

from collections.abc import Iterable

from crm_bridge.domain.filters.tree import FieldRef
from crm_bridge.domain.records.shown import ShownFields
from crm_bridge.errors import PermissionDeniedError, RequestRefusedError
from crm_bridge_fxiaoke.mapping import Mapper, text, type_of
from crm_bridge_fxiaoke.module.customers import Customers
from crm_bridge_fxiaoke.reading.records import LIST_MOST, Condition, Records, Row, condition


class Visibility:
    """The evidence of one listing: its own rows, a sample of the newest ones, and one question per doubtful field.

    A contract with a value in the field is asked for. One that comes and shows the field is evidence that others
    without it are empty; one that comes without the field, that it is hidden. Where none comes, nothing is known.
    """

    def __init__(
        self,
        records: Records,
        mapper: Mapper,
        customers: Customers,
        *,
        live: Condition,
        missing_is_empty: bool,
    ) -> None:
        """`live` keeps voided contracts out."""
        self._records = records
        self._mapper = mapper
        self._fields = mapper.fields
        self._customers = customers
        self._live = live
        self._sampled = False
        self._asked: set[tuple[str, str]] = set()
        self.shown = ShownFields(self._fields.object.fields, missing_is_empty=missing_is_empty)

    def is_told(self, field: FieldRef) -> bool:
        """Return whether a field is shown in every record type of a sample.

        The name of a customer never counts as shown: a search for one leaves out the contracts of those that are
        hidden from this user, and nobody would say that they were not judged.
        """
        if self.shown.missing_is_empty:
            return True
        name = field.name.removesuffix("__r") if field.vendor else self._fields.names.get(field.name, "")
        if not name or name == "_id":
            return True
        if field.name == "customer" and not field.vendor:
            return False
        self._sample()
        return all(self._is_shown(kind, name) for kind in self.shown.types())

    def learn(self, rows: Iterable[Row], names: Iterable[str]) -> None:
        """Take rows as evidence; ask about the `names` that some of them lack and no other row shows."""
        listed = list(rows)
        for row in listed:
            self.shown.learn(type_of(row.values), row.values)
        for name in names if not self.shown.missing_is_empty else ():
            for kind in sorted({type_of(row.values) for row in listed if name not in row.values}):
                self._is_shown(kind, name)

    def name_customers(self, rows: Iterable[Row]) -> None:
        """Learn the customers' names, a hundred at a time."""
        column = self._fields.names.get("customer", "")
        bare = {text(row.values.get(column)) for row in rows if self._mapper.customer(row.values) is None}
        ids = sorted(filter(None, bare))
        self._customers.learn(ids)
        self.shown.hide_names(one for one in ids if self._customers.name(one) is None)

    def _sample(self) -> None:
        if self._sampled:
            return
        self._sampled = True
        rows = self._newest(LIST_MOST)
        self.learn(rows, ())

    def _is_shown(self, kind: str, name: str) -> bool:
        if not self.shown.shows(kind, name) and (kind, name) not in self._asked:
            self._asked.add((kind, name))
            of_kind = [condition("record_type", "EQ", kind)] if kind else []
            rows = self._newest(1, condition(name, "ISN", ""), *of_kind)
            self.learn(rows, ())
            if rows and not self.shown.shows(kind, name):
                self.shown.hide(kind, name)
        return self.shown.shows(kind, name)

    def _newest(self, limit: int, *asked: Condition) -> tuple[Row, ...]:
        try:
            return self._records.newest(self._fields.object.name, [*asked, self._live], limit=limit)
        except (PermissionDeniedError, RequestRefusedError):
            return ()
