"""Runs commands with each standard stream on a terminal, a pipe, a file, or closed. One process, a fork a command.

Reads cases as JSON from standard input, writes what came out of each stream, and the exit codes, as JSON.
"""

from __future__ import annotations

import fcntl
import json
import os
import pkgutil
import pty
import select
import struct
import sys
import tempfile
import termios
import tty
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import crm_bridge
import crm_bridge_zoho

KINDS = ("terminal", "pipe", "file", "closed")
_SIZE = struct.pack("HHHH", 50, 100, 0, 0)


@dataclass
class Stream:
    """One standard stream of a child: the child's end, and what came out at ours."""

    theirs: int | None = None
    ours: int | None = None
    file: Any = None
    seen: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, kind: str, *, writes: bool) -> Stream:
        """Open one. What a child reads is empty, but for a terminal, where nothing is typed."""
        if kind == "closed":
            return cls()
        if kind == "terminal":
            ours, theirs = pty.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, _SIZE)
            tty.setraw(theirs)
            return cls(theirs, ours)
        if kind == "file":
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `text`
            return cls(file.fileno(), None, file)
        reading, writing = os.pipe()
        if writes:
            return cls(writing, reading)
        os.close(writing)
        return cls(reading)

    def release(self) -> None:
        """Close the child's end here, so that ours ends with the child."""
        if self.theirs is not None and self.file is None:
            os.close(self.theirs)

    def take(self) -> bool:
        """Read what is there; return False at the end."""
        assert self.ours is not None
        try:
            data = os.read(self.ours, 65536)
        except OSError:  # the last one on a terminal's other side has left
            data = b""
        self.seen += data
        return bool(data)

    def text(self) -> str:
        """Return all that came, and close it."""
        if self.file is not None:
            self.file.seek(0)
            self.seen += self.file.read()
            self.file.close()
        if self.ours is not None:
            os.close(self.ours)
        return self.seen.decode()


def run(words: Sequence[str], kinds: Sequence[str]) -> dict[str, Any]:
    """Run one command; return its exit code and what it wrote."""
    streams = [Stream.of(kind, writes=number > 0) for number, kind in enumerate(kinds)]
    child = os.fork()
    if child == 0:
        _become(words, streams)
    for stream in streams:
        stream.release()
    waiting = {stream.ours: stream for stream in streams[1:] if stream.ours is not None}
    while waiting:
        for ready in select.select(list(waiting), [], [])[0]:
            if not waiting[ready].take():
                del waiting[ready]
    _child, status = os.waitpid(child, 0)
    _stdin, out, err = (stream.text() for stream in streams)
    return {"code": os.waitstatus_to_exitcode(status), "out": out, "err": err}


def _become(words: Sequence[str], streams: Sequence[Stream]) -> None:
    from crm_bridge.cli.main import main

    code = 70
    try:
        os.setsid()
        for number, stream in enumerate(streams):
            if stream.theirs is None:
                os.close(number)
            else:
                os.dup2(stream.theirs, number)
        # As the interpreter leaves them at its start: a closed stream is None.
        sys.stdin, sys.stdout, sys.stderr = map(_as_at_the_start, range(3), streams)
        sys.argv = ["crm-bridge", *words]
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _as_at_the_start(number: int, stream: Stream) -> Any:
    mode = "w" if number else "r"
    return None if stream.theirs is None else os.fdopen(number, mode, encoding="utf-8", closefd=False)


def _import_everything() -> None:
    """Import once what every child would import for itself."""
    for package in (crm_bridge, crm_bridge_zoho):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(("crm_bridge.testing", "crm_bridge.sandbox", "crm_bridge.__main__")):
                import_module(module.name)
    for name in ("rich.progress", "rich.table"):
        import_module(name)


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    _import_everything()
    print(json.dumps([run(case["words"], case["kinds"]) for case in cases]))
