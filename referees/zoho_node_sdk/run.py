"""Start a Zoho emulator on loopback and run Zoho's Node SDK against it.

    python referees/zoho_node_sdk/run.py

Needs node 18 or newer and npm. Without them, or where npm reaches no registry, it says so and ends with 0: it is part
of `scripts/check`, which has to work there too. The pinned packages are installed on first use.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from crm_bridge.clock import SystemClock
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge_zoho.emulator import ZohoEmulator

HERE = Path(__file__).parent
SECONDS = 300
INSTALL_SECONDS = 120
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH")
"""How npm names a registry that it does not reach; anything else is a failure."""


def install(npm: str) -> str:
    """Install the pinned packages; return why that is not possible here, or nothing. Raises for other failures."""
    if (HERE / "node_modules" / ".package-lock.json").is_file():
        return ""
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"npm did not end within {INSTALL_SECONDS} s"
    told = done.stdout + done.stderr
    if done.returncode and (met := next((one for one in NO_NETWORK if one in told), None)):
        return f"npm reaches no registry ({met})"
    if done.returncode:
        sys.exit(told)
    return ""


def main() -> int:
    """Return the exit code of the Node tests."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("node or npm is not installed: Zoho's Node SDK was not run")
        return 0
    if why := install(npm):
        print(f"{why}: Zoho's Node SDK was not run")
        return 0
    server = SandboxServer()
    emulator = ZohoEmulator(server.base_url, clock=SystemClock(), count=60)
    server.mount(emulator)
    with server:
        environment = {**os.environ, "CRM_BRIDGE_READY": json.dumps(dict(emulator.ready()))}
        done = subprocess.run(
            [node, "--test", "samples.test.mjs"], cwd=HERE, env=environment, check=False, timeout=SECONDS
        )
    calls = len(emulator.ledger())
    print(f"the SDK sent {calls} requests")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
