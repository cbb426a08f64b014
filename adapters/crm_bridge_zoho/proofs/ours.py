"""Questions to contracts of our own: what a query finds of them, and what their way into the bin and out changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from crm_bridge.clock import Clock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.facts import Observed
from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import N_
from crm_bridge.spi.proving import ProvingStage
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.module.contract_module import ContractModule
from crm_bridge_zoho.proofs.drafts import padded_field
from crm_bridge_zoho.proofs.wire import NOBODY, REFUSED, Wire
from crm_bridge_zoho.reading.bins import Bins
from crm_bridge_zoho.reading.coql import Coql, Select, column, text
from crm_bridge_zoho.remover import Remover
from crm_bridge_zoho.removing.outcomes import answers_of
from crm_bridge_zoho.wire import list_of

_LOOKS = (0, 28)
"""Seconds before each look of a search for a new record."""
_APART = 2
"""Seconds between a look and the change that follows it: Zoho keeps times in whole ones."""
_NO_PADDED = N_("no optional text of the contracts could be given a blank at its end")
_NOT_KNOWN = N_("the record was not looked at before it was deleted")
_NOT_LISTED = N_("the bin does not show the record to this user")
Question = Callable[[Sequence[ContractRef]], Iterator[Observed]]
_GET = "GET /crm/v8/{module}/{id}"


class OwnProofs:
    """The questions of the writing part, by stage."""

    def __init__(
        self,
        client: ZohoClient,
        coql: Coql,
        bins: Bins,
        remover: Remover,
        contract_module: ContractModule,
        clock: Clock,
        before: dict[str, dict[str, Any]],
    ) -> None:
        """`before` keeps records of our own as they were while they were live."""
        self._client = client
        self._bins = bins
        self._remover = remover
        self._module = contract_module
        self._clock = clock
        self._before = before
        self._wire = Wire(coql)

    def questions(self, stage: ProvingStage) -> tuple[Question, ...]:
        """Return the questions of a stage."""
        return {
            ProvingStage.RIGHTS: (self._rights,),
            ProvingStage.CREATED: (self._texts, self._search),
            ProvingStage.TRASHED: (self._deleter,),
            ProvingStage.RESTORED: (self._times,),
            ProvingStage.PURGED: (self._purge,),
        }.get(stage, ())

    def _rights(self, _refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """Z-13, and whether deleting is denied: asked with an id that nobody has."""
        route, path = "DELETE /crm/v8/{module}", f"/crm/v8/{self._module.name}"
        params = {"ids": NOBODY, "wf_trigger": "false"}
        answer = self._client.destroy("DELETE", path, route, guard=lambda: None, params=params)
        ref = ContractRef(self._module.name, NOBODY)
        (told,) = answers_of([ref], answer, "data")
        self._wire.note(route, answer.status, told.code)
        denied = told.reason in (Reason.PERMISSION, Reason.SCOPE, Reason.NOT_SUPPORTED)
        yield self._wire.saw("right:trash", "denied" if denied else "not denied")
        if told.reason is Reason.NOT_FOUND:
            yield self._wire.saw("Z-13", str(answer.status))
        else:
            yield self._wire.missed("Z-13", REFUSED)

    def _texts(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """Z-08, Z-06: a text with a blank at its end, and a query for a title in capitals."""
        record = self._get(refs[0].id)
        if record is None:
            return
        self._before[refs[0].id] = record
        padded = padded_field(self._module)
        value = record.get(padded.api_name) if padded else None
        if isinstance(value, str):
            yield self._wire.saw("Z-08", "kept" if value != value.strip() else "cut off")
        else:
            yield self._wire.missed("Z-08", _NO_PADDED)
        title = self._module.meanings.get("title", "")
        told = str(record.get(title) or "")
        if told.upper() == told:
            yield self._wire.missed("Z-06", REFUSED)
        else:
            select = Select(self._module.name, ("id",), f"{column(title)} = {text(told.upper())}")
            found = list_of(self._wire.query(select, 1).answer, "data")
            yield self._wire.saw("Z-06", "without case" if found else "with case")
        self._clock.sleep(_APART)

    def _search(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """Z-10: seconds until a search knows of a record that was created a moment ago."""
        title = self._module.meanings.get("title", "")
        told = str((self._before.get(refs[-1].id) or {}).get(title) or "")
        if not told:
            yield self._wire.missed("Z-10", REFUSED)
            return
        route, path, waited = "GET /crm/v8/{module}/search", f"/crm/v8/{self._module.name}/search", _APART
        params = {"criteria": f"({title}:equals:{told})", "fields": "id"}
        for seconds in _LOOKS:
            self._clock.sleep(seconds)
            waited += seconds
            answer = self._wire.ask(route, lambda: self._client.read(path, route, params=params)).answer
            if list_of(answer, "data"):
                yield self._wire.saw("Z-10", f"at most {waited} s")
                return
        yield self._wire.saw("Z-10", f"more than {waited} s")

    def _deleter(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """Z-15: whom the bin names."""
        seen = self._bins.seen.get(refs[0].id)
        self._wire.note("GET /crm/v8/settings/recycle_bin", 200 if seen else None, "")
        if seen is None:
            yield self._wire.missed("Z-15", _NOT_LISTED)
            return
        by = seen.by
        yield self._wire.saw("Z-15", "this user" if by == self._module.user.id else "another" if by else "nobody")

    def _times(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """Z-16: what a restore does to the time of the last change."""
        record, before = self._get(refs[0].id), self._before.get(refs[0].id)
        if record is None or before is None:
            yield self._wire.missed("Z-16", _NOT_KNOWN)
            return
        moved = record.get("Modified_Time") != before.get("Modified_Time")
        yield self._wire.saw("Z-16", "moves it" if moved else "leaves it")

    def _purge(self, _refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """Z-17: in which form the bin let go of records."""
        route = "DELETE /crm/v8/settings/recycle_bin"
        by_ids = self._remover.purges_by_ids
        self._wire.note(route if by_ids else f"{route}/{{id}}", 200, "")
        yield self._wire.saw("Z-17", "by ids" if by_ids else "one by one")

    def _get(self, record_id: str) -> dict[str, Any] | None:
        path = f"/crm/v8/{self._module.name}/{record_id}"
        rows = list_of(self._wire.ask(_GET, lambda: self._client.read(path, _GET)).answer, "data")
        return dict(rows[0]) if rows else None
