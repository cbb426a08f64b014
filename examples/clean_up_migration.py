"""After a migration: delete the test contracts that it left behind, but only those that the migration made.

python examples/clean_up_migration.py CONNECTION IDS_FILE [DIGEST]

IDS_FILE has one record id a line, as migration tools log them. The first run makes the plan and prints its digest; a
second run with the digest carries out exactly that plan, however the CRM has changed since. Interrupted? Run it again.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from crm_bridge import Bridge, CrmBridgeError


def main(connection: str, ids_file: Path, digest: str | None) -> int:
    """Return the exit code of the run, or of the error."""
    ids = [line.strip() for line in ids_file.read_text(encoding="utf-8").splitlines() if line.strip()]
    with Bridge.open() as bridge:
        crm = bridge.connect(connection)
        if digest is None:
            plan = crm.plan(ids=ids, reason=f"test data of a migration, {ids_file.name}")
            print(plan.summary())
            print(f"{len(ids) - plan.count} ids were not found")
            return 0
        run = crm.apply(bridge.home / "plans" / f"{digest}.plan", confirm=digest)
        print(Counter(item.outcome.value for item in run))
        print(f"to undo: crm-bridge restore {run.id}")
        return run.exit_code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None))
    except CrmBridgeError as error:
        print(error.message, error.hint, sep="\n", file=sys.stderr)
        sys.exit(error.exit_code)
