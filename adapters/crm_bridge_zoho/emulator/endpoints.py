"""All endpoints in the order in which their paths are tried: special paths before general ones."""

from __future__ import annotations

from crm_bridge_zoho.emulator import coql, deleted, deletion, metadata, people, reading, recycle_bin
from crm_bridge_zoho.emulator.routing import Router


def router() -> Router:
    """Return the router of the whole API."""
    return Router(
        [
            *metadata.ROUTES,
            *people.ROUTES,
            *coql.ROUTES,
            *recycle_bin.ROUTES,
            *deleted.ROUTES,
            *deletion.ROUTES[:2],
            *reading.ROUTES,
            *deletion.ROUTES[2:],
        ]
    )
