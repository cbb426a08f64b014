"""All endpoints in the order in which their paths are tried: special paths before general ones."""

from __future__ import annotations

from crm_bridge_zoho.emulator.api import (
    attachments,
    composite,
    deleted,
    deletion,
    files,
    locking,
    notes,
    people,
    reading,
    recycle_bin,
    writing,
)
from crm_bridge_zoho.emulator.bulk import bulk_read, bulk_write
from crm_bridge_zoho.emulator.control import timeline
from crm_bridge_zoho.emulator.describing import metadata
from crm_bridge_zoho.emulator.queries import coql, search
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
