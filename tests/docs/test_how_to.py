"""The how-to pages about backups, typed in order by somebody with the sandbox of the README."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT, User, blocks, commands

AGE = """#!{python}
# Stands in for `age -d -i IDENTITY FILE` where the stock tool is not installed.
import sys, pyrage
decrypt, with_identity, identity, path = sys.argv[1:]
assert (decrypt, with_identity) == ("-d", "-i")
lines = [line for line in open(identity).read().splitlines() if not line.startswith("#")]
data = pyrage.decrypt(open(path, "rb").read(), [pyrage.x25519.Identity.from_str(lines[0])])
sys.stdout.buffer.write(data)
"""


@pytest.fixture
def home(user: User) -> Path:
    """The sandbox of the README, with one plan that was carried out."""
    user.serve("crm-bridge sandbox serve --count 60 --write-home sandbox-home")
    user.type("export CRM_BRIDGE_HOME=$PWD/sandbox-home")
    return user.folder / "sandbox-home"


def sets(user: User) -> list[str]:
    return [one["set"] for one in json.loads(user.type("crm-bridge vault list --json"))["sets"]]


def test_backing_up_works_as_it_is_written(user: User, home: Path) -> None:
    page = "docs/how-to/back-up.md"
    first, *rest = commands(page)
    user.type(first)
    (made,) = sets(user)
    for command in rest:
        # A folder of the test's own in place of the one that the page names.
        here = command.replace("file:///tmp/", f"file://{user.folder}/")
        user.type(re.sub(r"\bSET\b", made, here))
    assert (user.folder / "expired.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert json.loads((user.folder / "expired.jsonl").read_text("utf-8").splitlines()[0])["status"] == "Expired"
    (script,) = blocks(page, "sh")
    plain = read_with_age(user, home, script.replace("SET", made))
    assert json.loads((plain / "set.json").read_text())["set"] == made
    assert json.loads((plain / "schema.json").read_text())["module"] == "Contracts"
    wanted = json.loads((plain / "records").read_bytes().splitlines()[1])["id"]
    assert json.loads(cut_out(plain / "records", wanted))["id"] == wanted


def read_with_age(user: User, home: Path, script: str) -> Path:
    """Run the page's script with nothing but the set and the master key."""
    work = user.folder / "work"
    work.mkdir()
    master = user.folder / "master.txt"
    master.write_text(json.loads((home / "keyring.json").read_text())["@keys/backup-identity"] + "\n")
    shim = user.folder.parent / "bin" / "age"
    if shutil.which("age") is None:
        shim.write_text(AGE.format(python=sys.executable))
        shim.chmod(0o755)
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        env={
            **os.environ,
            "PATH": user.env["PATH"],
            "CRM_BRIDGE_HOME": str(home),
            "MASTER": str(master),
            "WORK": str(work),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    return work


def cut_out(records: Path, wanted: str) -> bytes:
    """Run the example of the format page."""
    (example,) = blocks("docs/reference/vault-format.md", "python")
    return subprocess.run([sys.executable, "-c", example, records, wanted], capture_output=True, check=True).stdout


def test_restoring_works_as_it_is_written(user: User, home: Path) -> None:
    page = "docs/how-to/restore.md"
    user.type("""crm-bridge plan zoho-sandbox --where 'status = "Expired" and amount < 60000' -o expired.plan""")
    digest = json.loads(user.type("crm-bridge plan show expired.plan --json"))["digest"]
    user.type(f"crm-bridge apply expired.plan --confirm {digest}")
    looked, restored = (user.type(command) for command in commands(page))
    assert "planned" in looked
    assert "restored" in restored
    assert "already in the CRM" in user.type(commands(page)[-1])


def test_the_exit_codes_of_a_restore_are_those_of_the_page() -> None:
    for page in ("docs/how-to/restore.md", "docs/zh_CN/how-to/restore.md"):
        assert re.findall(r"^\| (\d+) \|", (ROOT / page).read_text("utf-8"), re.MULTILINE) == ["0", "3", "8", "9"]
