"""Naming a transport costs nothing; building one loads the HTTP stack."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ["requests", "urllib3", "cryptography", "keyring", "pydantic", "ssl"]
PROGRAM = f"""
import sys
import crm_bridge.transport, crm_bridge.credentials
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_importing_transport_and_credentials_loads_no_heavy_package() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
