"""An erasure request: delete the contracts of one customer, and hand over the receipt.

python examples/erase_customer.py CONNECTION CUSTOMER RECEIPT_FILE

Without CONFIRM in the environment the plan is only shown; run it again with the digest to carry it out.

It does NOT erase everything about a person. It leaves:
- the customer itself, contacts, e-mails, invoices and every other record that is not a contract of this customer;
- contracts that name the customer in another field, or under another name or spelling;
- what the CRM keeps: its bin until it is emptied (`step=Step.PURGE` goes further), audit log, exports, search index;
- our backups, which exist so that a wrong erasure can be undone: `crm-bridge vault shred` destroys their keys;
- numbers, titles and the reason in kept plans (sealed) and ids in the journal, which prove that the erasure was done.
"""

import os
import sys
from pathlib import Path

from crm_bridge import Bridge, CrmBridgeError, where


def main(connection: str, customer: str, receipt_file: Path) -> int:
    """Return the exit code of the run."""
    with Bridge.open() as bridge:
        crm = bridge.connect(connection)
        word = os.environ.get("CONFIRM")
        if word is None:
            plan = crm.plan(where.customer == customer, reason=f"erasure request, {receipt_file.stem}")
            print(plan, f"nothing was sent; to carry it out: CONFIRM={plan.digest}", sep="\n")
            return 0
        run = crm.apply(bridge.home / "plans" / f"{word}.plan", confirm=word)
        for item in run.not_removed:
            print(f"{item.contract.number}: {item.outcome}, {item.reason}")
        run.receipt().write(receipt_file)
        print("Not erased by this: see the first lines of examples/erase_customer.py")
        return run.exit_code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
    except CrmBridgeError as error:
        print(error.message, error.hint, sep="\n", file=sys.stderr)
        sys.exit(error.exit_code)
