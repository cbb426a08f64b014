"""Reads of a replica that is behind: for a while they show records that were deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crm_bridge.spi.emulator import WireRequest
from crm_bridge_zoho.emulator.state.org import Org


@contextmanager
def reads_lag(org: Org, request: WireRequest) -> Iterator[None]:
    """Answer a read with the records of `read_lag` seconds ago among the live ones; changes meet the records of now."""
    reads = request.method == "GET" or request.path.endswith("/coql")
    if not reads or not org.switches.read_lag:
        yield
        return
    table = org.tables[org.contract_module]
    past = org.past(org.contract_module, org.switches.read_lag)
    shown = [before for key, before in past.items() if before is not None and key not in table.rows]
    for record in shown:
        table.put(record)
    try:
        yield
    finally:
        for record in shown:
            table.drop(record.id)
