"""Run pip-audit over hashed requirement files, and tell "vulnerable" from "could not ask".

python scripts/audit_report.py PIP_AUDIT FILE...
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any


def ask(pip_audit: str, file: str) -> list[dict[str, Any]] | None:
    """Return what pip-audit says about each package of one file; None when it could not ask at all."""
    options = [
        "--requirement",
        file,
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    done = subprocess.run([pip_audit, *options], capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return found


def report(file: str, packages: Sequence[dict[str, Any]] | None) -> bool:
    """Print a line for the file and one for every finding; say whether it is free of findings."""
    if packages is None:
        print(f"{file}: not audited, the advisories could not be reached")
        return True
    asked = [one for one in packages if "skip_reason" not in one]
    bad = [(one, advisory) for one in asked for advisory in one.get("vulns", ())]
    for one, advisory in bad:
        fixed = ", ".join(advisory.get("fix_versions") or ["none yet"])
        print(f"{file}: {one['name']} {one['version']}: {advisory['id']}, fixed in {fixed}")
    unknown = len(packages) - len(asked)
    print(f"{file}: {len(asked)} packages audited, {len(bad)} advisories, {unknown} not known to the index")
    return not bad


def main() -> int:
    """Audit every file named on the command line."""
    pip_audit, *files = sys.argv[1:]
    clean = [report(file, ask(pip_audit, file)) for file in files]
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
