"""Delete one contract, by id or number: python examples/delete_one.py CONNECTION CONTRACT."""

import sys

from crm_bridge import Bridge

with Bridge.open() as bridge:
    print(bridge.connect(sys.argv[1]).delete(sys.argv[2], confirm=lambda plan: input(f"{plan}\n{plan.phrase}\n> ")))
