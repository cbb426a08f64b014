"""What goes into a set comes out of it, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_bridge.clock import ManualClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot, SnapshotPart
from crm_bridge.errors import BackupError
from crm_bridge.vault import BackupSet, Vault

Fill = Callable[..., BackupSet]
Make = Callable[..., Snapshot]
Attach = Callable[..., Attachment]

NAMES = st.text(max_size=40) | st.sampled_from(["../../etc/passwd", "/etc/passwd", "CON", "a\x00b", "\u202egpj.exe"])


class Keys(dict[str, str]):
    """A keyring in memory."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self[name] = value


def _attachment(values: tuple[str, bytes, str]) -> Attachment:
    name, content, kind = values
    return Attachment(f"id {name}", name, len(content), "附件", lambda: iter([content]), media_type=kind)


PARTS = st.builds(SnapshotPart, st.sampled_from(PartKind), NAMES, st.binary(max_size=200))
FILES = st.builds(_attachment, st.tuples(NAMES, st.binary(max_size=3_000), st.text(max_size=20)))
SNAPSHOTS = st.lists(
    st.builds(
        Snapshot,
        st.builds(ContractRef, NAMES, st.text(min_size=1, max_size=30)),
        st.text("0123456789abcdef", min_size=64, max_size=64),
        st.binary(max_size=500),
        st.lists(PARTS, max_size=4).map(tuple),
        st.lists(FILES, max_size=2).map(tuple),
    ),
    max_size=6,
    unique_by=lambda snapshot: snapshot.ref.id,
)


def content(attachment: Attachment) -> bytes:
    """Return all bytes of an attachment."""
    return b"".join(attachment.chunks())


@settings(deadline=None, max_examples=60)
@given(snapshots=SNAPSHOTS, schema=st.binary(max_size=300), reason=st.text(max_size=50))
def test_every_snapshot_comes_back_byte_for_byte(snapshots: list[Snapshot], schema: bytes, reason: str) -> None:
    with TemporaryDirectory() as folder:
        vault = Vault(Path(folder) / "v", keys=Keys(), clock=ManualClock(), randomness=random.Random(1))
        with vault.begin(run="r", plan="p", connection="c", schema=schema, info={"reason": reason}) as writer:
            for snapshot in snapshots:
                writer.add(snapshot)
            set_id = writer.close().id
        opened = vault.open(set_id)
        found = list(opened.snapshots())
        assert [(s.ref, s.digest, s.record, s.parts) for s in found] == [
            (s.ref, s.digest, s.record, s.parts) for s in snapshots
        ]
        assert [[(a.id, a.name, a.source, a.media_type, content(a)) for a in s.attachments] for s in found] == [
            [(a.id, a.name, a.source, a.media_type, content(a)) for a in s.attachments] for s in snapshots
        ]
        assert opened.schema() == schema
        assert opened.info() == {"reason": reason}


def test_a_contract_is_found_by_its_id_whatever_the_order(fill: Fill, snap: Make) -> None:
    made = fill(*(snap(number) for number in range(1_203)))
    assert [made.snapshot(str(number)).ref.id for number in (1_202, 0, 777, 500, 499)] == [
        "1202",
        "0",
        "777",
        "500",
        "499",
    ]


def test_entries_come_in_the_order_in_which_they_were_added(fill: Fill, snap: Make) -> None:
    made = fill(*(snap(number) for number in (5, 3, 9)))
    assert [entry.ref.id for entry in made.entries()] == ["5", "3", "9"]


def test_an_entry_says_where_the_bytes_lie_in_the_decrypted_file(fill: Fill, snap: Make) -> None:
    made = fill(snap(1), snap(2))
    entry = made.entry("2")
    plain = made.batch(0).plain
    wanted = snap(2)
    assert plain[entry.offset : entry.offset + entry.length] == b"\n".join(
        [wanted.record, *(part.raw for part in wanted.parts), b""]
    )


def test_only_the_wanted_contracts_are_yielded(fill: Fill, snap: Make) -> None:
    made = fill(*(snap(number) for number in range(10)))
    assert [found.ref.id for found in made.snapshots({"8", "2"})] == ["2", "8"]


def test_a_contract_that_is_not_in_the_set_is_an_error(fill: Fill, snap: Make) -> None:
    made = fill(snap(1))
    with pytest.raises(BackupError, match="contract 2 is not in backup set"):
        made.snapshot("2")
    with pytest.raises(BackupError, match="contract 2 is not in backup set"):
        list(made.snapshots(["1", "2"]))


def test_a_large_attachment_is_streamed_in_pieces(fill: Fill, snap: Make, attach: Attach) -> None:
    large = random.Random(3).randbytes(3_000_001)
    [stored] = fill(snap(1, attach("scan.pdf", large))).snapshot("1").attachments
    pieces = list(stored.chunks())
    assert len(pieces) > 4
    assert b"".join(pieces) == large
    assert stored.size == 3_000_001


def test_a_reader_may_stop_in_the_middle_of_an_attachment(fill: Fill, snap: Make, attach: Attach) -> None:
    [stored] = fill(snap(1, attach("scan.pdf", bytes(3_000_000)))).snapshot("1").attachments
    pieces = stored.chunks()
    assert next(pieces)[:1] == b"\x00"
    pieces.close()  # type: ignore[attr-defined]
    assert sum(map(len, stored.chunks())) == 3_000_000


def test_a_set_without_contracts_is_a_set(fill: Fill) -> None:
    made = fill()
    assert (made.count, list(made.entries()), list(made.snapshots())) == (0, [], [])


def test_the_same_contract_twice_is_refused(fill: Fill, snap: Make) -> None:
    with pytest.raises(BackupError, match="contract 1 is in the set twice"):
        fill(snap(1), snap(2), snap(1))


def test_counts_and_digest_are_those_of_the_bag(fill: Fill, snap: Make, attach: Attach) -> None:
    made = fill(snap(1, attach("a", b"x"), attach("b", b"y")), snap(2))
    assert made.count == 2
    assert made.bytes == sum(path.stat().st_size for path in (made.path / "data").rglob("*") if path.is_file())
    assert made.entry("1").attachments == 2
    assert len(made.digest) == 64
