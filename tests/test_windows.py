"""Native Windows is refused in one sentence, before anything is opened or sent; the code has no branch for it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What Python on Windows lacks is taken away after click is there, which would look for a Windows console.
WINDOWS = """
import click, sys
for missing in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[missing] = None
sys.platform = "win32"
"""


def on_windows(program: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WINDOWS + program],
        capture_output=True,
        text=True,
        env={"CRM_BRIDGE_HOME": str(home), "CRM_BRIDGE_LANG": "en", "PATH": ""},
    )


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["demo"], ["apply", "some.plan"], ["status"], ["delete", "zoho-eu", "HT-1"]]
)
def test_every_command_is_refused_in_one_sentence_that_names_wsl(words: list[str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = on_windows(f"from crm_bridge.cli.main import main; main({words!r})", home)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "Linux and macOS" in line
    assert "WSL" in line
    assert not home.exists()


def test_python_is_refused_with_the_same_sentence(tmp_path: Path) -> None:
    done = on_windows("from crm_bridge import Bridge", tmp_path / "home")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("crm_bridge.errors.UsageError: crm_bridge runs on Linux and macOS")


def test_no_code_asks_for_windows_but_the_refusal() -> None:
    asks = re.compile(r"win32|msvcrt|os\.name|getattr\(os,")
    files = [*(ROOT / "crm_bridge").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]
    assert [path.name for path in files if asks.search(path.read_text("utf-8"))] == ["platforms.py"]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_the_systems(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert [name for name in ("Linux", "macOS", "WSL") if name not in text] == []
