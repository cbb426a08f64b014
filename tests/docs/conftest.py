"""A new user's shell: the commands of a page, one after the other, in an empty folder."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600.0


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced code blocks of a page in one language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """Return the commands of a page: the lines after `$ ` in its console blocks."""
    return [line[2:] for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]


class User:
    """Types commands into a shell whose working folder is new."""

    def __init__(self, folder: Path, language: str) -> None:
        shim = folder / "bin" / "crm-bridge"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m crm_bridge.cli.main "$@"\n')
        shim.chmod(0o755)
        self.folder = folder / "work"
        self.folder.mkdir()
        path = os.pathsep.join([str(ROOT), str(ROOT / "adapters"), os.environ.get("PYTHONPATH", "")])
        self.env = {
            **os.environ,
            "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": path,
            "CRM_BRIDGE_LANG": language,
            "PWD": str(self.folder),
        }
        self.background: list[subprocess.Popen[bytes]] = []

    def serve(self, command: str) -> None:
        """Start a command that stays, and wait until it says that it listens."""
        process = subprocess.Popen(
            command, shell=True, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, start_new_session=True
        )
        self.background.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"{")

    def type(self, command: str) -> str:
        """Run one command to its end and return what it printed. It must succeed."""
        if export := re.fullmatch(r"export (\w+)=(.*)", command):
            self.env[export[1]] = export[2].replace("$PWD", str(self.folder)).strip('"')
            return ""
        done = subprocess.run(
            command, shell=True, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def confirm(self, command: str) -> str:
        """Run a command on a terminal and type the phrase that it shows."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            command, shell=True, cwd=self.folder, env=self.env, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = self._read(ours, until=b"\n> ")
        phrase = re.search(r"DELETE \d+ \S+ [0-9a-f]{6}", shown)
        assert phrase, shown
        os.write(ours, phrase[0].strip().encode() + b"\n")
        shown += self._read(ours, until=None)
        assert process.wait(PATIENCE) == 0, shown
        os.close(ours)
        return shown

    @staticmethod
    def _read(terminal: int, until: bytes | None) -> str:
        seen = b""
        while until is None or until not in seen:
            ready, _writable, _odd = select.select([terminal], [], [], PATIENCE)
            try:
                piece = os.read(terminal, 65536) if ready else b""
            except OSError:  # the other side is closed: on Linux an error, not an empty read
                piece = b""
            if not piece:
                break
            seen += piece
        return seen.decode(errors="replace")

    def leave(self) -> None:
        """Stop what is still running."""
        for process in self.background:
            os.killpg(process.pid, 15)
            process.communicate(timeout=PATIENCE)


@pytest.fixture
def user(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[User]:
    """A new user who reads the language that the test names."""
    user = User(tmp_path, getattr(request, "param", "en"))
    yield user
    user.leave()
