"""An erasure request: delete everything about one customer, and hand over the receipt.

python examples/erase_customer.py CONNECTION CUSTOMER RECEIPT_FILE

Without a terminal the plan is only shown; run it again with the digest in CONFIRM to carry it out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from crm_bridge import Bridge, CrmBridgeError, Outcome, where


def main(connection: str, customer: str, receipt_file: Path) -> int:
    """Return the exit code of the run, or of the error."""
    with Bridge.open() as bridge:
        crm = bridge.connect(connection)
        plan = crm.plan(where.customer == customer, reason=f"erasure request, {receipt_file.stem}")
        print(plan.summary())
        word = os.environ.get("CONFIRM")
        if word is None:
            print(f"nothing was sent; to carry it out: CONFIRM={plan.digest}")
            return 0
        run = crm.apply(bridge.open_plan(bridge.home / "plans" / f"{word}.plan"), confirm=word)
        for item in run:
            if item.outcome is not Outcome.REMOVED:
                print(f"{item.contract.number}: {item.outcome}, {item.reason}")
        run.receipt().write(receipt_file)
        return run.exit_code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
    except CrmBridgeError as error:
        print(error.message, error.hint, sep="\n", file=sys.stderr)
        sys.exit(error.exit_code)
