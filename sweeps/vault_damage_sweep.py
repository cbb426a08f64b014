"""Damage a backup set in every way and at many positions, and count how often that goes unnoticed.

    python sweeps/vault_damage_sweep.py [--positions 12] [--seed 1]

For every file of a set, key slot and tag files included: flip, truncate, insert, append, zero out and exchange parts
at `--positions` random positions; exchange every two files of a set, and every file with its twin in another set. The
set must be refused each time both by reading it (as a restore does) and by `check`, and no plaintext be left on disk.

sweeps/damaged_runs.py does the same to the backups of whole deletions. Prints one JSON object; the exit code is 1 if
anything went unnoticed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from crm_bridge.clock import SystemClock
from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.snapshot import Attachment, PartKind, Snapshot, SnapshotPart
from crm_bridge.errors import BackupError
from crm_bridge.vault import BackupSet, Vault

CANARY = "CANARY-机密-4711".encode()
AGE_CHUNK = 65_552

Change = Callable[[bytearray, random.Random], None]


class Keys(dict[str, str]):
    """A keyring in memory."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self[name] = value


def _flip(data: bytearray, dice: random.Random) -> None:
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _truncate(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data)) :]


def _append(data: bytearray, dice: random.Random) -> None:
    data += dice.randbytes(dice.randrange(1, 100))


def _insert(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    data[at:at] = dice.randbytes(dice.randrange(1, 100))


def _cut_out(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    del data[at : at + dice.randrange(1, 100)]


def _zero(data: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(data))
    data[at : at + 512] = bytes(len(data[at : at + 512]))


def _swap_chunks(data: bytearray, dice: random.Random) -> None:
    size = AGE_CHUNK if len(data) > 3 * AGE_CHUNK else max(1, len(data) // 3)
    one, other = sorted(dice.sample(range(len(data) // size), 2))
    first, second = data[one * size : (one + 1) * size], data[other * size : (other + 1) * size]
    data[one * size : (one + 1) * size], data[other * size : (other + 1) * size] = second, first


CHANGES: dict[str, Change] = {
    "flip": _flip,
    "truncate": _truncate,
    "append": _append,
    "insert": _insert,
    "cut out": _cut_out,
    "zero": _zero,
    "swap chunks": _swap_chunks,
}


def make_set(vault: Vault, run: str) -> BackupSet:
    """Back up 600 contracts in two batches, with one large, one middle and many small attachments."""
    sizes = {1: 1_000, 2: 200_000, 3: 1_500_000} | dict.fromkeys(range(4, 14), 500)
    with vault.begin(run=run, plan="p", connection="c", schema=CANARY, info={"reason": CANARY.decode()}) as writer:
        for number in range(600):
            content = CANARY * (sizes.get(number, 0) // len(CANARY))
            file = Attachment("f", CANARY.decode(), len(content), "a", lambda content=content: iter([content]))  # type: ignore[misc]
            part = SnapshotPart(PartKind.NOTE, "Notes", CANARY)
            ref = ContractRef("Contracts", f"{run}{number}")
            writer.add(Snapshot(ref, "0" * 64, CANARY * 3, (part,), (file,) if content else ()))
        return writer.close()


def refused_by_reading(vault: Vault, set_id: str) -> bool:
    """Return whether reading all of a set, as a restore does, raises BackupError."""
    try:
        opened = vault.open(set_id)
        opened.schema()
        for snapshot in opened.snapshots():
            for attachment in snapshot.attachments:
                for _piece in attachment.chunks():
                    pass
    except BackupError:
        return True
    return False


Damage = tuple[str, dict[Path, bytes]]
"""What was done, and the new content of the files to which it was done."""


def damages(made: BackupSet, other: BackupSet, positions: int, dice: random.Random) -> Iterator[Damage]:
    """Yield every damage to one set."""
    files = sorted(path for path in made.path.rglob("*") if path.is_file())
    for path in files:
        original = path.read_bytes()
        for what, change in CHANGES.items():
            for _position in range(positions):
                data = bytearray(original)
                change(data, dice)
                if bytes(data) != original:
                    yield what, {path: bytes(data)}
        if (replaced := (other.path / path.relative_to(made.path)).read_bytes()) != original:
            yield "file of another set", {path: replaced}
    for one, two in combinations(files, 2):
        yield "swap files", {one: two.read_bytes(), two: one.read_bytes()}


def sweep(folder: Path, positions: int, dice: random.Random) -> dict[str, object]:
    """Do every damage, restore the file each time, and count."""
    vault = Vault(folder / "vault", keys=Keys(), clock=SystemClock(), randomness=random.SystemRandom())
    made, other = make_set(vault, "a"), make_set(vault, "b")
    tried: Counter[str] = Counter()
    missed: list[str] = []
    plaintext = 0
    for what, changed in damages(made, other, positions, dice):
        originals = {path: path.read_bytes() for path in changed}
        where = ", ".join(path.relative_to(made.path).as_posix() for path in changed)
        for path, data in changed.items():
            path.write_bytes(data)
        if not refused_by_reading(vault, made.id):
            missed.append(f"{what} of {where}: read")
        if vault.check(made.id).ok:
            missed.append(f"{what} of {where}: check")
        plaintext += sum(CANARY in path.read_bytes() for path in folder.rglob("*") if path.is_file())
        for path, data in originals.items():
            path.write_bytes(data)
        tried[what] += 1
    return {
        "damages": tried.total(),
        "by_kind": dict(tried),
        "unnoticed": missed,
        "plaintext_files": plaintext,
        "intact_set_still_good": vault.check(made.id).ok and not refused_by_reading(vault, made.id),
    }


def main() -> int:
    """Run the sweep in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, default=12, help="positions for each kind of damage in each file")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = sweep(Path(folder), chosen.positions, random.Random(chosen.seed))
    print(json.dumps(found, indent=1, ensure_ascii=False))
    return 1 if found["unnoticed"] or found["plaintext_files"] or not found["intact_set_still_good"] else 0


if __name__ == "__main__":
    sys.exit(main())
