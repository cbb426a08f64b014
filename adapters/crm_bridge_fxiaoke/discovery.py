"""Which object holds the contracts, and which other objects hang on it: asked of the tenant, never guessed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_bridge.domain.reasons import Reason
from crm_bridge.errors import (
    MalformedAnswerError,
    NotSentError,
    PermissionDeniedError,
    RequestRefusedError,
    UsageError,
)
from crm_bridge.i18n import _
from crm_bridge.spi.ordered_map import ordered_map
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.module.described import Described, DescribedObjects
from crm_bridge_fxiaoke.wire import (
    Envelope,
    FieldMeta,
    ObjectEntry,
    ObjectMeta,
    read_description,
    read_details,
    read_objects,
)

LIST_PATH = "/cgi/crm/v2/object/list"
DESCRIBE_PATH = "/cgi/crm/v2/object/describe"
PRESETS = ("SaleContractObj", "ContractObj")
_SIDE_BY_SIDE = 8
_LOOKS_LIKE = re.compile("合同|contract", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Relation:
    """One object that points at contracts by one field; `detail` rows live and die with their contract."""

    object: ObjectMeta
    field: FieldMeta
    detail: bool


class Discovery:
    """The tenant's metadata, each piece asked for at most once in the adapter's lifetime.

    The contract object and what refers to it are always described anew. Of other objects it is believed for a while
    that they do not refer to contracts; before anything is deleted for good they are asked again.
    """

    def __init__(self, client: Client, kept: DescribedObjects) -> None:
        """Nothing is asked yet; `kept` is what earlier processes were told."""
        self._client = client
        self._kept = kept
        self._lock = threading.RLock()
        self._listed: tuple[ObjectEntry, ...] | None = None
        self._described: dict[str, ObjectMeta] = {}
        self._contract: ObjectMeta | None = None
        self._relations: tuple[Relation, ...] | None = None
        self._believed: Mapping[str, Described] = {}
        self._asked: dict[str, Described] = {}
        self._refused: list[str] = []
        self._late: tuple[str, ...] = ()
        self._details: frozenset[str] = frozenset()

    def objects(self) -> tuple[ObjectEntry, ...]:
        """Return the active objects of the tenant."""
        with self._lock:
            if self._listed is None:
                everything = read_objects(self._client.read(LIST_PATH, None, includeNull=False))
                self._listed = tuple(one for one in everything if one.active)
            return self._listed

    def take(self, other: Discovery) -> None:
        """Take over everything that another one was told."""
        self._listed, self._contract, self._relations = other._listed, other._contract, other._relations
        self._described, self._details, self._refused = other._described, other._details, other._refused
        self._believed, self._asked, self._late = other._believed, other._asked, other._late

    def describe(self, name: str) -> ObjectMeta:
        """Return one object's description."""
        with self._lock:
            if name not in self._described:
                self._described[name] = read_description(self._ask(name), name)
            return self._described[name]

    def _ask(self, name: str, *, details: bool = False) -> Envelope:
        return self._client.read(DESCRIBE_PATH, {"apiName": name}, includeDetail=details)

    def _described_with_details(self, name: str) -> ObjectMeta:
        """Describe a contract object; where that is assumed, the descriptions of its details come in one answer."""
        if not self._client.settings.assumptions.describe_details:
            return self.describe(name)
        envelope = self._ask(name, details=True)
        active = {one.name for one in self.objects()}
        came = {detail: meta for detail, meta in read_details(envelope).items() if detail in active}
        self._details = frozenset(came)
        self._described |= came | {name: read_description(envelope, name)}
        return self._described[name]

    def contract(self) -> ObjectMeta:
        """Return the contract object: the configured one, or the only one that looks like it. Else UsageError."""
        with self._lock:
            if self._contract is None:
                wanted = self._client.settings.object
                self._contract = self._described_with_details(self._named(wanted) if wanted else self._only())
            return self._contract

    def relations(self) -> tuple[Relation, ...]:
        """Return every object that points at the contract object: details first, then lookups."""
        with self._lock:
            if self._relations is None:
                found = list(self._find_relations(self.contract().name))
                self._relations = tuple(sorted(found, key=lambda one: not one.detail))
            return self._relations

    @property
    def described(self) -> int:
        """Return how many objects were asked for their description."""
        return len({*self._described, *self._refused})

    @property
    def undescribed(self) -> tuple[str, ...]:
        """Return the objects whose description was refused: whether they refer to contracts is not known."""
        return tuple(self._refused)

    @property
    def believed(self) -> tuple[int, float]:
        """Return of how many objects an earlier description is believed, and the age of the oldest in seconds."""
        ages = [self._kept.age(one) for one in self._believed.values()]
        return len(ages), max(ages, default=0.0)

    def ask_again(self) -> None:
        """Describe what was believed so far; NotSentError where an object refers to contracts that no backup knew."""
        with self._lock:
            contract = self.contract().name
            self.relations()
            again, self._believed = tuple(self._believed), {}
            came = [meta.name for meta in self._describe_all(again) if meta.refers_to(contract)]
            if again:
                self._keep()
            self._late += tuple(came)
        if self._late:
            raise NotSentError(
                _("{names} refer to contracts since a short time ago; the backups lack their records").format(
                    names=", ".join(self._late)
                ),
                reason=Reason.CHANGED,
                hint=_("plan again and apply that plan, in a new process"),
            )

    def _find_relations(self, contract: str) -> Iterator[Relation]:
        settings = self._client.settings
        only = set(settings.neighbours)
        entries = [
            one
            for one in self.objects()
            if one.name != contract and (not only or one.name in only or self._may_be_detail(one, contract))
        ]
        known = self._kept.load(self._whose, entries)
        self._believed = {
            name: one for name, one in known.items() if contract not in one.targets and name not in self._described
        }
        metas = list(self._describe_all([one.name for one in entries if one.name not in self._believed]))
        self._keep()
        for meta in metas:
            master = meta.master
            if master is not None and master.target == contract:
                yield Relation(meta, master, detail=True)
            if settings.related:
                for lookup in meta.pointing_at(contract):
                    yield Relation(meta, lookup, detail=False)

    @property
    def _whose(self) -> tuple[str, str]:
        return self._client.tenant(), self._client.user

    def _keep(self) -> None:
        self._kept.save(self._whose, {**self._believed, **self._asked})

    def _describe_all(self, names: Sequence[str]) -> Iterator[ObjectMeta]:
        """Yield descriptions in the order of the names; a tenant has hundreds, so they are asked for side by side."""
        missing = [name for name in names if name not in self._described]
        labels = {one.name: one.label for one in self.objects()}
        for name, meta in zip(missing, ordered_map(self._try, missing, threads=_SIDE_BY_SIDE), strict=True):
            if meta is None:
                self._refused.append(name)  # asked again by the next process
            else:
                self._described[name] = meta
                self._asked[name] = self._kept.described(meta, labels[name])
        return (self._described[name] for name in names if name in self._described)

    def _try(self, name: str, *, again: bool = True) -> ObjectMeta | None:
        """Return a description; None for one that is refused, or twice is not one: its rows are in no backup then."""
        try:
            return read_description(self._ask(name), name)
        except (MalformedAnswerError, PermissionDeniedError, RequestRefusedError) as problem:
            return self._try(name, again=False) if again and isinstance(problem, MalformedAnswerError) else None

    def _may_be_detail(self, entry: ObjectEntry, contract: str) -> bool:
        """Return whether an object must be looked at even when the neighbours are named: details are never left out."""
        if self._details:
            return entry.name in self._details
        stem = contract.removesuffix("Obj")
        return entry.custom or (not contract.endswith("__c") and entry.name.startswith(stem))

    def _named(self, name: str) -> str:
        if name not in {one.name for one in self.objects()}:
            raise UsageError(
                _("the tenant has no active object {name}").format(name=name),
                reason="no_such_module",
                hint=_candidates(self._alike()),
            )
        return name

    def _only(self) -> str:
        masters = [one for one in self._alike() if self.describe(one.name).master is None]
        if len(masters) == 1:
            return masters[0].name
        if masters:
            raise UsageError(
                _("several objects may hold the contracts: {names}").format(names=_names(masters)),
                reason="ambiguous_module",
                hint=_('name one in the connection: object = "{name}"').format(name=masters[0].name),
            )
        raise UsageError(
            _("the tenant has no active object that looks like contracts"),
            reason="no_such_module",
            hint=_('name it in the connection: object = "..."; see the api name in the CRM\'s object settings'),
        )

    def _alike(self) -> list[ObjectEntry]:
        def fits(one: ObjectEntry) -> bool:
            return one.name in PRESETS or (one.custom and any(map(_LOOKS_LIKE.search, (one.label, one.name))))

        return [one for one in self.objects() if fits(one)]


def _names(entries: Iterable[ObjectEntry]) -> str:
    return ", ".join(f"{one.name} ({one.label})" for one in entries)


def _candidates(entries: list[ObjectEntry]) -> str:
    if not entries:
        return _("see the api names in the CRM's object settings")
    return _("objects that look like contracts: {names}").format(names=_names(entries))
