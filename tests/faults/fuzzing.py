"""Answers that are almost right: one change in the structure of one answer, and what every verb makes of it."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.filters.tree import Everything
from crm_bridge.domain.snapshot import Snapshot, Unavailable
from crm_bridge.errors import CrmBridgeError
from crm_bridge.registry import load_adapter
from crm_bridge.spi.adapter import Adapter, LookDepth, Place, Query, RemoveOptions, RestoreItem, Verdict
from crm_bridge.spi.emulator import Emulator, WireRequest, WireResponse
from crm_bridge.spi.spec import AdapterContext
from crm_bridge.testing.bench import KnownSecrets
from crm_bridge.testing.mount import mounted
from crm_bridge.transport import Budget

VERBS = ("whoami", "find", "snapshot", "gate", "remove", "verify", "purge", "bin", "restore")
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 10**30, 1.5, "", "0", "x", "null", "\x00\u202e", "SUCCESS", "success", "normal",
    "2026-13-45T99:99:99Z", [], {}, [[]], [None], [{}], {"id": None}, {"id": 1}, {"code": "SUCCESS"}, "9" * 400,
)  # fmt: skip
WHOLE = (
    b"", b"null", b"[]", b"{}", b"0", b'"ok"', b"[[[[", b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"a":1,"a":2}', b'{"a":NaN}',
    b'{"data":[]}', b'{"errorCode":0}', b'{"errorCode":0,"data":{"dataList":[]}}', b"<html>", b"[" * 70 + b"]" * 70,
)  # fmt: skip
STATUSES = (200, 201, 202, 204, 206, 207, 304, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: which answer of the verb, which node of it (by a number that wraps around), what is done there."""

    answer: int
    node: int
    kind: str
    junk: int = 0


KINDS = (
    "replace", "replace", "replace", "drop", "drop", "double", "swap", "rename", "wrap", "other_id", "empty_list",
    "cut", "whole", "status", "content_type", "repeat_key", "nan", "append",
)  # fmt: skip
CHANGES = st.builds(
    Change,
    answer=st.integers(0, 5),
    node=st.integers(0, 400),
    kind=st.sampled_from(KINDS),
    junk=st.integers(0, 60),
)


def changed(answer: WireResponse, change: Change, ids: Sequence[str]) -> WireResponse:
    """Return the answer with the change; what is not JSON is changed as bytes."""
    if change.kind == "status":
        return replace(answer, status=STATUSES[change.junk % len(STATUSES)])
    if change.kind == "content_type":
        return replace(answer, headers=(("Content-Type", ("text/html", "", "text/plain")[change.junk % 3]),))
    if change.kind == "whole":
        return replace(answer, body=WHOLE[change.junk % len(WHOLE)])
    if change.kind == "cut":
        return replace(answer, body=answer.body[: change.node * 7 % max(1, len(answer.body))])
    try:
        value = json.loads(answer.body)
    except ValueError:
        return replace(answer, body=answer.body + b"\x00")
    places = list(_places(value))
    if not places:
        return replace(answer, body=b"[]")
    holder, key = places[change.node % len(places)]
    _apply(holder, key, change, ids)
    text = json.dumps(value, ensure_ascii=False)
    if change.kind == "repeat_key" and isinstance(key, str):
        text = text.replace(f'"{key}":', f'"{key}": 0, "{key}":', 1)
    return replace(answer, body=text.encode("utf-8", "surrogatepass"))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _apply(holder: Any, key: Any, change: Change, ids: Sequence[str]) -> None:
    match change.kind:
        case "replace":
            holder[key] = JUNK[change.junk % len(JUNK)]
        case "drop":
            del holder[key]
        case "double" if isinstance(holder, list):
            holder.append(holder[key])
        case "swap":
            other = list(holder)[-1] if isinstance(holder, dict) else len(holder) - 1
            holder[key], holder[other] = holder[other], holder[key]
        case "rename" if isinstance(holder, dict):
            holder[f"{key}_"] = holder.pop(key)
        case "wrap":
            holder[key] = [holder[key]]
        case "other_id":
            holder[key] = ids[change.junk % len(ids)] if ids else "0"
        case "empty_list":
            holder[key] = []
        case "nan":
            holder[key] = float("nan")
        case "append" if isinstance(holder[key], list):
            holder[key].append(JUNK[change.junk % len(JUNK)])
        case _:
            holder[key] = JUNK[change.junk % len(JUNK)]


@dataclass(slots=True)
class Spoiler:
    """An emulator one of whose answers is changed while `change` is set."""

    inner: Emulator
    change: Change | None = None
    ids: tuple[str, ...] = ()
    seen: int = 0
    spoiled: int = 0
    base_url: str = field(init=False)

    def __post_init__(self) -> None:
        self.base_url = self.inner.base_url

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def handle(self, request: WireRequest) -> WireResponse:
        answer = self.inner.handle(request)
        if self.change is None:
            return answer
        self.seen += 1
        if self.seen - 1 != self.change.answer:
            return answer
        self.spoiled += 1
        return changed(answer, self.change, self.ids)


class Field:
    """One CRM in memory with a live contract, one in the bin, and one that is gone; verbs are run against it."""

    def __init__(self, adapter: str, stack: ExitStack) -> None:
        self.spec = load_adapter(adapter)
        self.clock = ManualClock()
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        emulator = self.spec.emulator(f"http://127.0.0.1:{59_000 + len(adapter)}", self.clock, 7, 6)
        self.spoiler = Spoiler(emulator)
        stack.enter_context(mounted(self.spoiler))
        self.live, self.binned, *_rest = [str(one) for one in emulator.control("contracts", {})["ids"]]
        self.module = self.connect().whoami().module
        self._trash(self.binned)
        self.spoiler.ids = (self.live, self.binned)
        self.spoiled = 0

    def connect(self) -> Adapter:
        """Return a new adapter, which knows nothing yet but may find the token of the last one."""
        given, secrets = self.spoiler.inner.connection()
        adapter_context = AdapterContext(
            "fuzz", KnownSecrets(secrets), self.clock, random.Random(7), self.folder, Budget(in_flight=1)
        )
        named = {key: value for key, value in given.items() if key != "adapter"}
        return self.spec.connect(self.spec.settings().model_validate(named), adapter_context)

    def _trash(self, one: str) -> None:
        self.connect().remove(Step.TRASH, [ContractRef(self.module, one)], options=RemoveOptions())

    def place(self, one: str) -> str:
        """Return where the CRM really has a contract."""
        return str(self.spoiler.inner.control("record", {"id": one})["place"])

    def _repair(self) -> None:
        self.clock.advance(700)  # past every window of the vendors' limits
        if self.place(self.live) == "bin":
            self.spoiler.inner.control("restore", {"id": self.live})
        if self.place(self.binned) == "live":
            self._trash(self.binned)
        if self.place(self.live) != "live" or self.place(self.binned) != "bin":
            raise AssertionError("the field cannot be repaired")

    def run(self, verb: str, change: Change) -> None:
        """Run one verb with one changed answer; AssertionError for a false word, any foreign exception for a bug."""
        self._repair()
        adapter = self.connect()
        if verb != "whoami":
            adapter.whoami()
        self.spoiler.seen, self.spoiler.spoiled, self.spoiler.change = 0, 0, change
        try:
            getattr(self, f"_{verb}")(adapter)
        except CrmBridgeError:
            pass
        finally:
            self.spoiler.change = None
            self.spoiled += self.spoiler.spoiled
            adapter.close()

    def _refs(self, *ids: str) -> list[ContractRef]:
        return [ContractRef(self.module, one) for one in ids]

    def _whoami(self, adapter: Adapter) -> None:
        adapter.whoami()

    def _find(self, adapter: Adapter) -> None:
        search = adapter.find(Query(where=Everything()))
        pages = list(search.pages)
        proof = pages[-1].completeness if pages else None
        found = {contract.id for page in pages for contract in page.contracts}
        # Where the CRM puts another id into a row, nobody can know; a row that is missing must be noticed.
        lies = self.spoiler.change is None or self.spoiler.change.kind not in ("drop", "empty_list", "cut")
        assert lies or not (proof and proof.proven) or self.live in found, "a listing with a hole in it, proven whole"

    def _snapshot(self, adapter: Adapter) -> None:
        for copy in adapter.snapshot(self._refs(self.live)):
            if isinstance(copy, Unavailable):
                assert not copy.gone, "a live contract, said to be gone"
            if isinstance(copy, Snapshot):
                for attachment in copy.attachments:
                    list(attachment.chunks())

    def _gate(self, adapter: Adapter) -> None:
        self._look(adapter, LookDepth.LIVE)

    def _verify(self, adapter: Adapter) -> None:
        self._look(adapter, LookDepth.EVERYWHERE)

    def _look(self, adapter: Adapter, look: LookDepth) -> None:
        observation = adapter.locate(self._refs(self.live, self.binned), look=look)
        seen = observation.places[self.live]
        absent = seen.place is Place.GONE and observation.control not in (None, self.live)
        assert not absent, "a live contract, said to be gone"
        assert seen.place is not Place.IN_BIN, "a live contract, said to be in the bin"
        gone = observation.places[self.binned]
        assert gone.place is not Place.LIVE or look is LookDepth.LIVE, "a contract in the bin, said to be live"

    def _bin(self, adapter: Adapter) -> None:
        observation = adapter.locate(self._refs(self.binned), look=LookDepth.EVERYWHERE)
        assert observation.places[self.binned].place is not Place.LIVE, "a contract in the bin, said to be live"

    def _remove_one(self, adapter: Adapter, step: Step, one: str, removed: str) -> None:
        for answer in adapter.remove(step, self._refs(one), options=RemoveOptions()):
            place = self.place(answer.ref.id)
            if answer.verdict is Verdict.DONE and place != removed:
                self._must_be_seen(adapter, one)

    def _must_be_seen(self, adapter: Adapter, one: str) -> None:
        """The CRM said yes and did nothing: that is level E0, and the look which follows must find the contract."""
        self.spoiler.change = None
        seen = adapter.locate(self._refs(one), look=LookDepth.EVERYWHERE).places[one].place
        assert seen is Place.LIVE, f"said to be removed, is live, and is seen as {seen.value}"

    def _remove(self, adapter: Adapter) -> None:
        self._remove_one(adapter, Step.TRASH, self.live, "bin")

    def _purge(self, adapter: Adapter) -> None:
        # Refused by the CRM: a contract that is live cannot be taken out of the bin.
        self._remove_one(adapter, Step.PURGE, self.live, "gone")

    def _restore(self, adapter: Adapter) -> None:
        for answer in adapter.bring_back(Route.UNTRASH, [RestoreItem(self._refs(self.binned)[0], "marker")]):
            place = self.place(self.binned)
            assert answer.verdict is not Verdict.DONE or place == "live", f"said to be restored, and is {place}"
