"""Our store against a real Secret Service: gnome-keyring under a D-Bus of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = ("dbus-run-session", "gnome-keyring-daemon")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
INSTALLED = pytest.mark.skipif(bool(MISSING), reason=f"Debian packages gnome-keyring and dbus: no {', '.join(MISSING)}")
SESSION = """
printf 'a password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
exec "$@"
"""


def in_a_session(home: Path, *arguments: str, script: str = SESSION) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("DBUS_", "XDG_", "PYTHON_KEY"))},
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, "sh", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "h"
    folder.mkdir(mode=0o700)
    return folder


@INSTALLED
def test_the_real_secret_service_keeps_gives_and_forgets(home: Path) -> None:
    program = Path(__file__).with_name("secret_service.py")
    done = in_a_session(home, sys.executable, str(program), str(home))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "name": "keyring: SecretService",
        "kept": "s3cret 合同",
        "second": "second",
        "other": False,
        "gone": True,
        "long": 1200,
        "plain": False,
    }


KEEP = """
from crm_bridge.credentials import open_keyring
for item in ("client_id", "client_secret", "refresh_token"):
    open_keyring(environ={}).set("prod", item, f"c4n4ry {item}")
"""


@INSTALLED
@pytest.mark.parametrize("hijack", ["", "keyring.backends.null.Keyring", "keyring.backends.fail.Keyring", "os.system"])
def test_the_command_line_names_the_real_store_whatever_the_environment_says(home: Path, hijack: str) -> None:
    state = home / "state"
    state.mkdir(mode=0o700)
    (state / "config.toml").write_text('[connections.prod]\nadapter = "zoho"\ndata_center = "eu"\n')
    command = (
        f'"$1" -c "$2" && PYTHON_KEYRING_BACKEND={hijack} "$1" -m crm_bridge.cli.main --home "$3" --json auth status'
    )
    done = in_a_session(home, sys.executable, KEEP, str(state), script=SESSION.replace('exec "$@"', command))
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["secrets"]
    assert {row["store"] for row in rows} == {"keyring: SecretService"}
    assert len(rows) == 3
    assert "c4n4ry" not in done.stdout + done.stderr


@INSTALLED
def test_without_a_secret_service_the_command_line_says_so_and_keeps_nothing(home: Path) -> None:
    state = home / "state"
    state.mkdir(mode=0o700)
    (state / "config.toml").write_text('[connections.prod]\nadapter = "zoho"\ndata_center = "eu"\n')
    done = in_a_session(
        home,
        *(sys.executable, "-m", "crm_bridge.cli.main", "--home", str(state), "--json", "auth", "status", "prod"),
        script='exec "$@"',
    )
    assert done.returncode == 1
    problems = {row["problem"] for row in json.loads(done.stdout)["secrets"]}
    assert len(problems) == 1
    assert "keyring" in problems.pop()
    assert [path.name for path in state.iterdir()] == ["config.toml"]
