"""Journals that nobody touched, of random shape: a check that finds anything here cries wolf."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.pin import Pin
from tests.journal.lab import Case, Lab, end_of_run, receipt_for


def untouched_cases(folder: Path, count: int) -> Iterator[Case]:
    """Make journals with one to five batches each, some with a change of keys, and leave them alone."""
    for number in range(count):
        randomness = random.Random(number)
        lab = Lab(folder / f"untouched-{number}", seed=number)
        with lab.open() as journal:
            for _batch in range(randomness.randrange(1, 6)):
                size = randomness.randrange(1, 5)
                entries = [NewEntry(f"note.{n}", body={"n": n, "text": "合同" * n}) for n in range(size)]
                (end,) = journal.append([*entries, end_of_run()])[-1:]
                if randomness.random() < 0.1:
                    journal.rotate_key()
            head = journal.head()
            pin, keys = Pin(head.size, head.root, journal.uuid), (journal.vkey,)
            receipt = receipt_for(journal, end.seq)
        yield Case("untouched", str(number), lab.export(), (0,), keys, pin, (head.note,), (receipt,))
        shutil.rmtree(lab.home)
