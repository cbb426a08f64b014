"""Questions to contracts of our own: what a query shows of them, and what their way into the bin and out changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from crm_bridge.clock import Clock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.facts import Observed
from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import N_
from crm_bridge.spi.proving import ProvingStage
from crm_bridge_fxiaoke.client import Client
from crm_bridge_fxiaoke.discovery import Discovery
from crm_bridge_fxiaoke.mapping import LIFE_STATES, text
from crm_bridge_fxiaoke.module.people import SYSTEM_USER
from crm_bridge_fxiaoke.proofs.wire import NOBODY, REFUSED, Wire
from crm_bridge_fxiaoke.reading.files import PRESIGN_PATH, file_entries
from crm_bridge_fxiaoke.reading.records import Records, condition
from crm_bridge_fxiaoke.snapshotter import TEAM
from crm_bridge_fxiaoke.wire import Envelope, ObjectMeta, Record, row_id, rows_of

_BATCHES = (100, 50, 20, 10, 5)
_LOOKS = (0, 2, 6, 24)
"""Seconds before each look for a new record in a query."""
_APART = 2
"""Seconds between a look and the void that follows it, so that the two have different times."""
_MINUTE = 60_000
_NOT_DENIED = N_("this user was denied nothing")
_NOT_SHOWN = N_("the voided record is shown neither by its id nor in a query")
_NO_FILE = N_("the contract has no field for files, or took none")
_NO_LINES = N_("nothing of this tenant's contracts has lines, or none could be made")
_NOT_KNOWN = N_("the record was not looked at before it was voided")
_NO_SECONDS = N_("this tenant keeps times without their seconds")
_NOT_VOIDED = N_("the record was not voided")
Question = Callable[[Sequence[ContractRef]], Iterator[Observed]]


class OwnProofs:
    """The questions of the writing part, by stage."""

    def __init__(
        self,
        client: Client,
        records: Records,
        discovery: Discovery,
        meta: ObjectMeta,
        before: dict[str, Record],
        *,
        lined: bool,
    ) -> None:
        """`before` keeps rows of our own as they were while they were live; `lined`: one of them was given a line."""
        self._client = client
        self._clock: Clock = client.clock
        self._discovery = discovery
        self._meta = meta
        self._before = before
        self._lined = lined
        self._unvoided: set[str] = set()
        self._unshown: set[str] = set()
        self._wire = Wire(client, records, meta.name)

    def questions(self, stage: ProvingStage) -> tuple[Question, ...]:
        """Return the questions of a stage."""
        return {
            ProvingStage.RIGHTS: (self._rights, self._batch),
            ProvingStage.CREATED: (self._lag, self._rows),
            ProvingStage.WHOLE: (self._hanging,),
            ProvingStage.TRASHED: (self._voided, self._failure),
            ProvingStage.PURGED: (self._left_behind,),
        }.get(stage, ())

    def _rights(self, _refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """A-12, and whether voiding and deleting is denied: asked with an id that nobody has."""
        code = 0
        one = {"dataObjectApiName": self._meta.name, "object_data_id": NOBODY}
        path = self._wire.path("invalid")
        for right in ("trash", "purge"):
            answer = self._wire.change(path, one) if right == "trash" else self._wire.batch("delete", [NOBODY])
            denied = self._is_denial(answer)
            code = answer.code if denied else code
            yield self._wire.saw(f"right:{right}", "denied" if denied else "not denied")
        yield self._denial(code)

    def _denial(self, code: int) -> Observed:
        if code in (50009, 20014, 15003):
            return self._wire.saw("A-12", str(code), denial_code=code)
        return self._wire.missed("A-12", _NOT_DENIED)

    def _is_denial(self, answer: Envelope) -> bool:
        return self._client.judge.reason(answer) is Reason.PERMISSION

    def _batch(self, _refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """A-03: ids per call, asked of the verb that can destroy nothing, about records that are not there."""
        for size in _BATCHES:
            answer = self._wire.batch("recover", [f"{number:024x}" for number in range(1, size + 1)])
            reason = self._client.judge.reason(answer)
            if reason in (Reason.INVALID, Reason.PERMISSION):
                if reason is Reason.PERMISSION:
                    break
                continue
            told = f"{size} or more" if size == _BATCHES[0] else f"refused above {size}"
            yield self._wire.saw("A-03", told, max_batch_ids=min(size, 20))
            return
        yield self._wire.missed("A-03", REFUSED)

    def _lag(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """A-08: seconds until a query knows of a record that was created a moment ago."""
        newest, waited = refs[-1].id, 0
        for seconds in _LOOKS:
            if seconds:
                self._clock.sleep(seconds)
            waited += seconds
            if self._row(newest):
                # That it was there at once says little: the setting is left as it is then.
                yield self._wire.saw("A-08", f"{waited} s", **({"index_lag": waited} if waited else {}))
                return
        yield self._wire.saw("A-08", f"more than {waited} s", index_lag=120)

    def _rows(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """A-07: what a query leaves out of a record that a read by its id shows."""
        whole = self._get(refs[0].id)
        if not whole:
            yield self._wire.missed("A-07", REFUSED)
            return
        self._before[refs[0].id] = whole
        self._clock.sleep(_APART)
        listed = self._row(refs[0].id, ()) or {}
        cut = [
            name
            for name, field in self._meta.fields.items()
            if field.type in ("long_text", "html_rich_text")
            and len(str(whole.get(name) or "")) > len(str(listed.get(name) or ""))
        ]
        no_team = bool(whole.get(TEAM)) and not listed.get(TEAM)
        value = "cuts long texts" if cut else "without the team" if no_team else "full"
        yield self._wire.saw("A-07", value, snapshot_by="query" if value == "full" else "get")

    def _hanging(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """A-24, A-23: whether lines came with their contract, and whether a file has a signed address."""
        row = self._get(refs[0].id) or {}
        yield self._wire.saw("A-24", "together") if row.get("details") else self._wire.missed("A-24", _NO_LINES)
        path = next((entry.path for _field, entry in file_entries(row, self._meta)), None)
        if path is None:
            yield self._wire.missed("A-23", _NO_FILE)
            return
        answer = self._wire.ask(PRESIGN_PATH, {"paths": [path], "expire": 60})
        yield self._wire.saw("A-23", "refused" if answer.code else "given")

    def _voided(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """A-13, A-30, A-06, A-26, A-29: what a void does, and where a voided record is shown."""
        one = refs[0].id
        answer = self._wire.get(one)
        shown = self._shown(answer, one)
        if shown and shown.get("life_status") != "invalid":
            pending = shown.get("life_status") == "in_change"
            yield self._wire.saw("A-13", "starts an approval" if pending else "refused", void_approval="possible")
            self._unvoided.add(one)
            yield from (self._wire.missed(name, _NOT_VOIDED) for name in ("A-06", "A-10", "A-26", "A-29", "A-30"))
            return
        yield self._wire.saw("A-13", "voided at once")
        if not shown:
            self._unshown.add(one)
        yield self._wire.saw("A-30", "shown" if shown else "refused")
        self._clock.sleep(self._client.settings.assumptions.index_lag)
        plain = self._row(one, ())
        named = plain or self._row(one, (), condition("life_status", "IN", *LIFE_STATES))
        word = "returned" if plain else "with_filter" if named else "omitted"
        yield self._wire.saw("A-06", word.replace("_", " "), query_invalid_rows=word)
        row = shown or plain or named
        yield from self._marks(one, row) if row else (self._wire.missed(n, _NOT_SHOWN) for n in ("A-26", "A-29"))

    def _marks(self, one: str, row: Record) -> Iterator[Observed]:
        marked = row.get("is_deleted") is True
        yield self._wire.saw("A-26", "says so" if marked else "does not", voided_is_deleted=marked)
        before, editor = self._before.get(one), row.get("last_modified_by")
        person = text(editor[0]) if isinstance(editor, list) and editor else text(editor)
        if before is None:
            yield self._wire.missed("A-29", _NOT_KNOWN)
        elif not (_number(row) % _MINUTE or _number(before) % _MINUTE):
            yield self._wire.missed("A-29", _NO_SECONDS)
        elif person == SYSTEM_USER:
            yield self._wire.saw("A-29", "system")
        elif _number(row) == _number(before):
            yield self._wire.saw("A-29", "nobody")
        else:
            yield self._wire.saw("A-29", "voider")

    def _failure(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """A-10: what a batch has done that was refused because of one id; asked of the verb that brings back."""
        one = refs[0].id
        if one in self._unvoided:
            return
        answer = self._wire.batch("recover", [one, NOBODY])
        row = self._get(one)
        if row is None and one not in self._unshown:
            yield self._wire.missed("A-10", REFUSED)
            return
        # A record that its id does not show while it is voided is voided still.
        done = row is not None and row.get("life_status") != "invalid"
        if not answer.code and not done:
            yield self._wire.missed("A-10", REFUSED)
        else:
            word = "per_id" if done else "all_or_nothing"
            yield self._wire.saw("A-10", word.replace("_", " "), batch_failure=word)

    def _left_behind(self, refs: Sequence[ContractRef]) -> Iterator[Observed]:
        """A-14: whether lines went with their contract."""
        if not self._lined:
            yield self._wire.missed("A-14", _NO_LINES)
            return
        self._clock.sleep(self._client.settings.assumptions.index_lag)
        word = "none" if self.lines(refs[0].id) else "all"
        yield self._wire.saw("A-14", "lines stay" if word == "none" else "lines follow", cascade=word)

    def lines(self, *masters: str) -> list[tuple[str, str]]:
        """Return object and id of the live lines of contracts."""
        found = []
        for one in self._discovery.relations():
            if one.detail:
                of_it = (condition(one.field.name, "IN", *masters), condition("life_status", "N", "invalid"))
                answer = self._wire.query(*of_it, limit=10, name=one.object.name)
                found += [(one.object.name, row_id(row)) for row in rows_of(answer) if isinstance(row, dict)]
        return found

    def _row(self, one: str, fields: Sequence[str] = ("_id",), *more: Mapping[str, object]) -> Record | None:
        rows = rows_of(self._wire.query(condition("_id", "IN", one), *more, fields=fields))
        return next((row for row in rows if isinstance(row, dict) and row_id(row) == one), None)

    def _get(self, one: str) -> Record | None:
        return self._shown(self._wire.get(one), one)

    @staticmethod
    def _shown(answer: Envelope, one: str) -> Record | None:
        data = answer.data
        return data if answer.code == 0 and isinstance(data, dict) and row_id(data) == one else None


def _number(row: Record) -> int:
    told = text(row.get("last_modified_time"))
    return int(told) if told and told.isdigit() else 0
