"""A listing that is not whole is no plan: rows that are missing or double, pages that end early or never."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from crm_bridge.errors import CrmBridgeError, GuardError, MalformedAnswerError
from crm_bridge.spi.emulator import WireRequest, WireResponse
from tests.faults.conftest import ADAPTERS, Known
from tests.faults.rig import CONTRACTS, Rig

LISTING = {"fxiaoke": "data/query", "zoho": "/coql"}


def planned(rig: Rig) -> Sequence[str] | CrmBridgeError:
    """Plan everything; return the ids of the plan, or what stopped it."""
    try:
        with rig.bridge() as bridge:
            return [contract.id for contract in bridge.connect(rig.name).plan("everything")]
    except CrmBridgeError as error:
        return error


Rows = list[Any]


def rows_of(answer: dict[str, Any]) -> Rows:
    """Return the rows of an answer."""
    rows: Rows = answer["data"] if isinstance(answer["data"], list) else answer["data"]["dataList"]
    return rows


def rewritten(rig: Rig, change: Callable[[dict[str, Any], Rows], None]) -> list[str]:
    """Let `change` spoil every page that holds more than one row; returns a list that grows with each of them."""
    inner, done = rig.emulator, list[str]()

    class Rewriting:
        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

        def handle(self, request: WireRequest) -> WireResponse:
            answer = inner.handle(request)
            if LISTING[rig.adapter] not in request.path or answer.status != 200:
                return answer
            page = json.loads(answer.body)
            if len(rows_of(page)) < 2:
                return answer
            change(page, rows_of(page))
            done.append(request.path)
            return WireResponse(answer.status, answer.headers, json.dumps(page).encode())

    rig.server.mount(Rewriting())
    return done


def says_more(page: dict[str, Any], _rows: Rows) -> None:
    """Claim that there is another page, or ten rows more, for ever."""
    if "info" in page:
        page["info"]["more_records"] = True
    else:
        page["data"]["total"] += 10


def leaves_out(page: dict[str, Any], rows: Rows) -> None:
    """Leave a row out, and say so in the number of rows."""
    del rows[len(rows) // 2]
    if "info" in page:
        page["info"]["count"] -= 1


def leaves_out_the_last(page: dict[str, Any], rows: Rows) -> None:
    """Leave the last row out: where the next page would begin."""
    del rows[-1]
    if "info" in page:
        page["info"]["count"] -= 1


def repeats(_page: dict[str, Any], rows: Rows) -> None:
    """Give the first row in place of the one in the middle: the number of rows is right."""
    rows[len(rows) // 2] = rows[0]


def repeats_the_last(_page: dict[str, Any], rows: Rows) -> None:
    """Give the first row in place of the last."""
    rows[-1] = rows[0]


@pytest.mark.parametrize("change", [says_more, leaves_out, leaves_out_the_last, repeats, repeats_the_last])
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_listing_that_is_not_whole_is_refused_or_made_whole(
    known: Mapping[str, Known], adapter: str, change: Callable[[dict[str, Any], Rows], None]
) -> None:
    rig = known[adapter].rig
    rig.fresh()
    done = rewritten(rig, change)
    found = planned(rig)
    assert done
    if isinstance(found, CrmBridgeError):
        assert (found.exit_code, type(found)) in ((4, GuardError), (1, MalformedAnswerError)), found
        assert not list((rig.home / "plans").glob("*.plan"))
    else:
        assert sorted(found) == sorted(rig.contracts())


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_without_a_fault_everything_is_planned(known: Mapping[str, Known], adapter: str) -> None:
    rig = known[adapter].rig
    rig.fresh()
    found = planned(rig)
    assert not isinstance(found, CrmBridgeError)
    assert len(found) == CONTRACTS
