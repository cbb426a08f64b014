"""The adapter: six verbs, each handed to the module that knows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import BaseModel

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Snapshot, Unavailable
from crm_bridge.spi.adapter import (
    LookDepth,
    Observation,
    Profile,
    Query,
    RemoveOptions,
    RemoveResult,
    Restored,
    RestoreItem,
    Search,
)
from crm_bridge.spi.spec import AdapterContext
from crm_bridge_fxiaoke.capabilities import LIMITS
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.discovery import Discovery
from crm_bridge_fxiaoke.finder import Finder
from crm_bridge_fxiaoke.leaves import count_leaves
from crm_bridge_fxiaoke.locator import Locator
from crm_bridge_fxiaoke.mapping import FieldMap, Mapper, map_fields, require_field
from crm_bridge_fxiaoke.module.approvals import Approvals
from crm_bridge_fxiaoke.module.customers import Customers
from crm_bridge_fxiaoke.module.described import DescribedObjects
from crm_bridge_fxiaoke.module.people import Person, acting_user
from crm_bridge_fxiaoke.profile import make_profile
from crm_bridge_fxiaoke.reading.deletions import count_voided, list_voided
from crm_bridge_fxiaoke.reading.files import Files
from crm_bridge_fxiaoke.reading.live_details import LiveDetails
from crm_bridge_fxiaoke.reading.recent_writes import RecentWrites
from crm_bridge_fxiaoke.reading.records import Records
from crm_bridge_fxiaoke.remover import Remover
from crm_bridge_fxiaoke.restorer import Restorer
from crm_bridge_fxiaoke.settings import FxiaokeSettings
from crm_bridge_fxiaoke.snapshotter import Snapshotter


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is known once somebody is signed in and the contract object is found."""

    person: Person
    fields: FieldMap
    finder: Finder
    locator: Locator
    remover: Remover


class FxiaokeAdapter:
    """One connection to one 纷享销客 tenant, in the name of one employee."""

    def __init__(self, settings: FxiaokeSettings, context: AdapterContext) -> None:
        """Nothing is sent before the first verb."""
        self._settings = settings
        self._context = context
        self.client = Client(
            transport=context.transport((settings.address,)), settings=settings, context=context, who=self._who
        )
        self._person: Person | None = None
        self.records = Records(self.client)
        kept = DescribedObjects(
            context.state_dir / "metadata",
            context.connection,
            lambda: [*self.client.auth.credentials().values(), settings.auth, settings.address],
            clock=context.clock,
            most_age=timedelta(hours=settings.metadata_hours),
        )
        self.discovery = Discovery(self.client, kept)
        self._recent_writes = RecentWrites(context.clock, settings.assumptions.index_lag)
        self._lock = threading.RLock()
        self._made: _Parts | None = None
        self._snapshotter_made: Snapshotter | None = None
        self._profile: Profile | None = None

    def _who(self, client: Client) -> str:
        """Ask for the acting user; the first answer is the one that the parts are made for."""
        person = acting_user(client, self._context.secrets)
        self._person = self._person or person
        return person.id

    def whoami(self) -> Profile:
        """Sign in and say who, where, and what hangs on contracts here."""
        with self._lock:
            if self._profile is None:
                parts = self._parts()
                self._profile = make_profile(
                    settings=self._settings,
                    person=parts.person,
                    tenant=self.client.tenant(),
                    fields=parts.fields,
                    discovery=self.discovery,
                )
            return self._profile

    def find(self, query: Query) -> Search:
        """Start a listing."""
        parts = self._parts()
        if query.leaves_of is not None:
            relations = self.discovery.relations()
            self._recent_writes.settle(query.leaves_of)
            return count_leaves(self.records, parts.fields.object, relations, query.leaves_of)
        if query.deleted_since is None:
            return parts.finder.find(query)
        assumed, name = self._settings.assumptions, parts.fields.object.name
        if query.count_only:
            return count_voided(self.records, name)
        return list_voided(
            self.records,
            name,
            query.deleted_since,
            user=parts.person.id,
            assumed=assumed,
            ahead=self.client.ahead,
            besides=query.besides,
        )

    def snapshot(self, refs: Sequence[ContractRef], *, final: bool = False) -> Iterator[Snapshot | Unavailable]:
        """Copy contracts with everything around them; `final` also counts the details by one more call each."""
        return self._snapshotter().snapshot(refs, final=final)

    def prepare(self, act: Step | Route, count: int, *, options: RemoveOptions) -> int:
        """Have a token at hand, and room in the window of the interface that the step is sent to.

        Before a deletion for good it is known of every object, as of now, whether it refers to contracts.
        """
        parts = self._parts()
        if act is Step.PURGE:
            self.discovery.ask_again()
        self.client.ready()
        return parts.remover.prepare(act, count, options) if isinstance(act, Step) else count

    def remove(self, step: Step, refs: Sequence[ContractRef], *, options: RemoveOptions) -> Sequence[RemoveResult]:
        """Do one step for one batch; every id is sent once."""
        return self._parts().remover.remove(step, refs, options)

    def locate(self, refs: Sequence[ContractRef], *, look: LookDepth, since: datetime | None = None) -> Observation:  # noqa: ARG002
        """Return where each record is now. There is no list of deletions here, so `since` does not matter."""
        return self._parts().locator.locate(refs, look)

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Recover from the bin, or create again from snapshots."""
        parts = self._parts()
        restorer = Restorer(
            client=self.client,
            records=self.records,
            discovery=self.discovery,
            mapper=Mapper(parts.fields, lambda _id: None),
            recent_writes=self._recent_writes,
        )
        return restorer.bring_back(route, items)

    def close(self) -> None:
        """Let go of connections."""
        self.client.close()

    @property
    def fields(self) -> FieldMap:
        """Return the contract object's fields with what each is taken for; signs in."""
        return self._parts().fields

    def again(self, settings: BaseModel) -> FxiaokeAdapter:
        """Return an adapter with other settings that knows what this one found out."""
        assert isinstance(settings, FxiaokeSettings), "made by this adapter's own settings model"
        made = FxiaokeAdapter(settings, self._context)
        made._person, made.client.auth, made.client.user = self._person, self.client.auth, self.client.user
        made.discovery.take(self.discovery)
        return made

    def _parts(self) -> _Parts:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> _Parts:
        self.client.ready()
        person = self._person
        assert person is not None, "the first token was asked about"
        self.client.user = person.id
        guessing = self._settings.assumptions.field_names == "recognised"
        fields = map_fields(self.discovery.contract(), self._settings.fields, recognise=guessing)
        fields = replace(fields, noise=self._context.noise)
        if self._settings.marker_field:
            require_field(fields.object, self._settings.marker_field, meaning="marker_field")
        customer = fields.field("customer")
        customers = Customers(self.records, customer.target if customer and customer.target else "AccountObj")
        mapper = Mapper(fields, customers.name)
        assumed = self._settings.assumptions
        live_details = LiveDetails(self.records, self.discovery)
        return _Parts(
            person=person,
            fields=fields,
            finder=Finder(
                records=self.records,
                mapper=mapper,
                customers=customers,
                assumed=assumed,
                missing_is_empty=self._settings.missing_fields == "empty",
            ),
            locator=Locator(
                records=self.records,
                mapper=mapper,
                approvals=Approvals(self.client),
                assumptions=assumed,
                recent_writes=self._recent_writes,
                user=person.id,
                ahead=lambda: self.client.ahead,
                live_details=live_details if assumed.verify_details else None,
            ),
            remover=Remover(
                client=self.client,
                records=self.records,
                object_name=fields.object.name,
                recent_writes=self._recent_writes,
                in_flight=LIMITS.calls_in_flight,
                live_details=live_details if assumed.cascade == "refuse_delete" else None,
            ),
        )

    def _snapshotter(self) -> Snapshotter:
        with self._lock:
            if self._snapshotter_made is None:
                parts = self._parts()
                self._snapshotter_made = Snapshotter(
                    records=self.records,
                    mapper=Mapper(parts.fields, lambda _id: None),
                    relations=self.discovery.relations(),
                    undescribed=self.discovery.undescribed,
                    files=Files(self.client),
                    assumed=self._settings.assumptions,
                )
            return self._snapshotter_made
