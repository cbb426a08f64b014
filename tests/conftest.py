"""No test speaks with anything but this machine: whoever tries is stopped, and the test fails."""

from __future__ import annotations

import gc
import ipaddress
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from crm_bridge import redaction

# Where the package is installed, they are found by themselves, under the same names.
pytest_plugins = [f"{room}.pytest_plugin" for room in ("crm_bridge.testing", "crm_bridge_zoho", "crm_bridge_fxiaoke")]

# How long it takes to make examples says how busy the machine is, not whether the code is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

NAMES = frozenset({"", "localhost"})
MEMORY, ROOM = "/dev/shm", 2 << 30
_tried: list[str] = []


class LeftTheMachineError(OSError):
    """What the code under test sees: as an OSError, like a network that is not there."""


def is_here(host: object) -> bool:
    """Return whether a host is this machine. An unspecified address is: it is listened on, or means loopback."""
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text.lower() in NAMES
    return address.is_loopback or address.is_unspecified


def asks_nobody(host: object) -> bool:
    """Return whether a host is an address already, in any spelling of the C library: nobody is asked for it."""
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
    try:
        socket.inet_aton(text)
    except OSError:
        return ":" in text
    return True


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop connections, datagrams and questions to a name server that would leave the machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
        if asks_nobody(host):
            return
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple):  # a socket file, or a datagram to where the socket is connected already
            return
        host = address[0]
    else:
        return
    if not is_here(host):
        _tried.append(f"{event} {host!r}")
        raise LeftTheMachineError(f"a test tried to reach {host!r}")


def keep_files_in_memory() -> None:
    """Put temporary files where a sync takes no time, if there is room and no other place was chosen.

    A killed process loses nothing there that it would keep on a disk; a machine that loses power is no test's subject.
    """
    chosen = "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK)
    if not chosen and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = MEMORY


def pytest_configure() -> None:
    """Watch from before the first import of a test to the end of the process."""
    sys.addaudithook(watch)
    keep_files_in_memory()


def pytest_collection_finish() -> None:
    """Look for garbage more rarely, and never in what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@pytest.fixture(autouse=True, scope="module")
def secrets_of_other_modules_are_forgotten() -> None:
    """Every text that is shown is searched for every secret of the process, and each sandbox brings new ones."""
    redaction._known.clear()


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine() -> Iterator[None]:
    """Fail the test that tried, even where the code under test took the error for a network that is down."""
    del _tried[:]
    yield
    tried = list(_tried)
    del _tried[:]
    assert tried == [], "tests speak with this machine only"
