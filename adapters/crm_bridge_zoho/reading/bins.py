"""Where deleted records are listed: the recycle bin, and the module's list of deletions."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_bridge.errors import CrmBridgeError
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.mapping import instant_of
from crm_bridge_zoho.module.account import is_hidden
from crm_bridge_zoho.reading.bin_walk import Deletion, Walk
from crm_bridge_zoho.reading.parallel import ordered_map
from crm_bridge_zoho.wire import id_text, list_of, more_records

PAGE, MOST_PAGES = 200, 500
IDS_A_CALL = 100
SKEW = timedelta(minutes=10)
"""How far Zoho's clock may be from ours."""


class Bins:
    """Looks for ids among the deleted records of one module."""

    def __init__(self, client: ZohoClient, module: str) -> None:
        """Use one connection's client."""
        self._client = client
        self._module = module
        self._walk: Walk | None = None
        self._lock = threading.Lock()
        self.seen: dict[str, Deletion] = {}
        """What the last look found."""
        self._final: dict[str, Deletion] = {}
        """Deletions for good: they are never taken back, so each is read once."""

    def find(self, ids: Collection[str], since: datetime | None) -> tuple[dict[str, Deletion], bool]:
        """Return what is known of `ids`, and whether any list could be read at all."""
        found = {one: self._final[one] for one in ids if one in self._final}
        readable = bool(found)
        if self._walk is not None:
            self._walk.ended = False
            for one in ids:
                self._walk.others.pop(one, None)
        if len(missing := _without(ids, found)) > IDS_A_CALL and since is not None:
            readable = self._take_walking(found, missing, since) or readable
        if missing := _without(ids, found):
            readable = self._take(found, missing, self._by_id(missing)) or readable
        if missing := _without(ids, found):
            readable = self._take(found, missing, self._deleted(since)) or readable
        self.seen = found
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
            if is_hidden(error):
                return False
            raise
        return True

    def _take_walking(self, found: dict[str, Deletion], ids: Collection[str], since: datetime) -> bool:
        with self._lock:
            walk = self._walk
            if walk is None or not timedelta() <= since - walk.since <= SKEW:
                self._walk = walk = Walk(since)
            if walk.fruitless:
                return False
            before = len(found)
            readable = self._take(found, ids, self._walked(walk, frozenset(ids)))
            walk.fruitless = len(found) == before
            return readable

    def _walked(self, walk: Walk, wanted: frozenset[str]) -> Iterator[Deletion]:
        """Yield bin entries from where the walk stands; a page that was not taken to its end is read again."""
        first = walk.page
        for number, (entries, more) in enumerate(self._pages_from(walk, len(wanted)), start=first):
            walk.here.update(one.id for one in entries if one.id in wanted)
            walk.ended = not more
            if not more:
                walk.leave(entries)
            yield from entries[:-1]
            if more:
                walk.page = number + 1
                walk.leave(entries)
            yield from entries[-1:]
            if not more:
                return

    def _pages_from(self, walk: Walk, wanted: int) -> Iterator[tuple[list[Deletion], bool]]:
        """Yield pages: the first alone, then as many as the ids fill side by side, then one by one.

        No more in all than asking by id would take calls.
        """
        selection = {"filters": json.dumps(self._filters(walk.since), separators=(",", ":"))}

        def page(number: int) -> tuple[list[Deletion], bool]:
            return self._bin_page(selection, number, order="asc")

        first, full = walk.page, -(-wanted // PAGE)
        yield page(first)
        yield from ordered_map(page, range(first + 1, first + full))
        yield from map(page, range(first + full, first + full + wanted // IDS_A_CALL))

    def _by_id(self, ids: Sequence[str]) -> Iterator[Deletion]:
        shares = (ids[at : at + IDS_A_CALL] for at in range(0, len(ids), IDS_A_CALL))
        for entries in ordered_map(self._share, shares):
            yield from entries

    def _share(self, ids: Sequence[str]) -> list[Deletion]:
        found: list[Deletion] = []
        for number in range(1, MOST_PAGES + 1):
            entries, more = self._bin_page({"ids": ",".join(ids)}, number, order="desc")
            found += entries
            if not more:
                break
        return found

    def _filters(self, since: datetime | None) -> Mapping[str, object]:
        group: list[dict[str, object]] = [
            {"field": {"api_name": "module"}, "comparator": "equal", "value": self._module}
        ]
        if since is not None:
            moment = (since - SKEW + self._client.ahead).astimezone(UTC).isoformat(timespec="seconds")
            group.append({"field": {"api_name": "deleted_time"}, "comparator": "greater_than", "value": moment})
        return {"group_operator": "AND", "group": group}

    def _bin_page(self, selection: Mapping[str, str], number: int, *, order: str) -> tuple[list[Deletion], bool]:
        """Return the entries of this module on one page, and whether more pages follow."""
        paging = {"sort_by": "deleted_time", "sort_order": order, "per_page": str(PAGE), "page": str(number)}
        answer = self._client.read(
            "/crm/v8/settings/recycle_bin", "GET /crm/v8/settings/recycle_bin", params={**selection, **paging}
        )
        listed = [raw for raw in list_of(answer, "recycle_bin") if self._is_ours(raw.get("module"))]
        return [self._deletion(raw, in_bin=True) for raw in listed], bool(more_records(answer))

    def _deleted(self, since: datetime | None) -> Iterator[Deletion]:
        for entries, _ended in self.deleted_pages(since):
            yield from entries

    def count(self) -> int | None:
        """Return how many records the bin holds; None where Zoho does not tell."""
        route = "/crm/v8/settings/recycle_bin/actions/count"
        answer = self._client.read(route, f"GET {route}")
        value = answer.json().get("count") if answer is not None else None
        return int(value) if isinstance(value, int | str) and str(value).isdigit() else None

    def other_pages(self, since: datetime) -> Iterator[tuple[list[Deletion], bool]]:
        """Yield what the bin holds since a moment, as `bin_pages` does.

        What was looked for on a walk through it is left out, and its pages are not read again. A look that came to the
        end of the bin was the last thing that a run did: nothing is read then.
        """
        with self._lock:
            walk, self._walk = self._walk, None  # what is restored or purged later moves the pages
        if walk is None or walk.fruitless or walk.since - SKEW > since:
            yield from self.bin_pages(since)
            return
        yield list(walk.others.values()), walk.ended
        if not walk.ended:
            yield from self.bin_pages(walk.since, first=walk.page)

    def bin_pages(self, since: datetime, *, first: int = 1) -> Iterator[tuple[list[Deletion], bool]]:
        """Yield what the bin holds since a moment, oldest first, and with each page whether it is the last one."""
        selection = {"filters": json.dumps(self._filters(since), separators=(",", ":"))}
        for number in range(first, first + MOST_PAGES):
            entries, more = self._bin_page(selection, number, order="asc")
            yield entries, not more
            if not more:
                return

    def deleted_pages(self, since: datetime | None) -> Iterator[tuple[list[Deletion], bool]]:
        """Yield the module's deletions, newest first, until they are older than `since`, and whether that is all."""
        oldest = None if since is None else since - SKEW
        for number in range(1, MOST_PAGES + 1):
            answer = self._client.read(
                f"/crm/v8/{self._module}/deleted",
                "GET /crm/v8/{module}/deleted",
                params={"type": "all", "page": str(number), "per_page": str(PAGE)},
                weight=2,
            )
            listed = list_of(answer, "data")
            entries = [self._deletion(raw, in_bin=raw.get("type") == "recycle") for raw in listed]
            final = (one for one, raw in zip(entries, listed, strict=True) if raw.get("type") == "permanent")
            self._final |= {one.id: one for one in final}
            times = [one.at for one in entries if one.at is not None]
            ended = not more_records(answer) or bool(oldest is not None and times and max(times) < oldest)
            yield entries, ended
            if ended:
                return

    def _is_ours(self, module: object) -> bool:
        """Return whether an entry is of this module; `module` comes as an object, in one file as text."""
        name = module.get("api_name") if isinstance(module, Mapping) else module
        return not name or str(name).casefold() == self._module.casefold()

    def _deletion(self, raw: Mapping[str, Any], *, in_bin: bool) -> Deletion:
        by, told = raw.get("deleted_by"), instant_of(raw.get("deleted_time"))
        return Deletion(
            id=id_text(raw.get("id")),
            by=id_text(by.get("id")) or None if isinstance(by, Mapping) else None,
            at=told - self._client.ahead if told else None,
            in_bin=in_bin,
            mark=str(raw.get("deleted_time") or ""),
        )


def _without(ids: Collection[str], found: Mapping[str, Deletion]) -> list[str]:
    return [one for one in ids if one not in found]
