"""Rows of subforms of many contracts, by queries that prove themselves like those for notes and files.

A query is taken at its word only where it shows the rows of its control value by value as the control's record does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.records.content import Content
from crm_bridge.errors import CrmBridgeError
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.errors import ENDS_THE_RUN
from crm_bridge_zoho.module.columns import MOST_COLUMNS
from crm_bridge_zoho.module.metadata import RelatedList, ZohoField, read_fields
from crm_bridge_zoho.reading.coql import Coql
from crm_bridge_zoho.reading.hanging import PARENT, Hanging, ReadList, UnreliableError
from crm_bridge_zoho.wire import Row

MOST_ROWS = 100
"""Rows of one record that Zoho documents for a query; a contract that shows so many is read by itself."""


class SubformRows(Hanging):
    """The rows of one subform. Where they cannot be known, nothing is told and each record is read by itself."""

    limit = 1000
    _raw = True

    def __init__(
        self, client: ZohoClient, coql: Coql, read: ReadList, field: ZohoField, content: Content, *, size: int
    ) -> None:
        """Read the rows of one contract by `read`, from its record; `content` says what counts in a row."""
        super().__init__(coql, read, size=size)
        self._client = client
        self._content = content
        self._list = RelatedList(field.api_name, field.label, field.data_type, field.target, PARENT)

    @property
    def is_taken(self) -> bool:
        """Return whether queries show all of a row, as far as one tells that is asked for any."""
        return bool(self._columns) and self.takes(self._list)

    def of(self, refs: Sequence[ContractRef]) -> Mapping[str, list[Row]]:
        """Return the rows of each contract of which they are known."""
        return self.rows(self._list, refs) if self._columns else {}

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        """Return the columns of a row; none where a query would not show all of it."""
        try:
            fields = read_fields(self._client, self._list.module)
        except CrmBridgeError as error:
            if error.reason in ENDS_THE_RUN:
                raise
            return ()
        names = ["id", PARENT, *(one.api_name for one in fields if one.api_name not in ("id", PARENT))]
        shown = all(one.in_coql and not one.rich_text for one in fields)
        return tuple(names) if shown and len(names) <= MOST_COLUMNS else ()

    def _whole(self, _one: RelatedList, _ref: ContractRef, told: Sequence[Row]) -> list[Row] | None:
        return list(told) if len(told) < MOST_ROWS else None

    def _shows(self, known: Sequence[Row], told: Sequence[Row]) -> bool:
        """Return whether an answer shows all rows of the control. Raises UnreliableError where one is not the same."""
        found = {row.id: self._content.remains(row.values) for row in told}
        if any(found.get(row.id, "") not in ("", self._content.remains(row.values)) for row in known):
            raise UnreliableError
        return super()._shows(known, told)


def with_rows(record: bytes, rows: Mapping[str, Sequence[Row]]) -> bytes:
    """Return a record with the rows of its subforms in it, as a read by id shows it; every piece as it came."""
    added = (b'"%s":[%s]' % (name.encode(), b",".join(row.raw for row in found)) for name, found in rows.items())
    return b",".join((record.rstrip().removesuffix(b"}"), *added)) + b"}"
