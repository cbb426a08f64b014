"""The few texts of an entry by which it is looked for, read from its bytes without parsing all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm_bridge.journal.entry import Entry
from crm_bridge.journal.lines import LineSeal


@dataclass(frozen=True, slots=True)
class Outline:
    """Kind, plan and run of an entry, the digest of the checkpoint before it, the seal of its lines."""

    op: str
    plan: str
    run: str
    seal_after: str
    lines: LineSeal | None


_TEXTS = re.compile(
    rb',"op":"([^"\\]*)","org":"[^"\\]*","plan":"([^"\\]*)","prev":"[0-9a-f]{64}","run":"([^"\\]*)",'
    rb'"seal":\{"after":"([0-9a-f]*)","size":'
)
_LINES = re.compile(
    rb',"lines":(?:null|\{"count":([0-9]{1,7}),"root":"([0-9a-f]{64})","sha256":"([0-9a-f]{64})"\}),"module":"'
)


def outline(raw: bytes) -> Outline:
    """Return the outline of an entry; raise JournalError when these bytes are none.

    A quotation mark within a text is escaped, so that the last `,"op":"` of canonical bytes is the entry's own key, as
    is the last `,"lines":` before it. Hashing a journal again takes a third of the time that way.
    """
    end = raw.rfind(b',"op":"')
    texts, lines = _TEXTS.match(raw, max(0, end)), _LINES.match(raw, max(0, raw.rfind(b',"lines":', 0, end)))
    if texts is None or lines is None:
        entry = Entry.parse(raw)
        return Outline(entry.op, entry.plan, entry.run, entry.seal_after, entry.lines)
    op, plan, run, seal_after = (text.decode() for text in texts.groups())
    count, root, digest = lines.groups()
    seal = LineSeal(int(count), bytes.fromhex(root.decode()), bytes.fromhex(digest.decode())) if count else None
    return Outline(op, plan, run, seal_after, seal)
