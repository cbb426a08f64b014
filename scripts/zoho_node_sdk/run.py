"""Start a Zoho emulator on loopback and run Zoho's Node SDK against it.

    python scripts/zoho_node_sdk/run.py

Needs node 18 or newer and npm; without them it says so and ends with 0. The pinned packages are installed on first use.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from crm_bridge.clock import SystemClock
from crm_bridge.sandbox.server import SandboxServer
from crm_bridge_zoho.emulator import ZohoEmulator

HERE = Path(__file__).parent
SECONDS = 300


def main() -> int:
    """Return the exit code of the Node tests."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("node or npm is not installed: Zoho's Node SDK was not run")
        return 0
    if not (HERE / "node_modules").is_dir():
        subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True, timeout=SECONDS
        )
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
