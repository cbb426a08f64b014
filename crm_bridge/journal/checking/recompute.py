"""Reading a journal from its first entry to its last, recomputing everything that was sealed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from crm_bridge.i18n import _
from crm_bridge.journal.checking.findings import CheckCode, FindingCollector, OpenIntent
from crm_bridge.journal.checking.sources import (
    CheckpointRecord,
    EntryRecord,
    JournalHeader,
    LinesRecord,
    Record,
    SourceError,
)
from crm_bridge.journal.format.checkpoint import Checkpoint
from crm_bridge.journal.format.entry import (
    ENTRY_KEYS,
    FIRST_PREV,
    VERSION,
    AttemptKey,
    attempts_of,
    is_intent,
    is_outcome,
)
from crm_bridge.journal.format.lines import LineSeal, parse_line
from crm_bridge.journal.format.merkle import EMPTY_ROOT, Frontier, leaf_hash
from crm_bridge.journal.format.note import NoteError, SignedNote, VerifierKey

START_OP = "journal.start"
ROTATE_OP = "key.rotate"


@dataclass(slots=True)
class _Seal:
    """The batch being read: where it must be sealed, by whom; `new` is the key that takes over with it."""

    size: int = 0
    new: VerifierKey | None = None


class Recomputation:
    """Feeds on records in order; afterwards knows size, root, keys, open intents, and what was asked for.

    The signature of the last checkpoint is computed, and of those where keys change. The ones between are bound by
    digest: the batch after each of them names the SHA-256 of its note, and the last signature covers those entries.
    """

    def __init__(
        self,
        header: JournalHeader,
        found: FindingCollector,
        *,
        sizes: Collection[int],
        indexes: Collection[int],
    ) -> None:
        """Remember the roots at `sizes` and the bytes of the entries at `indexes` on the way."""
        self._header = header
        self._found = found
        self._sizes, self._indexes = frozenset(sizes), frozenset(indexes)
        self._frontier = Frontier()
        self._prev = FIRST_PREV
        self._seal = _Seal()
        self._last: Checkpoint | None = None
        self._last_keys: tuple[VerifierKey, ...] = ()
        self._open: dict[AttemptKey, OpenIntent] = {}
        self._announced: tuple[Mapping[str, Any], LineSeal] | None = None
        """The entry whose lines must come next, with their seal."""

        self.keys: list[VerifierKey] = []
        self.roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self.leaves: dict[int, bytes] = {}
        self.nodes: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """Return the number of entries so far."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        """Return the root over the entries so far."""
        return self._frontier.root()

    def open_intents(self) -> tuple[OpenIntent, ...]:
        """Return the intents without an outcome."""
        return tuple(self._open.values())

    def feed(self, record: Record) -> None:
        """Take the next record; raise SourceError when nothing after it can be judged."""
        if isinstance(record, LinesRecord):
            self._lines(record.block)
            return
        self._end_of_entry()
        if isinstance(record, EntryRecord):
            self._entry(record)
        else:
            self._checkpoint(record)

    def finish(self) -> None:
        """Judge the end: the last signature, the tail, the header."""
        self._end_of_entry()
        if self._last is not None:
            self._verify(self._last, self._last_keys)
        if self._last is None or self._last.size < self.size:
            sealed = self._last.size if self._last else 0
            self._add(
                CheckCode.UNSEALED, self.size - 1, _("the entries from {seq} on are not sealed").format(seq=sealed)
            )
        claimed = self._header.size
        if claimed is not None and claimed > self.size:
            self._found.add(
                CheckCode.SHORTER,
                "",
                _("{size} entries were exported, {left} are left").format(size=claimed, left=self.size),
            )
        elif claimed is not None and claimed < self.size:
            self._found.add(CheckCode.ALTERED, "", _("there are more entries than were exported"))
        if self._header.vkeys is not None and list(self._header.vkeys) != [str(key) for key in self.keys]:
            self._found.add(CheckCode.ALTERED, "", _("the header names other keys than the entries"))

    def _entry(self, record: EntryRecord) -> None:
        seq, raw = self.size, record.raw
        value = _parse(raw, seq)
        if value["seq"] != seq or value["prev"] != self._prev:
            self._add(CheckCode.ALTERED, seq, _("it does not follow the entry before it"))
        self._check_seal(value["seal"], seq)
        op = value["op"]
        if seq == 0 or op == START_OP:
            self._start(value, seq)
        elif op == ROTATE_OP:
            self._rotate(value, seq)
        if (seal := LineSeal.parse(value["lines"])) is not None:
            self._announced = value, seal
        if seq in self._indexes:
            self.leaves[seq] = raw
        for level, place, node in self._frontier.add(leaf_hash(raw)):
            self.nodes[level, place] = node
        self._prev = sha256(raw).hexdigest()
        if self.size in self._sizes:
            self.roots[self.size] = self.root

    def _check_seal(self, seal: Mapping[str, Any], seq: int) -> None:
        if seq < self._seal.size:
            if seal["size"] != self._seal.size:
                self._add(CheckCode.ALTERED, seq, _("it names another seal than its batch"))
            return
        sealed = self._last is not None and self._last.size == seq
        if seq and not sealed:
            self._add(CheckCode.UNSEALED, seq, _("the checkpoint before it is missing"))
        elif seal["after"] != (self._last.digest if self._last else ""):
            self._add(CheckCode.ALTERED, seq, _("the checkpoint before it is not the one that was written"))
        if type(seal["size"]) is not int or seal["size"] <= seq:
            self._add(CheckCode.ALTERED, seq, _("it names an impossible seal"))
        else:
            self._seal = _Seal(seal["size"])

    def _start(self, value: Mapping[str, Any], seq: int) -> None:
        body = value["body"]
        key = _key(body.get("vkey"), self._header.origin)
        if seq or value["op"] != START_OP or body.get("uuid") != self._header.uuid or key is None:
            self._add(CheckCode.ALTERED, seq, _("it is not the beginning of this journal"))
        else:
            self.keys.append(key)

    def _rotate(self, value: Mapping[str, Any], seq: int) -> None:
        old, new = (_key(value["body"].get(name), self._header.origin) for name in ("old", "new"))
        if not self.keys or old != self.keys[-1] or new is None or self._seal.size != seq + 1:
            self._add(CheckCode.UNKNOWN_KEY, seq, _("the key that hands over is not the one in force"))
        else:
            self._seal.new = new

    def _lines(self, block: bytes) -> None:
        """Compare the lines of the entry before with its seal, and note the attempts that they open or close."""
        if self._announced is None:
            self._add(CheckCode.ALTERED, self.size - 1, _("lines follow it that it does not announce"))
            return
        (value, seal), self._announced = self._announced, None
        if LineSeal.of(block) != seal:
            self._add(CheckCode.ALTERED, value["seq"], _("its lines are not the ones that it sealed"))
        try:
            parsed = [parse_line(raw) for raw in block.split(b"\n")]
        except ValueError:
            raise SourceError(_("entry {seq}").format(seq=value["seq"]), _("a line of it is damaged")) from None
        self._attempts(value, parsed)

    def _end_of_entry(self) -> None:
        if self._announced is not None:
            self._add(CheckCode.ALTERED, self.size - 1, _("its lines are missing"))
            self._announced = None

    def _attempts(self, value: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> None:
        op, system, org = value["op"], value["system"], value["org"]
        opens = is_intent(op)
        if not opens and not is_outcome(op):
            return
        for key in attempts_of(op, system, org, value["body"], lines):
            if opens:
                self._open[key] = OpenIntent(value["seq"], op, system, org, key.record_id, key.step, key.attempt)
            else:
                self._open.pop(key, None)

    def _checkpoint(self, record: CheckpointRecord) -> None:
        try:
            checkpoint = Checkpoint.parse(record.note)
        except NoteError:
            raise SourceError(_("checkpoint after entry {seq}").format(seq=self.size - 1), _("it is damaged")) from None
        if checkpoint.size > self.size:
            self._found.add(
                CheckCode.SHORTER,
                "",
                _("a checkpoint speaks of {size} entries, {left} are left").format(
                    size=checkpoint.size, left=self.size
                ),
            )
            return
        good = checkpoint.origin == self._header.origin and checkpoint.size == self.size == self._seal.size
        if not good or checkpoint.root != self.root or (self._last and self._last.size == checkpoint.size):
            self._add(CheckCode.ALTERED, self.size - 1, _("the checkpoint after it does not seal these entries"))
        if record.size not in (None, checkpoint.size):
            self._add(CheckCode.ALTERED, self.size - 1, _("the checkpoint after it stands under another size"))
        if record.frontier is not None and record.frontier != self._frontier.to_bytes():
            self._add(CheckCode.ALTERED, self.size - 1, _("the tree stored with its checkpoint is wrong"))
        self._hand_over(checkpoint)
        self._last = checkpoint

    def _hand_over(self, checkpoint: Checkpoint) -> None:
        signers = tuple(self.keys[-1:]) + ((self._seal.new,) if self._seal.new else ())
        lines = SignedNote.parse(checkpoint.note).lines
        if [(line.name, line.key_id) for line in lines] != [(key.name, key.key_id) for key in signers]:
            self._add(
                CheckCode.UNKNOWN_KEY,
                checkpoint.size - 1,
                _("its checkpoint is signed by another key than the one in force"),
            )
            signers = ()
        if self._seal.new:
            self._verify(checkpoint, signers)
            self.keys.append(self._seal.new)
            self._seal.new = None
        self._last_keys = signers

    def _verify(self, checkpoint: Checkpoint, keys: tuple[VerifierKey, ...]) -> None:
        if not all(checkpoint.signed_by(key) for key in keys):
            self._add(CheckCode.ALTERED, checkpoint.size - 1, _("the signature of its checkpoint is wrong"))

    def _add(self, code: CheckCode, seq: int, what: str) -> None:
        self._found.add(code, _("entry {seq}").format(seq=seq), what)


def _parse(raw: bytes, seq: int) -> Mapping[str, Any]:
    """Read an entry as far as a check needs it: the bytes are what counts, and the tree covers them all."""
    try:
        value = json.loads(raw.decode())
        if value.keys() != ENTRY_KEYS or value["v"] != VERSION or value["seal"].keys() != {"after", "size"}:
            raise ValueError
        texts = (value["op"], value["system"], value["org"])
        if not all(isinstance(text, str) for text in texts) or not isinstance(value["body"], dict):
            raise ValueError
        # `true` equals 1 and is no number.
        if any(type(value[name]) is not int for name in ("v", "seq")):
            raise ValueError
        LineSeal.parse(value["lines"])
    except (ValueError, AttributeError, RecursionError):
        raise SourceError(_("entry {seq}").format(seq=seq), _("it is not an entry")) from None
    return value  # type: ignore[no-any-return]


def _key(vkey: object, origin: str) -> VerifierKey | None:
    try:
        key = VerifierKey.parse(vkey) if isinstance(vkey, str) else None
    except NoteError:
        return None
    return key if key is not None and key.name == origin else None
