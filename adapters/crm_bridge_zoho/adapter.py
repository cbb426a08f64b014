"""The Zoho adapter: six verbs, each handed to the module that knows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from crm_bridge.credentials import Identity
from crm_bridge.domain.capabilities import Limits, Route, Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.cost import CallCost
from crm_bridge.domain.snapshot import Snapshot, Unavailable
from crm_bridge.spi.adapter import (
    Adapter,
    LookDepth,
    Observation,
    Profile,
    Query,
    RelationInfo,
    RemoveOptions,
    RemoveResult,
    Restored,
    RestoreItem,
    Search,
)
from crm_bridge.spi.later import Later
from crm_bridge.spi.spec import AdapterContext
from crm_bridge_zoho.auth import Tokens
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.costs import costs_of
from crm_bridge_zoho.finder import Finder
from crm_bridge_zoho.leaves import count_leaves
from crm_bridge_zoho.locator import Locator
from crm_bridge_zoho.module.account import Org, User, read_org, read_user
from crm_bridge_zoho.module.contract_module import ContractModule, open_contract_module
from crm_bridge_zoho.module.editions import concurrency_of
from crm_bridge_zoho.profile import limits_of, profile_of, relations_of
from crm_bridge_zoho.reading.bins import Bins
from crm_bridge_zoho.reading.coql import Coql
from crm_bridge_zoho.reading.deletions import count_bin, list_deletions, list_others
from crm_bridge_zoho.reading.read_by_id import ById
from crm_bridge_zoho.remover import Remover
from crm_bridge_zoho.restorer import Restorer
from crm_bridge_zoho.restoring.recreator import Recreator
from crm_bridge_zoho.settings import ZohoSettings, origins
from crm_bridge_zoho.snapshotter import Snapshotter

if TYPE_CHECKING:
    from crm_bridge_zoho.proofs.ours import OwnProofs
    from crm_bridge_zoho.proofs.reading import ReadingProofs


class ZohoAdapter:
    """One signed-in connection to one contract module. Thread-safe; nothing is sent before the first verb."""

    def __init__(self, settings: ZohoSettings, context: AdapterContext, client: ZohoClient) -> None:
        """Use a client whose transport is limited to the connection's origins."""
        self._settings = settings
        self._context = context
        self.client = client
        self.coql = Coql(client, settings.coql_limit)
        self._by_id = ById(client, self.coql, in_list=settings.coql_in_list, groups=settings.coql_groups)
        self._lock = threading.RLock()
        self._opened: ContractModule | None = None
        self._account: tuple[User, Org] | None = None
        client.tokens.identify = self._identify

    def _identify(self) -> Identity:
        """Ask Zoho whose token is in use. The first answer opens the contract module."""
        user, org = read_user(self.client), read_org(self.client)
        self._account = self._account or (user, org)
        return Identity(org.id, user.id)

    @property
    def contract_module(self) -> ContractModule:
        """Return what is known about the module; read at the first use."""
        with self._lock:
            if self._opened is None:
                self.client.ready()
                assert self._account is not None, "the first token was asked about"
                self._opened = open_contract_module(
                    self.client, self._settings, *self._account, noise=self._context.noise
                )
            return self._opened

    def whoami(self) -> Profile:
        """Sign in and say who, where, and what this user may do."""
        return profile_of(
            self.contract_module,
            self._settings,
            relations=self._relations,
            costs=self._costs,
            limits=self._limits,
            credits_left=self.client.credits_left,
        )

    def find(self, query: Query) -> Search:
        """Start a listing."""
        if query.deleted_since is not None:
            if query.count_only:
                return count_bin(self._bins)
            if query.besides is not None:
                return list_others(
                    self._bins, self.contract_module.name, query.deleted_since, walked=bool(query.besides)
                )
            return list_deletions(self._bins, self.contract_module.name, query.deleted_since)
        if query.leaves_of is not None:
            listed = self._settings.coql_in_list
            return count_leaves(self.coql, self.contract_module, self._relations, query.leaves_of, in_list=listed)
        missing_is_empty = self._settings.missing_fields == "empty"
        finder = Finder(self.client, self.coql, self._by_id, self.contract_module, missing_is_empty=missing_is_empty)
        return finder.find(query)

    def snapshot(self, refs: Sequence[ContractRef], *, final: bool = False) -> Iterator[Snapshot | Unavailable]:  # noqa: ARG002
        """Copy contracts with everything around them: no further call would show more."""
        return self._snapshotter.take(refs)

    def prepare(self, act: Step | Route, count: int, *, options: RemoveOptions) -> int:  # noqa: ARG002
        """Have a token at hand. Zoho counts calls in flight and credits, so there is no room to wait for."""
        self.client.ready()
        return count

    def remove(self, step: Step, refs: Sequence[ContractRef], *, options: RemoveOptions) -> Sequence[RemoveResult]:
        """Send one call for one step of one batch, once."""
        return self._remover.remove(step, refs, options)

    def locate(self, refs: Sequence[ContractRef], *, look: LookDepth, since: datetime | None = None) -> Observation:
        """Return where each record is now."""
        return self._locator.locate(refs, look, since)

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Restore from the bin, or re-create from snapshots."""
        return self._restorer.bring_back(route, items)

    def close(self) -> None:
        """Let go of connections."""
        self.client.close()

    def again(self, settings: BaseModel) -> ZohoAdapter:
        """Return an adapter with other settings that knows what this one found out."""
        assert isinstance(settings, ZohoSettings), "made by this adapter's own settings model"
        made = ZohoAdapter(settings, self._context, self.client)
        made._account, made._opened = self._account, self._opened
        made._remover.purges_by_ids = self._remover.purges_by_ids
        return made

    def reading_proofs(self) -> ReadingProofs:
        """Return the questions about this org that need no contracts of our own."""
        from crm_bridge_zoho.proofs.reading import ReadingProofs

        return ReadingProofs(self.client, self.coql, self.contract_module, groups=self._settings.coql_groups)

    def own_proofs(self, before: dict[str, dict[str, Any]]) -> OwnProofs:
        """Return the questions to contracts of our own; `before` keeps how they were."""
        from crm_bridge_zoho.proofs.ours import OwnProofs

        return OwnProofs(
            self.client, self.coql, self._bins, self._remover, self.contract_module, self._context.clock, before
        )

    @property
    def _limits(self) -> Limits:
        allowed = concurrency_of(self._settings.edition or self.contract_module.org.edition)
        return limits_of(self._settings, self._remover.batch, self.client.cap(allowed))

    @cached_property
    def _costs(self) -> Sequence[CallCost]:
        return Later(lambda: costs_of(self.contract_module, self._limits, self._snapshotter.queried()))

    @cached_property
    def _relations(self) -> Sequence[RelationInfo]:
        return Later(lambda: relations_of(self.client, self.contract_module))

    @cached_property
    def _remover(self) -> Remover:
        return Remover(self.client, self._context.clock, self.contract_module.name, batch=self._settings.delete_batch)

    @cached_property
    def _snapshotter(self) -> Snapshotter:
        in_list = self._settings.coql_in_list
        return Snapshotter(self.client, self.coql, self._by_id, self.contract_module, in_list=in_list)

    @cached_property
    def _bins(self) -> Bins:
        return Bins(self.client, self.contract_module.name)

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self.coql, self._by_id, self._bins, self.contract_module, in_list=self._settings.coql_in_list)

    @cached_property
    def _restorer(self) -> Restorer:
        marker = self._settings.marker_field
        return Restorer(
            self.client,
            self._context.clock,
            Recreator(self.client, self.coql, self._by_id, self.contract_module, marker_field=marker),
            lambda refs: self.locate(refs, look=LookDepth.LIVE),
            settle_seconds=self._settings.bin_settle_seconds,
        )


def connect(settings: BaseModel, context: AdapterContext) -> Adapter:
    """Make an adapter; nothing is sent yet."""
    if not isinstance(settings, ZohoSettings):
        raise TypeError("not the settings of a Zoho connection")
    allowed = origins(settings)
    transport = context.transport(allowed)
    tokens = Tokens(
        transport=transport,
        accounts=settings.accounts_origin,
        api=settings.api_origin,
        allowed=allowed,
        connection=context.connection,
        secrets=context.secrets,
        folder=context.state_dir / "tokens",
        clock=context.clock,
    )
    return ZohoAdapter(settings, context, ZohoClient(transport, tokens, context.clock))
