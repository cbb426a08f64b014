"""How much the vault costs over age alone: the same bytes, the same number of files, the same syncs.

    python benchmarks/vault.py [--records 10000] [--attachments 1000] [--attachment-bytes 65536] [--folder DIR]

Prints one JSON object. `write_ratio` compares writing (add and flush) with age alone; `total_ratio` compares the
whole, with the read-back, decryption and comparison that age alone does not do, with age encrypting and decrypting.
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
from collections.abc import Iterator
from pathlib import Path

import pyrage

from crm_bridge.clock import SystemClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, Part, PartKind, Snapshot
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
        part = Part(PartKind.DETAIL, "Items", b'[{"sku":"A-1","qty":2}]')
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


def age_alone(folder: Path, records: int, attachments: int, size: int) -> tuple[float, float]:
    """Encrypt the same bytes with age and nothing else; return the seconds for that, and for decrypting them."""
    identity = pyrage.x25519.Identity.generate()
    recipients = [identity.to_public()]
    started = time.perf_counter()
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
    written = time.perf_counter() - started
    started = time.perf_counter()
    with open(os.devnull, "wb") as nowhere:
        for path in folder.iterdir():
            with open(path, "rb") as file:
                pyrage.decrypt_io(file, nowhere, [identity])
    return written, time.perf_counter() - started


def vault(folder: Path, records: int, attachments: int, size: int) -> tuple[float, float, int]:
    """Make a backup set; return the seconds for writing, for closing, and the sealed bytes."""
    store = Vault(folder, keys=Keys(), clock=SystemClock(), randomness=random.SystemRandom())
    started = time.perf_counter()
    with store.begin(run="run", plan="plan", connection="bench", schema=b"{}", info={}) as writer:
        for snapshot in snapshots(records, attachments, size):
            writer.add(snapshot)
        writer.flush()
        written = time.perf_counter() - started
        made = writer.close()
    return written, time.perf_counter() - started - written, made.bytes


def peak_mb() -> float:
    """Return the largest resident size of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    """Run each side `--rounds` times in turn and print the medians of the best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--attachments", type=int, default=1_000)
    parser.add_argument("--attachment-bytes", type=int, default=65_536)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure; default: the temporary one")
    chosen = parser.parse_args()
    shape = (chosen.records, chosen.attachments, chosen.attachment_bytes)
    before = peak_mb()
    ours: list[tuple[float, float, int]] = []
    growth = 0.0
    alone: list[tuple[float, float]] = []
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
    write, close, sealed = min(ours)
    age_write, age_read = min(alone)
    print(
        json.dumps(
            {
                "records": chosen.records,
                "attachments": chosen.attachments,
                "sealed_mb": round(sealed / 1e6, 1),
                "vault_write_s": round(write, 3),
                "vault_close_s": round(close, 3),
                "age_write_s": round(age_write, 3),
                "age_read_s": round(age_read, 3),
                "write_ratio": round(write / age_write, 2),
                "total_ratio": round((write + close) / (age_write + age_read), 2),
                "peak_rss_growth_mb": round(growth, 1),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
