"""Decrypting a large file piece by piece: age pushes, the reader pulls, and nothing touches the disk."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread

import pyrage

from crm_bridge.vault.crypto.seal import IN_ONE_PIECE, Identity, Sealed, Sink, Source, damaged, unseal
from crm_bridge.vault.disk import open_file, read_chunks

_PIECE = 256 * 1024


class _Pipe(Sink):
    """Collects small writes into pieces for the reader; a reader that went away ends the decryption."""

    def __init__(self, pieces: Queue[bytes | None], gone: Event) -> None:
        super().__init__()
        self._pieces = pieces
        self._gone = gone
        self._held = bytearray()

    def write(self, data: bytes, /) -> int:
        if self._gone.is_set():
            raise BrokenPipeError("the reader went away")
        super().write(data)
        self._held += data
        if len(self._held) >= _PIECE:
            self.push()
        return len(data)

    def push(self) -> None:
        self._pieces.put(bytes(self._held))
        self._held.clear()


def unseal_chunks(path: Path, *, identity: Identity, expected: Sealed, name: str) -> Iterator[bytes]:
    """Yield the plaintext of a sealed file. Raises BackupError, at the latest after the last piece.

    Small files are compared before anything is yielded. Of a large one every piece is authentic (age seals each
    64 KiB), but only the end shows whether all came: throw away what you did with it when this raises.
    """
    if expected.plain_bytes <= IN_ONE_PIECE:
        found, plain = unseal(path, identity=identity, name=name)
        if found != expected:
            raise damaged(name)
        yield plain
        return
    found = yield from _pump(path, identity, name)
    if found != expected:
        raise damaged(name)


def _pump(path: Path, identity: Identity, name: str) -> Generator[bytes, None, Sealed]:
    pieces: Queue[bytes | None] = Queue(maxsize=4)
    gone = Event()
    pipe = _Pipe(pieces, gone)
    result: list[Sealed] = []

    def decrypt() -> None:
        # Whatever goes wrong here leaves `result` empty, and the reader says "damaged".
        with suppress(OSError, pyrage.DecryptError), open_file(path) as file:
            source = Source(read_chunks(file))
            pyrage.decrypt_io(source, pipe, [identity])
            pipe.push()
            result.append(Sealed(source.hex(), source.count, pipe.hex(), pipe.count))
        pieces.put(None)

    worker = Thread(target=decrypt, name="vault-unseal", daemon=True)
    worker.start()
    try:
        while (piece := pieces.get()) is not None:
            yield piece
    finally:
        gone.set()
        while worker.is_alive():
            with suppress(Empty):
                pieces.get(timeout=0.05)
    if not result:
        raise damaged(name)
    return result[0]
