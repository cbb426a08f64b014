"""The Zoho adapter: six verbs, each handed to the module that knows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property

from pydantic import BaseModel

from crm_bridge.credentials import Identity
from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Snapshot, Unavailable
from crm_bridge.spi.adapter import (
    Adapter,
    Answer,
    Look,
    Profile,
    Query,
    RelationInfo,
    RemoveOptions,
    Restored,
    RestoreItem,
    Search,
    Sighting,
)
from crm_bridge.spi.later import Later
from crm_bridge.spi.spec import Tools
from crm_bridge_zoho.account import Org, User, read_org, read_user
from crm_bridge_zoho.auth import Tokens
from crm_bridge_zoho.bins import Bins
from crm_bridge_zoho.by_id import ById
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.coql import Coql
from crm_bridge_zoho.deletions import count_bin, list_deletions, list_others
from crm_bridge_zoho.editions import concurrency_of
from crm_bridge_zoho.finder import Finder
from crm_bridge_zoho.leaves import count_leaves
from crm_bridge_zoho.locator import Locator
from crm_bridge_zoho.profile import profile_of, relations_of
from crm_bridge_zoho.recreate import Recreator
from crm_bridge_zoho.remover import Remover
from crm_bridge_zoho.settings import ZohoSettings, origins
from crm_bridge_zoho.snapshotter import Snapshotter
from crm_bridge_zoho.untrash import Untrasher
from crm_bridge_zoho.workspace import Workspace, open_workspace


class ZohoAdapter:
    """One signed-in connection to one contract module. Thread-safe; nothing is sent before the first verb."""

    def __init__(self, settings: ZohoSettings, tools: Tools, client: ZohoClient) -> None:
        """Use a client whose transport is limited to the connection's origins."""
        self._settings = settings
        self._tools = tools
        self._client = client
        self._coql = Coql(client, settings.coql_limit)
        self._by_id = ById(client, self._coql, in_list=settings.coql_in_list, groups=settings.coql_groups)
        self._lock = threading.RLock()
        self._opened: Workspace | None = None
        self._account: tuple[User, Org] | None = None
        client.tokens.identify = self._identify

    def _identify(self) -> Identity:
        """Ask Zoho whose token is in use. The first answer is what the workspace is opened with."""
        user, org = read_user(self._client), read_org(self._client)
        self._account = self._account or (user, org)
        return Identity(org.id, user.id)

    @property
    def workspace(self) -> Workspace:
        """Return what is known about the module; read at the first use."""
        with self._lock:
            if self._opened is None:
                self._client.ready()
                assert self._account is not None, "the first token was asked about"
                self._opened = open_workspace(self._client, self._settings, *self._account, noise=self._tools.noise)
            return self._opened

    def whoami(self) -> Profile:
        """Sign in and say who, where, and what this user may do."""
        workspace = self.workspace
        allowed = concurrency_of(self._settings.edition or workspace.org.edition)
        return profile_of(
            workspace,
            self._settings,
            relations=self._relations,
            trash_batch=self._remover.batch,
            in_flight=self._client.cap(allowed),
            credits_left=self._client.credits_left,
        )

    def find(self, query: Query) -> Search:
        """Start a listing."""
        if query.deleted_since is not None:
            if query.count_only:
                return count_bin(self._bins)
            if query.besides is not None:
                return list_others(self._bins, self.workspace.name, query.deleted_since, walked=bool(query.besides))
            return list_deletions(self._bins, self.workspace.name, query.deleted_since)
        if query.leaves_of is not None:
            listed = self._settings.coql_in_list
            return count_leaves(self._coql, self.workspace, self._relations, query.leaves_of, in_list=listed)
        missing_is_empty = self._settings.missing_fields == "empty"
        finder = Finder(self._client, self._coql, self._by_id, self.workspace, missing_is_empty=missing_is_empty)
        return finder.find(query)

    def snapshot(self, refs: Sequence[ContractRef], *, final: bool = False) -> Iterator[Snapshot | Unavailable]:  # noqa: ARG002
        """Copy contracts with everything around them: no further call would show more."""
        return self._snapshotter.take(refs)

    def prepare(self, act: Step | Route, count: int, *, options: RemoveOptions) -> int:  # noqa: ARG002
        """Have a token at hand. Zoho counts calls in flight and credits, so there is no room to wait for."""
        self._client.ready()
        return count

    def remove(self, step: Step, refs: Sequence[ContractRef], *, options: RemoveOptions) -> Sequence[Answer]:
        """Send one call for one step of one batch, once."""
        return self._remover.remove(step, refs, options)

    def locate(self, refs: Sequence[ContractRef], *, look: Look, since: datetime | None = None) -> Sighting:
        """Say where each record is now."""
        return self._locator.locate(refs, look, since)

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Restore from the bin, or re-create from snapshots."""
        if route is Route.UNTRASH:
            return self._untrasher.restore(items)
        return self._recreator.recreate(items)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    @cached_property
    def _relations(self) -> Sequence[RelationInfo]:
        return Later(lambda: relations_of(self._client, self.workspace))

    @cached_property
    def _remover(self) -> Remover:
        return Remover(self._client, self._tools.clock, self.workspace.name, batch=self._settings.delete_batch)

    @cached_property
    def _snapshotter(self) -> Snapshotter:
        in_list = self._settings.coql_in_list
        return Snapshotter(self._client, self._coql, self._by_id, self.workspace, in_list=in_list)

    @cached_property
    def _bins(self) -> Bins:
        return Bins(self._client, self.workspace.name)

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self._coql, self._by_id, self._bins, self.workspace, in_list=self._settings.coql_in_list)

    @cached_property
    def _untrasher(self) -> Untrasher:
        return Untrasher(
            self._client,
            self._tools.clock,
            lambda refs: self.locate(refs, look=Look.LIVE),
            settle_seconds=self._settings.bin_settle_seconds,
        )

    @cached_property
    def _recreator(self) -> Recreator:
        return Recreator(
            self._client, self._coql, self._by_id, self.workspace, marker_field=self._settings.marker_field
        )


def connect(settings: BaseModel, tools: Tools) -> Adapter:
    """Make an adapter; nothing is sent yet."""
    if not isinstance(settings, ZohoSettings):
        raise TypeError("not the settings of a Zoho connection")
    allowed = origins(settings)
    transport = tools.transport(allowed)
    tokens = Tokens(
        transport=transport,
        accounts=settings.accounts_origin,
        api=settings.api_origin,
        allowed=allowed,
        connection=tools.connection,
        secrets=tools.secrets,
        folder=tools.state_dir / "tokens",
        clock=tools.clock,
    )
    return ZohoAdapter(settings, tools, ZohoClient(transport, tokens, tools.clock))
