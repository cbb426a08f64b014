"""All endpoints in the order in which their paths are tried: special paths before general ones."""

from __future__ import annotations

from crm_bridge_zoho.emulator import (
    attachments,
    bulk_read,
    bulk_write,
    composite,
    coql,
    deleted,
    deletion,
    files,
    locking,
    metadata,
    notes,
    people,
    reading,
    recycle_bin,
    search,
    timeline,
    writing,
)
from crm_bridge_zoho.emulator.routing import Router


def router() -> Router:
    """Return the router of the whole API."""
    return Router(
        [
            *metadata.ROUTES,
            *people.ROUTES,
            *coql.ROUTES,
            *recycle_bin.ROUTES,
            *files.ROUTES,
            *bulk_read.ROUTES,
            *bulk_write.ROUTES,
            *composite.ROUTES,
            *search.ROUTES,
            *timeline.ROUTES,
            *locking.ROUTES,
            *deleted.ROUTES,
            *deletion.ROUTES[:2],
            writing.UPSERT_ROUTE,
            *notes.ROUTES,
            *notes.LIST_ROUTES,
            *notes.ALL_NOTES,
            *attachments.ROUTES,
            *attachments.LIST_ROUTES,
            *reading.ROUTES,
            *deletion.ROUTES[2:],
            *writing.ROUTES,
        ]
    )
