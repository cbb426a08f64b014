"""Where deleted records are listed: the recycle bin, and the module's list of deletions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_bridge.errors import CrmBridgeError
from crm_bridge_zoho.account import TOLERABLE
from crm_bridge_zoho.capabilities import BIN_DAYS
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.mapping import instant_of
from crm_bridge_zoho.wire import id_text, list_of, more_records

PAGE, MOST_PAGES = 200, 500
IDS_A_CALL = 100
SKEW = timedelta(minutes=10)
"""How far Zoho's clock may be from ours."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """One deleted record: by whom, when, and whether the bin still holds it."""

    id: str
    by: str | None
    at: datetime | None
    in_bin: bool

    @property
    def until(self) -> datetime | None:
        """Return when Zoho empties it from the bin."""
        return self.at + timedelta(days=BIN_DAYS) if self.in_bin and self.at else None


class Bins:
    """Looks for ids among the deleted records of one module."""

    def __init__(self, client: ZohoClient, module: str) -> None:
        """Use one connection's client."""
        self._client = client
        self._module = module

    def find(self, ids: Collection[str], since: datetime | None) -> tuple[dict[str, Deletion], bool]:
        """Return what is known of `ids`, and whether any list could be read at all."""
        found: dict[str, Deletion] = {}
        readable = self._take(found, ids, self._in_bin(ids, since))
        missing = [one for one in ids if one not in found]
        if missing:
            listed = self._take(found, missing, self._deleted(since))
            readable = readable or listed
        return found, readable

    def _take(self, found: dict[str, Deletion], ids: Collection[str], listing: Iterator[Deletion]) -> bool:
        """Collect from one listing until every id was seen; False when Zoho does not show it to this user."""
        wanted = set(ids)
        try:
            for one in listing:
                if one.id in wanted:
                    found.setdefault(one.id, one)
                    if wanted <= found.keys():
                        break
        except CrmBridgeError as error:
            if isinstance(error, TOLERABLE) or error.reason == "module":
                return False
            raise
        return True

    def _in_bin(self, ids: Collection[str], since: datetime | None) -> Iterator[Deletion]:
        """Yield bin entries: of many ids the newest of the module since a moment, then what was asked for by id."""
        if len(ids) > IDS_A_CALL:
            # No more pages than the ids would fill: what a long run deleted before them must not be read every time.
            newest = {"filters": json.dumps(self._filters(since), separators=(",", ":"))}
            yield from self._bin_pages(newest, most=-(-len(ids) // PAGE))
        wanted = list(ids)
        for at in range(0, len(wanted), IDS_A_CALL):
            yield from self._bin_pages({"ids": ",".join(wanted[at : at + IDS_A_CALL])})

    def _filters(self, since: datetime | None) -> Mapping[str, object]:
        group: list[dict[str, object]] = [
            {"field": {"api_name": "module"}, "comparator": "equal", "value": self._module}
        ]
        if since is not None:
            moment = (since - SKEW).astimezone(UTC).isoformat(timespec="seconds")
            group.append({"field": {"api_name": "deleted_time"}, "comparator": "greater_than", "value": moment})
        return {"group_operator": "AND", "group": group}

    def _bin_pages(self, selection: Mapping[str, str], most: int = MOST_PAGES) -> Iterator[Deletion]:
        paging = {"sort_by": "deleted_time", "sort_order": "desc", "per_page": str(PAGE)}
        for number in range(1, most + 1):
            answer = self._client.read(
                "/crm/v8/settings/recycle_bin",
                "GET /crm/v8/settings/recycle_bin",
                params={**selection, **paging, "page": str(number)},
            )
            for raw in list_of(answer, "recycle_bin"):
                if self._is_ours(raw.get("module")):
                    yield _deletion(raw, in_bin=True)
            if not more_records(answer):
                return

    def _deleted(self, since: datetime | None) -> Iterator[Deletion]:
        """Yield the module's deletions, newest first, until they are older than `since`."""
        oldest = None if since is None else since - SKEW
        for number in range(1, MOST_PAGES + 1):
            answer = self._client.read(
                f"/crm/v8/{self._module}/deleted",
                "GET /crm/v8/{module}/deleted",
                params={"type": "all", "page": str(number), "per_page": str(PAGE)},
                weight=2,
            )
            entries = [_deletion(raw, in_bin=raw.get("type") == "recycle") for raw in list_of(answer, "data")]
            yield from entries
            times = [one.at for one in entries if one.at is not None]
            if not more_records(answer) or (oldest is not None and times and max(times) < oldest):
                return

    def _is_ours(self, module: object) -> bool:
        """Say whether an entry is of this module; `module` comes as an object, in one file as text."""
        name = module.get("api_name") if isinstance(module, Mapping) else module
        return name in (None, "", self._module)


def _deletion(raw: Mapping[str, Any], *, in_bin: bool) -> Deletion:
    by = raw.get("deleted_by")
    return Deletion(
        id=id_text(raw.get("id")),
        by=id_text(by.get("id")) or None if isinstance(by, Mapping) else None,
        at=instant_of(raw.get("deleted_time")),
        in_bin=in_bin,
    )
