"""The six verbs one after the other, over the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import Contract
from crm_bridge.domain.filters.tree import Compare, FieldRef, Op
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.spi.adapter import LookDepth, Place, Query, RemoveOptions, RestoreItem, Verdict
from crm_bridge_zoho.adapter import ZohoAdapter

EXPIRED = Query(where=Compare(FieldRef("status"), Op.EQ, "Expired"))


def found(adapter: ZohoAdapter, query: Query) -> list[Contract]:
    return [contract for page in adapter.find(query).pages for contract in page.contracts]


def test_deleted_contracts_come_back_from_the_bin_under_the_same_id_and_unchanged(zoho: Any) -> None:
    adapter = zoho.connect()
    contracts = found(adapter, EXPIRED)[:5]
    refs = [contract.ref for contract in contracts]

    answers = adapter.remove(Step.TRASH, refs, options=RemoveOptions())
    assert [answer.verdict for answer in answers] == [Verdict.DONE] * 5
    seen = adapter.locate(refs, look=LookDepth.EVERYWHERE, since=zoho.clock.now())
    assert {place.place for place in seen.places.values()} == {Place.IN_BIN}
    assert seen.control not in {ref.id for ref in refs}

    restored = adapter.bring_back(Route.UNTRASH, [RestoreItem(ref, "mark") for ref in refs])
    assert [one.verdict for one in restored] == [Verdict.DONE] * 5
    again = adapter.locate(refs, look=LookDepth.LIVE)
    assert [again.places[ref.id].digest for ref in refs] == [contract.digest for contract in contracts]


def test_find_snapshot_and_gate_compute_the_same_digest(zoho: Any) -> None:
    adapter = zoho.connect()
    contracts = found(adapter, EXPIRED)
    refs = [contract.ref for contract in contracts]
    copies = [copy for copy in adapter.snapshot(refs) if isinstance(copy, Snapshot)]
    gate = adapter.locate(refs, look=LookDepth.LIVE)
    expected = [contract.digest for contract in contracts]
    assert [copy.digest for copy in copies] == expected
    assert [gate.places[ref.id].digest for ref in refs] == expected


def test_an_edit_by_somebody_else_changes_the_digest(zoho: Any) -> None:
    adapter = zoho.connect()
    contract = found(adapter, EXPIRED)[0]
    zoho.control("edit", id=contract.id, field="Name", value="x")
    assert adapter.locate([contract.ref], look=LookDepth.LIVE).places[contract.id].digest != contract.digest


def test_a_thousand_plain_contracts_take_at_most_forty_calls_from_sign_in_to_verified(
    make_zoho: Callable[..., Any],
) -> None:
    zoho = make_zoho(count=1100, plain=True)
    adapter = zoho.connect()
    adapter.whoami()
    contracts = found(adapter, Query())[:1000]
    refs = [contract.ref for contract in contracts]
    assert len(list(adapter.snapshot(refs))) == 1000
    for at in range(0, 1000, 100):
        batch = refs[at : at + 100]
        assert len(adapter.locate(batch, look=LookDepth.LIVE).places) == 100
        assert all(a.verdict is Verdict.DONE for a in adapter.remove(Step.TRASH, batch, options=RemoveOptions()))
    seen = adapter.locate(refs, look=LookDepth.EVERYWHERE, since=zoho.clock.now())
    assert {place.place for place in seen.places.values()} == {Place.IN_BIN}
    assert len(zoho.calls()) <= 40
