"""`python -m crm_bridge`: the command line."""

from crm_bridge.cli.main import main

main()
