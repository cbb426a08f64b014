"""A complete small adapter: Acme CRM, a made-up CRM with a bin, and its emulator. Copy it and change what differs.

Acme answers `GET /me`, `GET /contracts?after=ID`, `GET|DELETE /contracts/ID`, `GET /bin/ID`, `POST /bin/ID/restore`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from threading import RLock
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from crm_bridge.clock import Clock
from crm_bridge.domain.absence import Place
from crm_bridge.domain.canonical import digest_of
from crm_bridge.domain.capabilities import Capabilities, Fact, Fate, Limits, Route, Step, Support
from crm_bridge.domain.contract import Contract, ContractRef, RecordState
from crm_bridge.domain.filters.tree import fields_of
from crm_bridge.domain.reasons import Reason
from crm_bridge.domain.snapshot import Snapshot, Unavailable
from crm_bridge.errors import (
    AnswerLostError,
    CrmBridgeError,
    MalformedAnswerError,
    NotAvailableError,
    SignInError,
    UsageError,
)
from crm_bridge.sandbox.records import CURRENCIES, contracts, customers
from crm_bridge.spi.adapter import (
    Completeness,
    FieldInfo,
    LookDepth,
    Observation,
    Page,
    Profile,
    Query,
    RemoveOptions,
    RemoveResult,
    Restored,
    RestoreItem,
    Search,
    Verdict,
    Whereabouts,
)
from crm_bridge.spi.emulator import Effect, LedgerEntry, LoadedContract, WireRequest, WireResponse
from crm_bridge.spi.failures import answer_to_failure
from crm_bridge.spi.spec import AdapterContext, AdapterSpec, ErrorRow, SecretItem
from crm_bridge.transport import Call, Purpose, Response

MODULE, DOCS = "contracts", "https://acme.example/docs"
FIELDS = ("number", "title", "customer", "status", "amount", "currency", "start", "end", "owner", "created", "modified")
THINGS = ["id", "number", "fields", "owner", "created", "details", "notes", "attachments", "inbound_links"]
THINGS += ["approval_history", "followers"]

# ------------------------------------------------------------------ what can be said before anybody signs in


class AcmeSettings(BaseModel, extra="forbid", frozen=True):
    """Where Acme is."""

    address: str = "https://api.acme.example"


LIMITS = Limits(
    find_page=50,
    locate_batch=50,
    snapshot_batch=50,
    trash_batch=1,
    purge_batch=1,
    untrash_batch=1,
    bin_days=30,
    calls_in_flight=2,
    source=DOCS,
)
ABSENT = Fact(Support.ABSENT, DOCS, "Acme has no call for it")
CAPABILITIES = Capabilities(
    trash=Fact(Support.FULL, DOCS, "DELETE moves a contract into the bin"),
    purge=ABSENT,
    untrash=Fact(Support.FULL, DOCS, "the contract comes back under its id"),
    recreate=ABSENT,
    shows_bin=ABSENT,
    batch_delete=ABSENT,
    automations_off=Fact(Support.FULL, DOCS, "Acme runs none"),
    who_deleted=Fact(Support.FULL, DOCS, "the bin says who and when"),
    returns=MappingProxyType(
        {
            Route.UNTRASH: dict.fromkeys(THINGS, (Fate.SAME, "")),
            Route.RECREATE: dict.fromkeys(THINGS, (Fate.LOST, "")),
        }
    ),
)
ROWS = (
    ErrorRow("LOCKED", Reason.LOCKED, "no", False, "somebody locked the contract", "unlock it", DOCS),
    ErrorRow("NO_SUCH", Reason.NOT_FOUND, "maybe", False, "there is no such contract", "look at the bin", DOCS),
)

# ------------------------------------------------------------------ the six verbs


class AcmeAdapter:
    """Six verbs over one HTTP client. Everything else is the core's."""

    def __init__(self, settings: AcmeSettings, context: AdapterContext) -> None:
        """Prepare the way to Acme; the first call signs in."""
        self._address = settings.address
        self._token = context.secrets.need("token")
        self._transport = context.transport((settings.address,))
        self._profile: Profile | None = None

    def whoami(self) -> Profile:
        """Sign in and say who and where."""
        if self._profile is None:
            me = self._get("/me", "/me").json()
            self._profile = Profile(
                user_id=me["user"],
                user_name=me["user"],
                org_id=me["org"],
                org_name=me["org"],
                environment="unknown",
                module=MODULE,
                module_label="Contracts",
                fields=tuple(FieldInfo(name, name, "text", meaning=name) for name in FIELDS),
                relations=(),
                capabilities=CAPABILITIES,
                limits=LIMITS,
                may={Step.TRASH: Support.FULL, Step.PURGE: Support.ABSENT},
            )
        return self._profile

    def find(self, query: Query) -> Search:
        """List contracts in the order of their ids; Acme cannot filter, so the core does."""
        if query.deleted_since is not None:
            raise NotAvailableError("Acme lists no deletions")
        asked = fields_of(query.where) if query.where is not None else frozenset()
        if unknown := {field.name for field in asked} - {"id", *FIELDS}:
            raise UsageError(f"Acme has no field {min(unknown)}", reason="no_such_field")
        return Search(pushed="", residual=query.where, pages=self._pages(query))

    def _pages(self, query: Query) -> Iterator[Page]:
        if query.ids is not None:
            found = [row for one in query.ids if (row := self._row(one)) is not None]
            yield Page(tuple(map(_contract, found)), Completeness(True, len(found), None, "looked up by id"))
            return
        seen, total, after, more = set[str](), 0, "", True
        while more:
            told = self._list(after)
            rows, more = told["rows"], bool(told["more"])
            total += len(rows)
            rows = list({row["id"]: row for row in rows if row["id"] not in seen}.values())
            seen |= {row["id"] for row in rows}
            after = max(seen, default="")
            count = told["count"]
            whole = (
                Completeness(total == len(seen) == count, len(seen), count, "Acme's own count") if not more else None
            )
            yield Page(() if query.count_only else tuple(map(_contract, rows)), whole)

    def snapshot(self, refs: Sequence[ContractRef], *, final: bool = False) -> Iterator[Snapshot | Unavailable]:
        """Copy contracts; nothing hangs on them at Acme."""
        for ref in refs:
            answer = self._get(f"/contracts/{ref.id}", "/contracts/{id}")
            if answer.ok:
                yield Snapshot(ref, _contract(answer.json()).digest, answer.document)
            else:
                yield Unavailable(ref, Reason.NOT_FOUND, f"there is no contract {ref.id}", gone=True)

    def prepare(self, act: Step | Route, count: int, *, options: RemoveOptions) -> int:
        """Get nothing ready: Acme's token does not expire, and there is no rate window."""
        return 1

    def remove(self, step: Step, refs: Sequence[ContractRef], *, options: RemoveOptions) -> Sequence[RemoveResult]:
        """Move contracts into the bin, one send each."""
        if step is not Step.TRASH:
            raise NotAvailableError("Acme cannot delete for good")
        return [self._remove(ref, options) for ref in refs]

    def _remove(self, ref: ContractRef, options: RemoveOptions) -> RemoveResult:
        call = self._call(
            "DELETE", f"/contracts/{ref.id}", "/contracts/{id}", Purpose.DESTROY, guard=[ref.id], options=options
        )
        try:
            answer = self._transport.send(call)
            told = answer.json()
        except CrmBridgeError as failure:
            return answer_to_failure(ref, failure)
        if answer.status == 200 and told.get("trashed") == ref.id:
            return RemoveResult(ref, Verdict.DONE)
        row = next((row for row in ROWS if row.code == told.get("code")), None)
        if row is None:  # what is not understood is unknown, never done and never refused
            return RemoveResult(ref, Verdict.UNKNOWN, reason=Reason.UNCLEAR, halt=True)
        # "Not there" does not say who removed it: the core looks.
        verdict = Verdict.NOT_DONE if row.executed == "no" else Verdict.UNKNOWN
        return RemoveResult(ref, verdict, row.code, row.family, row.meaning, row.advice)

    def locate(self, refs: Sequence[ContractRef], *, look: LookDepth, since: datetime | None = None) -> Observation:
        """Look every contract up by its id, then in the bin; any other contract shows that Acme answers."""
        wanted = {ref.id for ref in refs}
        first = self._list("")["rows"]
        control = next((row["id"] for row in first if row["id"] not in wanted), None)
        return Observation({ref.id: self._place(ref, look) for ref in refs}, control)

    def _place(self, ref: ContractRef, look: LookDepth) -> Whereabouts:
        if (row := self._row(ref.id)) is not None:
            return Whereabouts(ref, Place.LIVE, digest=_contract(row).digest)
        if look is LookDepth.EVERYWHERE:
            answer = self._get(f"/bin/{ref.id}", "/bin/{id}")
            if answer.ok:
                told = answer.json()
                return Whereabouts(ref, Place.IN_BIN, by=told["by"], at=datetime.fromisoformat(told["at"]))
        return Whereabouts(ref, Place.GONE)

    def bring_back(self, route: Route, items: Sequence[RestoreItem]) -> Sequence[Restored]:
        """Take contracts out of the bin."""
        if route is not Route.UNTRASH:
            raise NotAvailableError("Acme cannot create contracts")
        return [self._bring_back(item.ref) for item in items]

    def _bring_back(self, ref: ContractRef) -> Restored:
        try:
            answer = self._transport.send(
                self._call("POST", f"/bin/{ref.id}/restore", "/bin/{id}/restore", Purpose.CREATE)
            )
        except AnswerLostError:
            return Restored(ref, Verdict.UNKNOWN, reason=Reason.ANSWER_LOST)
        if answer.ok:
            return Restored(ref, Verdict.DONE, new_ref=ref)
        return Restored(ref, Verdict.NOT_DONE, reason=Reason.NOT_FOUND)

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    def _row(self, record_id: str) -> dict[str, Any] | None:
        answer = self._get(f"/contracts/{record_id}", "/contracts/{id}")
        row: dict[str, Any] | None = answer.json() if answer.ok else None
        return row

    def _list(self, after: str) -> dict[str, Any]:
        told = self._get(f"/contracts?after={after}", "/contracts").json()
        if not isinstance(told, dict) or not told.keys() >= {"rows", "more", "count"}:
            raise MalformedAnswerError("Acme's list is no list")
        return told

    def _get(self, path: str, route: str) -> Response:
        answer = self._transport.send(self._call("GET", path, route, Purpose.READ))
        if answer.status in (401, 403):
            raise SignInError("Acme does not take the token", hint="make a new one")
        # Only Acme's own word says that something is not there; whatever else is not understood proves nothing.
        if not answer.ok and (answer.status, answer.json().get("code")) != (404, "NO_SUCH"):
            raise MalformedAnswerError(f"Acme answered with status {answer.status}")
        return answer

    def _call(
        self,
        method: str,
        path: str,
        route: str,
        purpose: Purpose,
        guard: Sequence[str] = (),
        options: RemoveOptions | None = None,
    ) -> Call:
        return Call(
            method,
            self._address + path,
            route,
            purpose,
            headers={"Authorization": f"Bearer {self._token}"},
            guard=(lambda: options.guard(guard)) if options is not None else None,
        )


def _contract(row: Mapping[str, Any]) -> Contract:
    """Return a row as a contract; the digest is over all of it, the moment of the last change aside."""
    plain = {key: value for key, value in row.items() if key != "modified"}
    return Contract(
        ContractRef(MODULE, row["id"]),
        number=row["number"],
        title=row["title"],
        customer=row["customer"],
        status=row["status"],
        amount=Decimal(row["amount"]),
        currency=row["currency"],
        start=date.fromisoformat(row["start"]),
        end=date.fromisoformat(row["end"]),
        owner=row["owner"],
        created=datetime.fromisoformat(row["created"]),
        modified=datetime.fromisoformat(row["modified"]),
        state=RecordState.NORMAL,
        digest=digest_of(plain),
        raw=row,
    )


# ------------------------------------------------------------------ the emulator


class AcmeEmulator:
    """Acme as a function of a request, strict about the token."""

    def __init__(self, base_url: str, clock: Clock, seed: int, count: int) -> None:
        """Hold `count` contracts."""
        self.base_url, self.clock = base_url, clock
        self._lock, self._ledger = RLock(), list[LedgerEntry]()
        names = customers(120, seed)
        self.live = {
            f"A{n:05}": self._made(f"A{n:05}", c, names) for n, c in enumerate(contracts(count, seed), start=1)
        }
        self.bin: dict[str, dict[str, Any]] = {}
        self.locked: set[str] = set()

    def _made(self, key: str, seeded: Any, names: Sequence[str]) -> dict[str, Any]:
        at = seeded.created.isoformat()
        return {
            "id": key,
            "number": seeded.number,
            "title": seeded.title,
            "customer": names[seeded.customer % len(names)],
            "status": seeded.status,
            "amount": str(seeded.amount),
            "currency": seeded.currency if seeded.currency in CURRENCIES else "EUR",
            "start": seeded.start.isoformat(),
            "end": seeded.end.isoformat(),
            "owner": "u1",
            "created": at,
            "modified": at,
        }

    def handle(self, request: WireRequest) -> WireResponse:
        """Answer one request, and write it down."""
        with self._lock:
            status, body, effects = self._answer(request)
            self._ledger.append(
                LedgerEntry(
                    len(self._ledger) + 1,
                    self.clock.now().isoformat(),
                    request.method,
                    request.path,
                    request.query,
                    status,
                    str(body.get("code", "")),
                    effects,
                )
            )
        return WireResponse.of_json(body, status)

    def _answer(self, request: WireRequest) -> tuple[int, dict[str, Any], tuple[Effect, ...]]:
        if request.headers.get("authorization") != "Bearer acme-token":
            return 401, {"code": "NO_TOKEN"}, ()
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["me"]:
                return 200, {"user": "u1", "org": "acme-1"}, ()
            case "GET", ["contracts"]:
                rows = [row for key, row in self.live.items() if key > request.params().get("after", "")]
                return 200, {"rows": rows[:50], "more": len(rows) > 50, "count": len(self.live)}, ()
            case "GET", ["contracts", key] if key in self.live:
                return 200, self.live[key], ()
            case "DELETE", ["contracts", key] if key in self.locked:
                return 423, {"code": "LOCKED"}, ()
            case "DELETE", ["contracts", key] if key in self.live:
                return 200, {"trashed": key}, (self._trash(key, "u1"),)
            case "GET", ["bin", key] if key in self.bin:
                return 200, {name: self.bin[key][name] for name in ("by", "at")}, ()
            case "POST", ["bin", key, "restore"] if key in self.bin:
                return 200, {"restored": key}, (self._untrash(key),)
        return 404, {"code": "NO_SUCH"}, ()

    def _trash(self, key: str, actor: str) -> Effect:
        self.bin[key] = {"row": self.live.pop(key), "by": actor, "at": self.clock.now().isoformat()}
        return Effect("trashed", MODULE, key, actor)

    def _untrash(self, key: str) -> Effect:
        self.live[key] = self.bin.pop(key)["row"]
        self.live = dict(sorted(self.live.items()))
        return Effect("restored", MODULE, key, "u1")

    def ledger(self) -> Sequence[LedgerEntry]:
        """Return every request and its effects."""
        return tuple(self._ledger)

    def ready(self) -> Mapping[str, str]:
        """Return what a client needs."""
        return {"base_url": self.base_url, "token": "acme-token"}

    def connection(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return settings and secrets of a connection to this emulator."""
        return {"adapter": "acme", "address": self.base_url}, {"token": "acme-token"}

    def load(self, contracts: Sequence[LoadedContract], extra_columns: Sequence[str]) -> Sequence[str]:
        """Take over no export: a small stand-in has its seed only."""
        return ["Acme's stand-in has its own contracts only"]

    def control(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Act as somebody else at Acme."""
        key = str(arguments.get("id", ""))
        match command:
            case "contracts":
                return {"ids": list(self.live)}
            case "edit":
                now = self.clock.now().isoformat()
                self.live[key] |= {str(arguments["field"]): arguments["value"], "modified": now}
            case "delete":
                self._trash(key, str(arguments.get("actor", "somebody")))
            case "restore":
                self._untrash(key)
            case "lock":
                self.locked.add(key)
            case "record":
                return {"record": json.loads(json.dumps(self.live.get(key) or self.bin[key]["row"]))}
            case _:
                return {"error": f"Acme's stand-in does not know {command}"}
        return {}


ADAPTER = AdapterSpec(
    name="acme",
    title="Acme CRM",
    about="Contracts of Acme CRM",
    capabilities=CAPABILITIES,
    limits=LIMITS,
    errors=ROWS,
    settings=lambda: AcmeSettings,
    secrets=(SecretItem("token", "API token"),),
    origins=lambda settings: (AcmeSettings.model_validate(settings.model_dump()).address,),
    connect=lambda settings, context: AcmeAdapter(AcmeSettings.model_validate(settings.model_dump()), context),
    emulator=AcmeEmulator,
)
