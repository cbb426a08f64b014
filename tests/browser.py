"""Debian's chromium without a window, driven over a pipe (the DevTools protocol): it opens reports as people would."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

BROWSER = shutil.which("chromium")
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="there is no chromium on this machine (.ci/run installs it where it may)"
)
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    "--remote-debugging-pipe",
)


class Tab:
    """One page that was opened: what it asked the network for, and what its own script answers."""

    def __init__(self, sending: int, receiving: int) -> None:
        """Speak over these two pipes."""
        self._sending, self._receiving, self._left = sending, receiving, b""
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.requests: list[str] = []
        """Addresses that were asked for, the page's own left out."""
        self.complaints: list[str] = []
        """What the browser wrote to its console: errors of the script, and what the page's policy refused."""

    def open(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a file of this machine in a window of `width` pixels, and wait until it is there."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for name in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{name}.enable")
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._address = path.resolve().as_uri()
        self.call("Page.navigate", url=self._address)
        self.ask("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))")

    def resize(self, width: int, height: int = 900) -> None:
        """Make the window so wide: below 500 pixels, as a telephone is."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 500)  # fmt: skip

    def ask(self, script: str) -> Any:
        """Return what a script of the page comes to."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def type_into(self, selector: str, words: str) -> None:
        """Type words with the keyboard."""
        self.ask(f"document.querySelector({json.dumps(selector)}).select()")
        self.call("Input.insertText", text=words)

    def screenshot(self, path: Path) -> Path:
        """Write a picture of what the window shows (PNG)."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return path

    def printed(self) -> bytes:
        """Return the page as it is printed (PDF)."""
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    def call(self, method: str, **parameters: object) -> Any:
        """Send one command and return its result; events that come before it are kept."""
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if self._session and not method.startswith("Target."):
            message["sessionId"] = self._session
        os.write(self._sending, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self._take(answer)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _take(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent" if (asked := told["request"]["url"]) != self._address:
                self.requests.append(asked)
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"].get("exception", {}).get("description")))
            case "Log.entryAdded":
                self.complaints.append(told["entry"]["text"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            read = os.read(self._receiving, 1 << 20)
            assert read, "the browser ended"
            self._left += read
        message, self._left = self._left.split(b"\0", 1)
        value: dict[str, Any] = json.loads(message)
        return value


@contextmanager
def browser() -> Iterator[Tab]:
    """Yield a browser of its own, with a profile that is thrown away."""
    assert BROWSER is not None
    (their_in, our_out), (our_in, their_out) = (map(_high, os.pipe()) for _pipe in "io")
    nothing = os.open(os.devnull, os.O_RDWR)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Chromium reads commands from file 3 and answers at file 4.
        files = [(their_in, 3), (their_out, 4), (nothing, 1), (nothing, 2)]
        process = os.posix_spawn(
            BROWSER,
            [BROWSER, *_OPTIONS, f"--user-data-dir={profile}"],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, *pair) for pair in files],
        )
        for one in (their_in, their_out, nothing):
            os.close(one)
        try:
            yield Tab(our_out, our_in)
        finally:
            with suppress(OSError):
                os.write(our_out, b'{"id":0,"method":"Browser.close"}\0')
            while os.read(our_in, 1 << 16):  # until it has ended
                pass
            os.waitpid(process, 0)
            os.close(our_out)
            os.close(our_in)


def _high(file: int) -> int:
    """Return the same file under a number that is none of those that the browser expects."""
    moved = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(file)
    return moved
