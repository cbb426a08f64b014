"""Annotations: texts for people beside the contracts of a run, such as the CRM's own sentence. Sealed, best effort.

They decide nothing, and stand in no journal, log or error. A file that is damaged or cannot be written costs the texts.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crm_bridge.domain.canonical import canonical_bytes
from crm_bridge.errors import ConfigError
from crm_bridge.files import open_private
from crm_bridge.journal.store import Journal
from crm_bridge.pipeline.sealing import ValueSeal, seal_key
from crm_bridge.redaction import quoted
from crm_bridge.spi.adapter import Observation


@dataclass(frozen=True, slots=True)
class Annotation:
    """A text for people about one contract."""

    vendor_message: str = ""
    """The CRM's own sentence: one line, without secrets, at most 200 characters."""
    remark: str = ""
    """What we add: who has to approve, which list or file could not be read."""

    def over(self, earlier: Annotation) -> Annotation:
        """Return this annotation with the earlier text where it has none."""
        return Annotation(self.vendor_message or earlier.vendor_message, self.remark or earlier.remark)

    def __bool__(self) -> bool:
        """Return whether there is any text."""
        return bool(self.vendor_message or self.remark)


class Annotations:
    """The annotations of one run, by record id; the newest of a contract counts."""

    def __init__(self, folder: Path, run: str, journal: Journal, randomness: random.Random | None = None) -> None:
        """Read what an earlier process wrote; `folder` is that of the kept plans."""
        self._path = folder / f"{run}.annotations"
        self._seal = ValueSeal(seal_key(journal, "annotation-seal", run), randomness)
        self._by_id: dict[str, Annotation] = {}
        with suppress(OSError, ConfigError):
            self._read()

    def of(self, record_id: str) -> Annotation:
        """Return what was said about one contract, empty when nothing was."""
        return self._by_id.get(record_id, Annotation())

    def add(self, annotations: Mapping[str, Annotation]) -> None:
        """Keep some annotations. An annotation without any text changes nothing."""
        new = {i: one for i, given in annotations.items() if given and (one := given.over(self.of(i))) != self.of(i)}
        if not new:
            return
        self._by_id.update(new)
        lines = b"".join(self._line(record_id, one) for record_id, one in new.items())
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
            with os.fdopen(os.open(self._path, flags, 0o600), "ab") as file:
                file.write(lines)

    def _line(self, record_id: str, one: Annotation) -> bytes:
        sealed = self._seal.close({"vendor_message": one.vendor_message, "remark": one.remark}, record_id)
        return canonical_bytes({"id": record_id, "sealed": sealed}) + b"\n"

    def _read(self) -> None:
        with os.fdopen(open_private(self._path), "rb") as lines:
            for line in lines:
                # A process that died may have left half a line.
                with suppress(ValueError, KeyError, TypeError):
                    value = json.loads(line)
                    self._by_id[value["id"]] = Annotation(**self._seal.open(value["sealed"], value["id"]))


def remarks_of(observation: Observation) -> dict[str, Annotation]:
    """Return what a look adds about single contracts, such as who has to approve."""
    return {
        record_id: Annotation(remark=quoted(seen.note)) for record_id, seen in observation.places.items() if seen.note
    }
