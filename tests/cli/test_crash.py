"""A defect of ours names its place and keeps what it was working on to itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crm_bridge.cli.terminal.crash import crash_report


def test_a_crash_shows_type_and_place_but_no_value() -> None:
    secret = "1000.c4n4ry"
    try:
        dict[str, str]()[secret]
    except KeyError as error:
        shown = crash_report(error)
    assert "KeyError" in shown.message
    assert "test_crash.py:" in shown.message
    assert secret not in f"{shown.message}{shown.hint}{shown!r}"
    assert shown.exit_code == 1


PLACES = {
    "the program": "raise KeyError(SECRET)",
    "a thread": "import threading; t = threading.Thread(target=lambda: {}[SECRET]); t.start(); t.join()",
    "a finalizer": "Leaky = type('Leaky', (), {'__del__': lambda self: {}[SECRET]}); Leaky()",
    "the way out": "import atexit; atexit.register(lambda: {}[SECRET])",
}


@pytest.mark.parametrize("place", PLACES)
def test_what_nobody_catches_is_one_line_without_a_value(place: str) -> None:
    program = f"""
from crm_bridge.cli.terminal.crash import install_crash_hooks
install_crash_hooks()
SECRET = "1000." + "c4n4ry" * 2
{PLACES[place]}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "internal error: KeyError at <string>:" in done.stderr
    assert "c4n4ry" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_thread_that_ends_itself_is_no_error() -> None:
    program = """
import sys, threading
from crm_bridge.cli.terminal.crash import install_crash_hooks
install_crash_hooks()
t = threading.Thread(target=sys.exit)
t.start()
t.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
