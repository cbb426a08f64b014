"""Measure what hostile answers cost: a 500 MB bomb, 10^5 levels of nesting, one byte a second.

    python sweeps/hostile_answers.py [--quick]

Every answer must be refused for its own reason within its deadline, with at most 50 MB more memory. `--quick` shortens
the deadline of the slow ones to 3 s. Ends with 1 when a limit was passed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import socket
import sys
import threading
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crm_bridge.clock import SystemClock  # noqa: E402
from crm_bridge.errors import CrmBridgeError  # noqa: E402
from crm_bridge.transport import Budget, Call, Purpose, Timeouts, Transport  # noqa: E402

MOST_MB = 50
SLACK_SECONDS = 3.0
BOMB = 500 * 1024 * 1024
REASONS = {"bomb": "oversize", "deep": "depth", "endless": "oversize", "drip": "deadline", "headers": "deadline"}


def gzip_bomb() -> bytes:
    """Return a JSON text of 500 MB, packed, without ever holding it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b'{"data":"')]
    parts += [packer.compress(b"0" * 1024 * 1024) for _ in range(BOMB // 1024 // 1024)]
    return b"".join([*parts, packer.compress(b'"}'), packer.flush()])


def answer(body: bytes, *more: str) -> bytes:
    """Return a complete answer."""
    head = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", *more]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def serve(listening: socket.socket) -> None:
    """Answer by path, in a process of its own, so that its memory is not ours."""
    bomb = answer(gzip_bomb(), "Content-Encoding: gzip")
    deep = answer(b"[" * 100_000 + b"]" * 100_000)
    plain = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    while True:
        connection = listening.accept()[0]
        threading.Thread(target=_one, args=(connection, bomb, deep, plain), daemon=True).start()


def _one(connection: socket.socket, bomb: bytes, deep: bytes, plain: bytes) -> None:
    try:
        path = connection.recv(65536).split(b" ")[1]
        if path == b"/bomb":
            connection.sendall(bomb)
        elif path == b"/deep":
            connection.sendall(deep)
        elif path == b"/endless":
            connection.sendall(plain)
            while True:
                connection.sendall(b" " * 65536)
        elif path == b"/drip":
            _drip(connection, plain + b" " * 1000)
        else:
            _drip(connection, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000)
    except OSError:
        pass
    finally:
        connection.close()


def _drip(connection: socket.socket, data: bytes) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(1)


def peak_mb() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(transport: Transport, origin: str, path: str, deadline: float) -> bool:
    """Ask once, print what it cost, and say whether that was within the limits."""
    before, begun, reason = peak_mb(), time.monotonic(), "accepted"
    call = Call("DELETE", f"{origin}/{path}", f"DELETE /{path}", Purpose.DESTROY)
    try:
        transport.send(call).json()
    except CrmBridgeError as error:
        reason = error.reason
    took, grown = time.monotonic() - begun, peak_mb() - before
    good = reason == REASONS[path] and took <= deadline + SLACK_SECONDS and grown <= MOST_MB
    print(f"{path:10} {reason:16} {took:6.1f} s of {deadline:g}  +{grown:5.1f} MB  {'ok' if good else 'WRONG'}")
    return good


def main() -> int:
    """Run every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    timeouts = Timeouts(read=3.0, total=3.0) if parser.parse_args().quick else Timeouts()
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listening,), daemon=True)
    server.start()
    good = []
    for path in REASONS:
        # One connection each: the server closes after every answer.
        with Transport(
            name="hostile",
            origins=(origin,),
            clock=SystemClock(),
            randomness=random.Random(7),
            budget=Budget(),
            timeouts=timeouts,
        ) as transport:
            good.append(measure(transport, origin, path, timeouts.total))
    server.terminate()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
