"""What a process loads before it needs it is time that every command takes: named modules stay away. No times here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crm_bridge.sandbox.serve import SandboxOptions, sandbox

HTTP = ("requests", "urllib3", "ssl", "http.client")
CHECKS = ("pydantic", "pydantic_core")
KEYS = ("cryptography", "pyrage", "keyring", "sqlite3")
OURS = ("crm_bridge.journal", "crm_bridge.vault", "crm_bridge.transport", "crm_bridge.pipeline.deleting.delete")
SHOWN = ("rich", "openpyxl", "xlsxwriter")

FIRST_CALL = """
import os, sys
import crm_bridge.failpoints
def first(name):
    if name.startswith("call."):
        print(*sorted(sys.modules), flush=True)
        os._exit(0)
crm_bridge.failpoints.hit = first
from crm_bridge.cli.main import main
main()
"""


def loaded(code: str, *words: str) -> set[str]:
    """Return the modules that are loaded at the end of a program."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("words", ["--version", "--help"])
def test_what_needs_no_crm_loads_no_client_and_no_keys(words: str) -> None:
    code = "import sys\nfrom crm_bridge.cli.main import main\ntry: main()\nexcept SystemExit: pass\nprint(*sys.modules)"
    assert not loaded(code, words) & {*HTTP, *CHECKS, *KEYS, *OURS, *SHOWN}


def test_the_names_that_programs_import_load_what_they_need_when_they_are_used() -> None:
    code = "import sys\nfrom crm_bridge import Bridge, where\nwhere.amount > 5\nprint(*sys.modules)"
    assert not loaded(code) & {*HTTP, *CHECKS, *KEYS, *OURS, *SHOWN}


def test_a_listing_sends_its_first_call_without_journal_vault_and_what_deletes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home, count=3)):
        modules = loaded(FIRST_CALL, "find", "zoho-sandbox", "--home", str(home))
    assert "requests" in modules
    never = {"sqlite3", "tenacity", "crm_bridge.vault", "crm_bridge.journal.store", "crm_bridge.spreadsheets.lists"}
    assert not modules & {*SHOWN, *never}
    assert not {one for one in modules if one.startswith("crm_bridge.pipeline.")} - {
        "crm_bridge.pipeline.find",
        "crm_bridge.pipeline.stopping",
    }
