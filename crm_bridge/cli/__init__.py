"""The command line: parse, call one method, render.

In reading order:

    main            the entry point
    options         options that every command understands, before or after its name
    selection       which contracts a command means
    commands/       one module per command
    views/          how results look, as JSON and for people
    terminal/       streams, tables, progress, signals
    confirming      how a plan is confirmed at the command line
    asking          asking for secrets on the terminal, without echo
    caps            caps of the policy that one plan sets for itself, as options
    documents/      documents of `--json`: a dataclass for each schema
    examples        two examples of each command, for its help page
    announcing      how a plan is announced
    rehearsing      how a plan is rehearsed at the command line
    restore_choice  the subject of a restore
"""
