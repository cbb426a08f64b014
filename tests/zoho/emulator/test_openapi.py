"""What the emulator answers, against Zoho's own OpenAPI files, where a folder with them is named."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = os.environ.get("CRM_BRIDGE_ZOHO_OAS", "")


@pytest.mark.skipif(not FOLDER, reason="CRM_BRIDGE_ZOHO_OAS names no folder with Zoho's OpenAPI files")
@pytest.mark.timeout(300)
def test_every_answer_agrees_with_the_files_or_is_a_listed_exception() -> None:
    environment = {**os.environ, "CRM_BRIDGE_ZOHO_OAS": ""}
    done = subprocess.run(
        [sys.executable, str(ROOT / "referees" / "zoho_openapi.py"), "--oas", FOLDER],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]


def test_every_exception_has_a_reason() -> None:
    table = tomllib.loads((ROOT / "referees" / "zoho_oas" / "exceptions.toml").read_text(encoding="utf-8"))
    assert [one["route"] for one in table["exception"] if len(one["reason"]) < 20] == []
