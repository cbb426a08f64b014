"""Everything public comes from one place, cheaply."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import crm_bridge
from crm_bridge import errors
from crm_bridge.errors import CrmBridgeError
from crm_bridge.exit_codes import ExitCode

if TYPE_CHECKING:
    # Unused where a misspelt name is legal: then the type checker fails here.
    from crm_bridge import Brigde  # type: ignore[attr-defined]  # noqa: F401

ALIASES = ("Confirm", "Filter", "Progress")
"""Described where they are defined."""


def test_every_public_name_can_be_loaded_and_says_what_it_is() -> None:
    for name in crm_bridge.__all__:
        found = getattr(crm_bridge, name)
        assert name in ("__version__", *ALIASES) or inspect.getdoc(found), name


def test_public_names_are_completed_and_a_misspelt_one_is_an_error() -> None:
    assert {*crm_bridge.__all__} == {*dir(crm_bridge)}
    with pytest.raises(AttributeError, match="Brigde"):
        _ = crm_bridge.Brigde  # type: ignore[attr-defined]


def test_the_package_runs_as_the_command_line() -> None:
    words = [sys.executable, "-m", "crm_bridge", "--version"]
    assert crm_bridge.__version__ in subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, crm_bridge; print([m for m in sys.modules if m.split('.')[0] in "
    code += "('requests', 'pydantic', 'cryptography', 'keyring', 'rich', 'sqlite3', 'pyrage')])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == "[]"


def test_every_error_knows_its_exit_code_and_is_drawn_in_the_tree() -> None:
    kinds = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, CrmBridgeError)]
    for kind in kinds:
        assert kind.exit_code in set(ExitCode) - {ExitCode.OK}
        assert kind.__name__ in (errors.__doc__ or "")


def test_help_loads_click_only() -> None:
    code = "import sys, crm_bridge.cli.main as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
    code += "print([x for x in sys.modules if x in ('requests', 'pydantic', 'cryptography', 'keyring', 'rich')])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip().splitlines()[-1] == "[]"
