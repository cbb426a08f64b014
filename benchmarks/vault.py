"""How much the vault costs over age alone: the same bytes, the same number of files, the same syncs.

    python benchmarks/vault.py [--records 10000] [--attachments 1000] [--attachment-bytes 65536] [--folder DIR]

Prints one JSON object. `write_ratio` compares writing (add and flush) with age alone; `total_ratio` compares the
whole, with the read-back, decryption and comparison that age alone does not do, with age encrypting and decrypting.
`cpu_write_ratio` and `cpu_total_ratio` compare the processor time of the same: what is left where a disk costs nothing.
Two SHA-256 of every byte (of what is inside, for restores, and of what is outside, for the bag) are most of it.
Ratios mean something, seconds depend on the machine. `peak_rss_growth_mb` is over the process before the first record.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyrage

from crm_bridge.clock import SystemClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot, SnapshotPart
from crm_bridge.vault import Vault

BLOCK = random.Random(1).randbytes(1 << 20)
BATCH = 500


class Keys(dict[str, str]):
    """A keyring in memory."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self[name] = value


def record(number: int) -> bytes:
    """Return about 2.2 KB that look like a contract."""
    return b'{"id":"%019d","Name":"HT-%06d","filler":"%s"}' % (number, number, BLOCK[:1080].hex().encode())


def content(size: int) -> Iterator[bytes]:
    """Yield an attachment in pieces, as a download does."""
    for start in range(0, size, 65_536):
        yield BLOCK[start % 983_040 :][: min(65_536, size - start)]


def snapshots(records: int, attachments: int, size: int) -> Iterator[Snapshot]:
    """Yield contracts; the attachments are spread evenly over them."""
    every = max(1, records // attachments) if attachments else records + 1
    for number in range(records):
        files: tuple[Attachment, ...] = ()
        if attachments and number % every == 0 and number // every < attachments:
            files = (Attachment(f"f{number}", "附件.pdf", size, "attachments", lambda: content(size)),)
        part = SnapshotPart(PartKind.DETAIL, "Items", b'[{"sku":"A-1","qty":2}]')
        yield Snapshot(ContractRef("Contracts", f"{number:019d}"), f"{number:064x}", record(number), (part,), files)


class Pieces:
    """A file-like object over chunks, as little as age needs."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        """Read from `chunks`."""
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""
        if not self._rest:
            self._rest = next(self._chunks, b"")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class Watch:
    """Measures steps one after the other: seconds on the wall, and of the processor."""

    def __init__(self) -> None:
        """Start."""
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def step(self) -> tuple[float, float]:
        """Return both since the last step."""
        before = self.wall, self.cpu
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self.wall - before[0], self.cpu - before[1]


Step = tuple[float, float]


def age_alone(folder: Path, records: int, attachments: int, size: int) -> tuple[Step, Step]:
    """Encrypt the same bytes with age and nothing else; return what that took, and what decrypting them took."""
    identity = pyrage.x25519.Identity.generate()
    recipients = [identity.to_public()]
    watch = Watch()
    number = 0
    waiting: list[bytes] = []

    def put(chunks: Iterator[bytes]) -> None:
        nonlocal number
        number += 1
        with open(folder / f"{number:06d}.age", "wb", buffering=1 << 18) as file:
            pyrage.encrypt_io(Pieces(chunks), file, recipients)
            file.flush()
            os.fsync(file.fileno())

    for snapshot in snapshots(records, attachments, size):
        for attachment in snapshot.attachments:
            put(attachment.chunks())
        waiting += [snapshot.record, b"\n", snapshot.parts[0].raw, b"\n"]
        if len(waiting) >= 4 * BATCH:
            put(iter([b"".join(waiting)]))
            waiting.clear()
    put(iter([b"".join(waiting)]))
    written = watch.step()
    with open(os.devnull, "wb") as nowhere:
        for path in folder.iterdir():
            with open(path, "rb") as file:
                pyrage.decrypt_io(file, nowhere, [identity])
    return written, watch.step()


def vault(folder: Path, records: int, attachments: int, size: int) -> tuple[Step, Step, int]:
    """Make a backup set; return what writing took, what closing took, and the sealed bytes."""
    store = Vault(folder, keys=Keys(), clock=SystemClock(), randomness=random.SystemRandom())
    watch = Watch()
    with store.begin(run="run", plan="plan", connection="bench", schema=b"{}", info={}) as writer:
        for snapshot in snapshots(records, attachments, size):
            writer.add(snapshot)
        writer.flush()
        written = watch.step()
        made = writer.close()
    return written, watch.step(), made.bytes


def peak_mb() -> float:
    """Return the largest resident size of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def best(rounds: Sequence[tuple[Step, Step, int] | tuple[Step, Step]]) -> tuple[Step, Step]:
    """Return the least that each step took, on the wall and of the processor, in any round."""
    first, second = [one[0] for one in rounds], [one[1] for one in rounds]
    return (
        (min(wall for wall, _cpu in first), min(cpu for _wall, cpu in first)),
        (min(wall for wall, _cpu in second), min(cpu for _wall, cpu in second)),
    )


def main() -> None:
    """Run each side `--rounds` times in turn and print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--attachments", type=int, default=1_000)
    parser.add_argument("--attachment-bytes", type=int, default=65_536)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure; default: the temporary one")
    chosen = parser.parse_args()
    shape = (chosen.records, chosen.attachments, chosen.attachment_bytes)
    before = peak_mb()
    ours: list[tuple[Step, Step, int]] = []
    growth = 0.0
    alone: list[tuple[Step, Step]] = []
    for _round in range(chosen.rounds):
        for side in ("vault", "age"):
            folder = Path(tempfile.mkdtemp(dir=chosen.folder))
            try:
                if side == "vault":
                    ours.append(vault(folder / "v", *shape))
                    growth = growth or peak_mb() - before
                else:
                    alone.append(age_alone(folder, *shape))
            finally:
                shutil.rmtree(folder)
    (write, write_cpu), (close, close_cpu) = best(ours)
    (age_write, age_write_cpu), (age_read, age_read_cpu) = best(alone)
    print(
        json.dumps(
            {
                "records": chosen.records,
                "attachments": chosen.attachments,
                "sealed_mb": round(ours[0][2] / 1e6, 1),
                "vault_write_s": round(write, 3),
                "vault_close_s": round(close, 3),
                "age_write_s": round(age_write, 3),
                "age_read_s": round(age_read, 3),
                "write_ratio": round(write / age_write, 2),
                "total_ratio": round((write + close) / (age_write + age_read), 2),
                "cpu_write_ratio": round(write_cpu / age_write_cpu, 2),
                "cpu_total_ratio": round((write_cpu + close_cpu) / (age_write_cpu + age_read_cpu), 2),
                "peak_rss_growth_mb": round(growth, 1),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
